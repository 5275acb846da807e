import type { Counted } from './count';
import { count } from './count';
import type { StageRun } from './stage-runs';
import { StageRuns } from './stage-runs';
import type { Stand } from './stand';
import type { Rhythm } from './tormentor';
import { Tormentor } from './tormentor';

/** How many workflows, how many of them at once, and how often what is killed. */
export interface StormPlan {
  readonly workflows: number;
  readonly open: number;
  readonly seed: string;
  readonly rhythms: { readonly postgres: Rhythm; readonly worker: Rhythm };
}

/** What one run came to. */
export interface StormFigures extends Omit<Counted, 'findings'> {
  readonly workflows: number;
  readonly postgresKills: number;
  readonly postgresAwaySeconds: number;
  readonly workerKills: number;
  readonly workerAwaySeconds: number;
  readonly seconds: number;
  readonly workflowsPerSecond: number;
  /** From a workflow's start to its end, s. */
  readonly workflowSeconds: { readonly p50: number; readonly p99: number; readonly most: number };
  readonly seed: string;
}

/** Runs workflows while PostgreSQL and the worker are killed; counts when both are back for good. */
export async function storm(
  stand: Stand,
  plan: StormPlan,
  say: (line: string) => void,
): Promise<StormFigures & Pick<Counted, 'findings'>> {
  const { postgres, worker, robots, pool, client } = stand;
  let working = true;
  const work = Promise.all(robots.map((robot) => robot.work(() => working)));
  const tormentors = [
    new Tormentor(postgres, plan.rhythms.postgres, plan.seed, say),
    new Tormentor(worker, plan.rhythms.worker, plan.seed, say),
  ] as const;
  const began = performance.now();
  for (const tormentor of tormentors) tormentor.start();
  const runs = await runAll(stand, plan, say);
  const seconds = (performance.now() - began) / 1_000;
  for (const tormentor of tormentors) await tormentor.stop();
  const counted = await count(pool, client, runs, robots);
  working = false;
  await work;
  const [ofPostgres, ofWorker] = tormentors;
  return {
    workflows: plan.workflows,
    ...counted,
    postgresKills: postgres.kills,
    postgresAwaySeconds: round(ofPostgres.awayMs / 1_000),
    workerKills: worker.kills,
    workerAwaySeconds: round(ofWorker.awayMs / 1_000),
    seconds: round(seconds),
    workflowsPerSecond: round(runs.length / seconds),
    workflowSeconds: durationsOf(runs),
    seed: plan.seed,
  };
}

/** Keeps so many workflows open until all have been run. */
async function runAll(
  { pool, client, installation }: Stand,
  plan: StormPlan,
  say: (line: string) => void,
): Promise<StageRun[]> {
  const stages = new StageRuns(pool, client, installation, 'anneal');
  const done: StageRun[] = [];
  let next = 1;
  const lane = async (): Promise<void> => {
    while (next <= plan.workflows) {
      done.push(await stages.run(`storm-${next++}`));
      if (done.length % 100 === 0) say(`${done.length} of ${plan.workflows} workflows are over`);
    }
  };
  await Promise.all(Array.from({ length: Math.min(plan.open, plan.workflows) }, lane));
  return done;
}

function durationsOf(runs: readonly StageRun[]): StormFigures['workflowSeconds'] {
  const sorted = runs.map(({ ms }) => ms / 1_000).sort((a, b) => a - b);
  const at = (share: number): number =>
    round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
  return { p50: at(0.5), p99: at(0.99), most: at(1) };
}

const round = (value: number): number => Number(value.toFixed(1));
