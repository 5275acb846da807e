import { setTimeout as pause } from 'node:timers/promises';
import type { Fleets } from './fleets';
import { say } from './ground';
import type { Ground } from './ground';
import type { BenchLab } from './lab';
import { percentiles, rounded } from './percentiles';
import { anneal, measure } from './subjects';
import { Tally } from './tally';

/** Share of the robots' time: each moves so long, so that a queue that never empties leaves the machine some air. */
const workMs = 1_000;
const drainRobots = 100;

/** What a deep queue costs. */
export interface BacklogFound {
  readonly figures: Record<string, unknown>;
  readonly lost: number;
  readonly doubled: number;
}

/**
 * Jobs of the robots' own capability, deep in the queue. First they belong to paused campaigns, so that robots must look past
 * them for the jobs that arrive: p50 and p99 as in the main measurement. Then the campaigns run, 100 robots that move
 * for a second each take from the whole depth, and what a call costs that finds work at once is the claim.
 */
export async function measureBacklog(
  ground: Ground,
  lab: BenchLab,
  fleets: Fleets,
  size: { readonly robots: number; readonly rate: number; readonly seconds: number; readonly jobs: number },
): Promise<BacklogFound> {
  const began = performance.now();
  const robots = await lab.robots(size.robots, 'backlog');
  const campaigns = await lab.queueMany(size.jobs, 3);
  await lab.setStatus(campaigns, 'paused');
  await ground.pool.query('analyze');
  const fillSeconds = (performance.now() - began) / 1_000;
  say(`${size.jobs} jobs queued in ${Math.round(fillSeconds)} s`);
  fleets.open('anneal', { url: ground.apiUrl, robots });
  const subject = anneal(ground, lab, fleets);
  const arrivals = { name: 'backlog-paused', ratePerSecond: size.rate, seconds: size.seconds };
  const { tally } = await measure(subject, arrivals);
  const ready = percentiles(tally.latencies().map(({ fromReady }) => fromReady));
  await subject.stop();
  const claims = await drainSome(ground, lab, fleets, {
    campaigns,
    robots: robots.slice(0, drainRobots),
    seconds: size.seconds,
  });
  return {
    figures: {
      ...{ jobs: size.jobs, jobsPerSecond: size.rate, p50: ready.p50, p99: ready.p99 },
      ...{ claimMsP50: claims.claim.p50, claimMsP99: claims.claim.p99, claimsPerSecond: claims.perSecond },
      queuedPerSecond: rounded(size.jobs / fillSeconds, 0),
    },
    lost: tally.open,
    doubled: tally.doubled + claims.doubled,
  };
}

async function drainSome(
  ground: Ground,
  lab: BenchLab,
  fleets: Fleets,
  from: {
    readonly campaigns: readonly string[];
    readonly robots: Awaited<ReturnType<BenchLab['robots']>>;
    readonly seconds: number;
  },
) {
  const tally = new Tally();
  fleets.listen('anneal', tally);
  await lab.setStatus(from.campaigns, 'running');
  fleets.open('anneal', { url: ground.apiUrl, robots: from.robots, workMs });
  await pause(from.seconds * 1_000);
  await lab.setStatus(from.campaigns, 'paused');
  await pause(workMs + 500);
  fleets.close('anneal');
  const jobs = tally.jobs();
  const claim = percentiles(jobs.map(({ askedAt, heldAt }) => heldAt - askedAt));
  return { claim, perSecond: rounded(jobs.length / from.seconds, 0), doubled: tally.doubled };
}
