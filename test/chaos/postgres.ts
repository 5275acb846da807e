import { parseArgs } from 'node:util';
import type { Counted } from './postgres/count';
import { count } from './postgres/count';
import type { StageRun } from './postgres/stage-runs';
import { StageRuns } from './postgres/stage-runs';
import type { Stand } from './postgres/stand';
import { openStand } from './postgres/stand';
import { rhythms, Tormentor } from './postgres/tormentor';

/** What one run came to. */
interface StormFigures extends Omit<Counted, 'findings'> {
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

/**
 * The counts of the strictest published suite of a durable engine (DBOS, chaos tests: PostgreSQL killed every 5–20 s, away 0–5 s,
 * 5,000 workflows), with 5,000 device results beside them: Build stages of one device job each run through the shipped worker and api
 * and robots over HTTP while PostgreSQL (a cluster of its own, fsync on) and the worker are killed; Temporal stays.
 *
 * `npm run chaos -- postgres [--workflows 5000] [--open 150] [--robots 12] [--seed 1] [--keep]`. All right means: every workflow
 * completed once with its result, every device result is in PostgreSQL once and word for word, was acknowledged to its robot once and
 * triggered once, and the outbox is empty. Prints one JSON line at the end and exits 1 otherwise.
 */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      workflows: { type: 'string', default: '5000' },
      open: { type: 'string', default: '150' },
      robots: { type: 'string', default: '12' },
      seed: { type: 'string', default: '1' },
      keep: { type: 'boolean', default: false },
    },
  });
  const began = performance.now();
  const say = (line: string): void =>
    void process.stderr.write(`${((performance.now() - began) / 1_000).toFixed(1)} s: ${line}\n`);
  const stand = await openStand(Number(values.robots), say);
  try {
    const size = { workflows: Number(values.workflows), open: Number(values.open) };
    const { findings, ...figures } = await storm(stand, size, values.seed, say);
    for (const finding of findings) say(finding);
    process.stdout.write(`${JSON.stringify(figures)}\n`);
    const { workflows, completed, results, doubled, lost } = figures;
    process.exitCode = completed === workflows && results === workflows && doubled + lost === 0 ? 0 : 1;
  } finally {
    await stand.close(values.keep);
  }
}

async function storm(
  stand: Stand,
  size: { readonly workflows: number; readonly open: number },
  seed: string,
  say: (line: string) => void,
): Promise<StormFigures & Pick<Counted, 'findings'>> {
  const { postgres, worker, robots, pool, client } = stand;
  let working = true;
  const work = Promise.all(robots.map((robot) => robot.work(() => working)));
  const tormentors = [
    new Tormentor(postgres, rhythms.postgres, seed, say),
    new Tormentor(worker, rhythms.worker, seed, say),
  ] as const;
  const began = performance.now();
  for (const tormentor of tormentors) tormentor.start();
  const runs = await runAll(stand, size, say);
  const seconds = (performance.now() - began) / 1_000;
  for (const tormentor of tormentors) await tormentor.stop();
  const counted = await count(pool, client, runs, robots);
  working = false;
  await work;
  const [ofPostgres, ofWorker] = tormentors;
  return {
    workflows: size.workflows,
    ...counted,
    postgresKills: postgres.kills,
    postgresAwaySeconds: round(ofPostgres.awayMs / 1_000),
    workerKills: worker.kills,
    workerAwaySeconds: round(ofWorker.awayMs / 1_000),
    seconds: round(seconds),
    workflowsPerSecond: round(runs.length / seconds),
    workflowSeconds: durationsOf(runs),
    seed,
  };
}

/** Keeps so many workflows open until all have been run. */
async function runAll(
  { pool, client, installation }: Stand,
  size: { readonly workflows: number; readonly open: number },
  say: (line: string) => void,
): Promise<StageRun[]> {
  const stages = new StageRuns(pool, client, installation, 'anneal');
  const done: StageRun[] = [];
  let next = 1;
  const lane = async (): Promise<void> => {
    while (next <= size.workflows) {
      done.push(await stages.run(`storm-${next++}`));
      if (done.length % 100 === 0) say(`${done.length} of ${size.workflows} workflows are over`);
    }
  };
  await Promise.all(Array.from({ length: Math.min(size.open, size.workflows) }, lane));
  return done;
}

function durationsOf(runs: readonly StageRun[]): StormFigures['workflowSeconds'] {
  const sorted = runs.map(({ ms }) => ms / 1_000).sort((a, b) => a - b);
  const at = (share: number): number =>
    round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
  return { p50: at(0.5), p99: at(0.99), most: at(1) };
}

const round = (value: number): number => Number(value.toFixed(1));

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(1);
});
