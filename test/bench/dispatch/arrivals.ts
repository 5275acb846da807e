import { setTimeout as pause } from 'node:timers/promises';
import type { Pool, PoolClient } from 'pg';
import { generatorFor } from '../../../libs/random/generator';
import { machineMs } from './clock';
import type { Tally } from './tally';

/** Jobs that arrive whether or not the lab keeps up. */
export interface Arrivals {
  readonly ratePerSecond: number;
  readonly seconds: number;
  /** First part of every job's key; unique. */
  readonly name: string;
}

/** Puts one job into a queue, within the caller's transaction. */
export type Enqueue = (client: PoolClient, key: string) => Promise<void>;

/**
 * Queues jobs at times drawn beforehand (Poisson, seeded by the name), each in its own transaction; a late producer does
 * not slow the arrivals. @returns seconds from the first arrival to the last commit
 */
export async function arrive(pool: Pool, enqueue: Enqueue, arrivals: Arrivals, tally: Tally): Promise<number> {
  const draw = generatorFor('arrivals', arrivals.name);
  const began = machineMs();
  const until = began + arrivals.seconds * 1_000;
  const queuing: Promise<void>[] = [];
  for (let at = began, n = 1; ; n++) {
    at += (-Math.log(1 - draw.uniform()) / arrivals.ratePerSecond) * 1_000;
    if (at >= until) break;
    const waitMs = at - machineMs();
    if (waitMs > 0.5) await pause(waitMs);
    queuing.push(queueOne(pool, enqueue, `${arrivals.name}/${n}`, tally));
  }
  await Promise.all(queuing);
  return (machineMs() - began) / 1_000;
}

async function queueOne(pool: Pool, enqueue: Enqueue, key: string, tally: Tally): Promise<void> {
  const client = await pool.connect();
  try {
    const calledAt = machineMs();
    await client.query('begin');
    await enqueue(client, key);
    const readyAt = machineMs();
    await client.query('commit');
    tally.add({ key, calledAt, readyAt, committedAt: machineMs() });
  } finally {
    client.release();
  }
}

/** Waits until every queued job was done, at most so long. */
export async function drained(tally: Tally, withinMs: number): Promise<void> {
  const until = machineMs() + withinMs;
  while (tally.open > 0 && machineMs() < until) await pause(50);
  // Whatever is done twice is told within two reports.
  await pause(250);
}
