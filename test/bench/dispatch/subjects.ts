import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { runMigrations, Logger } from 'graphile-worker';
import { Pool } from 'pg';
import { freePort } from '../../../apps/cli/stack/ports';
import { ownEnvironment } from '../../../libs/platform/config/variable';
import { arrive, drained } from './arrivals';
import type { Arrivals, Enqueue } from './arrivals';
import type { Fleets } from './fleets';
import { floorChannel, floorTables } from './floor-tables';
import type { Ground } from './ground';
import type { BenchLab } from './lab';
import type { RobotCredential } from './robot';
import type { FleetReport } from './robots.process';
import { Tally } from './tally';

/** Something that brings queued work to whoever does it. */
export interface Subject {
  readonly name: 'anneal' | 'floor' | 'graphile';
  readonly pool: Pool;
  readonly enqueue: Enqueue;
  /** From now on its jobs count for this tally. */
  listen(tally: Tally): void;
  /** Processes that belong to it alone, beside PostgreSQL. */
  readonly pids: () => readonly number[];
  stop(): Promise<void>;
}

/** One measurement: jobs arrive, are done, and everything is counted. */
export async function measure(subject: Subject, arrivals: Arrivals): Promise<{ tally: Tally; seconds: number }> {
  const tally = new Tally();
  subject.listen(tally);
  const seconds = await arrive(subject.pool, subject.enqueue, arrivals, tally);
  await drained(tally, 30_000);
  return { tally, seconds };
}

/** The product: its own function queues, its api serves, credential, events and choosing included. */
export function anneal(ground: Ground, lab: BenchLab, fleets: Fleets): Subject {
  return {
    name: 'anneal',
    pool: ground.pool,
    enqueue: (client, key) => lab.queue(client, key, 1),
    listen: (tally) => fleets.listen('anneal', tally),
    pids: () => [ground.supervisor.pids()['api'] as number, fleets.pid],
    stop: async () => fleets.close('anneal'),
  };
}

/** The bare floor: insert, notify, claim, and the same robots with the same three calls. */
export async function floor(ground: Ground, fleets: Fleets, robots: readonly RobotCredential[]): Promise<Subject> {
  const pool = new Pool({ connectionString: ground.besideUrl, max: ground.pool.options.max });
  pool.on('error', () => undefined);
  await pool.query(floorTables);
  const port = await freePort();
  await ground.supervisor.start({
    name: 'floor',
    command: process.execPath,
    args: [join(__dirname, 'floor.process.js'), ground.besideUrl, String(port)],
    env: ownEnvironment(),
    ready: 'line',
    readyWithinMs: 20_000,
  });
  fleets.open('floor', { url: `http://127.0.0.1:${port}`, robots });
  const text = `with made as (insert into floor_job (key) values ($1) returning id)
    select pg_notify('${floorChannel}', id::text) from made`;
  return {
    name: 'floor',
    pool,
    enqueue: async (client, key) => void (await client.query({ name: 'queue', text, values: [key] })),
    listen: (tally) => fleets.listen('floor', tally),
    pids: () => [ground.supervisor.pids()['floor'] as number, fleets.pid],
    stop: async () => {
      fleets.close('floor');
      await pool.end();
    },
  };
}

/** graphile-worker, LISTEN and poll as they come. */
export async function graphile(ground: Ground, concurrency: number): Promise<Subject> {
  await runMigrations({ connectionString: ground.besideUrl, logger: new Logger(() => () => undefined) });
  const pool = new Pool({ connectionString: ground.besideUrl, max: ground.pool.options.max });
  pool.on('error', () => undefined);
  const child = fork(join(__dirname, 'graphile.process.js'), [ground.besideUrl, String(concurrency)], {
    serialization: 'advanced',
  });
  let listening = new Tally();
  await once(child, 'message');
  child.on('message', ({ jobs }: FleetReport) => listening.done(jobs));
  const text = `select graphile_worker.add_job('bench', json_build_object('key', $1::text))`;
  return {
    name: 'graphile',
    pool,
    enqueue: async (client, key) => void (await client.query({ name: 'queue', text, values: [key] })),
    listen: (tally) => (listening = tally),
    pids: () => [child.pid as number],
    stop: async () => {
      const exited = once(child, 'exit');
      child.disconnect();
      await exited;
      await pool.end();
    },
  };
}
