import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { Pool } from 'pg';
import { nodeProcess } from '../../apps/cli/stack/anneal-processes';
import { startStack } from '../../apps/cli/stack/stack';
import type { Stack } from '../../apps/cli/stack/stack';
import { ensureActor, ensureInstallation } from '../../db/seed';
import { ownEnvironment } from '../../libs/platform/config/variable';
import { LoopLab } from './loop-campaigns';
import type { LoopRobot, StepSeen } from './loop-robot';

type Mode = 'blocks' | 'paced' | 'single';

/** Eight robots that work so long do about 100 steps a second. */
const pacedWorkMs = 62;

/** What one measurement found. */
interface LoopFigures {
  readonly workflows: number;
  readonly stepsEach: number;
  readonly robots: number;
  readonly seconds: number;
  readonly stepsPerSecond: number;
  /** From a robot's acknowledged outcome to the same workflow's next lease, ms. */
  readonly gapMs: { readonly p50: number; readonly p95: number; readonly p99: number };
  /** Busy share of the machine's cores meanwhile, everything included. */
  readonly busy: number;
}

/**
 * The whole loop: PostgreSQL (fsync on), Temporal, worker, api and robots on this machine; workflows of plain steps in blocks.
 * Three ways: as fast as it goes in blocks; in blocks with robots that work, about 100 steps/s in all; one step at a time.
 * Options: `--workflows 8 --steps 50 --robots 8 --repeats 3`. Prints one line of JSON per repeat, the medians last.
 */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      workflows: { type: 'string', default: '8' },
      steps: { type: 'string', default: '50' },
      robots: { type: 'string', default: '8' },
      repeats: { type: 'string', default: '3' },
    },
  });
  const [workflows, steps, robots, repeats] = [values.workflows, values.steps, values.robots, values.repeats].map(
    Number,
  );
  const dataDir = mkdtempSync(join(tmpdir(), 'anneal-loop-'));
  const stack = await startStack({
    dataDir,
    env: { LOG_LEVEL: 'warn', ...ownEnvironment() },
    say: (line) => void process.stderr.write(`${line}\n`),
    processes: (context) => [
      nodeProcess(context, 'api', { API_HOST: '127.0.0.1', API_PORT: String(context.ports.api) }),
      nodeProcess(context, 'worker', {}),
    ],
  });
  try {
    const bench = new Loop(stack, { workflows: workflows ?? 8, steps: steps ?? 50, robots: robots ?? 8 });
    await bench.run(repeats ?? 3);
  } finally {
    await stack.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

class Loop {
  private readonly pool: Pool;

  constructor(
    private readonly stack: Stack,
    private readonly size: { readonly workflows: number; readonly steps: number; readonly robots: number },
  ) {
    this.pool = new Pool({ connectionString: stack.state().databaseUrl, max: 4 });
    this.pool.on('error', () => undefined);
  }

  async run(repeats: number): Promise<void> {
    const { apiUrl, temporalAddress, temporalNamespace: namespace } = this.stack.state();
    const installation = await ensureInstallation(this.pool, { clockMode: 'virtual' });
    const { tenantId } = installation;
    const actorId = await ensureActor(this.pool, { tenantId, kind: 'person', name: 'loop', roles: ['ops'] });
    const lab = new LoopLab(this.pool, installation, actorId);
    const robots = await lab.open(apiUrl, this.size.robots);
    const connection = await Connection.connect({ address: temporalAddress });
    const client = new Client({ connection, namespace });
    let running = true;
    const working = Promise.all(robots.map((robot) => robot.work(() => running)));
    const broken = working.then(() => new Promise<never>(() => undefined));
    const measure = async (mode: Mode): Promise<LoopFigures> => {
      const figures: LoopFigures[] = [];
      for (const robot of robots) robot.workMs = mode === 'paced' ? pacedWorkMs : 0;
      for (let repeat = 1; repeat <= repeats; repeat++) {
        const found = await Promise.race([broken, this.once(lab, client, robots, { name: `${mode}${repeat}`, mode })]);
        figures.push(found);
        process.stdout.write(`${JSON.stringify({ mode, ...found })}\n`);
      }
      return figures.sort((a, b) => a.stepsPerSecond - b.stepsPerSecond)[Math.floor(repeats / 2)] as LoopFigures;
    };
    // Not counted: code is compiled, caches and plans are made.
    await Promise.race([broken, this.once(lab, client, robots, { name: 'warm', mode: 'blocks', steps: 20 })]);
    const blocks = await measure('blocks');
    const paced = await measure('paced');
    const single = await measure('single');
    running = false;
    await working;
    await connection.close();
    await this.pool.end();
    const named = {
      blocksStepsPerSecond: blocks.stepsPerSecond,
      blocksGapMsP50: blocks.gapMs.p50,
      pacedStepsPerSecond: paced.stepsPerSecond,
      pacedGapMsP50: paced.gapMs.p50,
      pacedGapMsP99: paced.gapMs.p99,
      singleStepsPerSecond: single.stepsPerSecond,
      singleGapMsP50: single.gapMs.p50,
      workflows: this.size.workflows,
      busy: { blocks: blocks.busy, paced: paced.busy, single: single.busy },
      cores: cpus().length,
    };
    process.stdout.write(`${JSON.stringify(named)}\n`);
  }

  private async once(
    lab: LoopLab,
    client: Client,
    robots: readonly LoopRobot[],
    run: { readonly name: string; readonly mode: Mode; readonly steps?: number },
  ): Promise<LoopFigures> {
    const steps = run.steps ?? this.size.steps;
    const how = run.mode === 'single' ? 'single' : 'blocks';
    const inputs = [];
    for (let index = 1; index <= this.size.workflows; index++)
      inputs.push(await lab.campaign(`${run.name}-${index}`, steps, how));
    for (const robot of robots) robot.steps.length = 0;
    const before = cpuTimes();
    await Promise.all(inputs.map((input) => lab.run(client, 'anneal', input)));
    const after = cpuTimes();
    const seen = robots.flatMap((robot) => robot.steps);
    if (seen.length !== steps * this.size.workflows) throw new Error(`${seen.length} steps were done`);
    return figuresOf(seen, { ...this.size, steps }, (after.busy - before.busy) / (after.all - before.all));
  }
}

function figuresOf(
  seen: readonly StepSeen[],
  size: { readonly workflows: number; readonly steps: number; readonly robots: number },
  busy: number,
): LoopFigures {
  const first = Math.min(...seen.map(({ leasedAt }) => leasedAt));
  const last = Math.max(...seen.map(({ settledAt }) => settledAt));
  const seconds = (last - first) / 1_000;
  const gaps = gapsOf(seen);
  const at = (share: number): number => round(gaps[Math.min(gaps.length - 1, Math.floor(gaps.length * share))] ?? 0, 1);
  return {
    workflows: size.workflows,
    stepsEach: size.steps,
    robots: size.robots,
    seconds: round(seconds, 2),
    stepsPerSecond: round(seen.length / seconds, 1),
    gapMs: { p50: at(0.5), p95: at(0.95), p99: at(0.99) },
    busy: round(busy, 2),
  };
}

/** Waits between one step and the next of the same workflow, shortest first. */
function gapsOf(seen: readonly StepSeen[]): number[] {
  const byCampaign = new Map<string, StepSeen[]>();
  for (const step of seen) byCampaign.set(step.campaign, [...(byCampaign.get(step.campaign) ?? []), step]);
  const gaps: number[] = [];
  for (const steps of byCampaign.values()) {
    steps.sort((a, b) => a.leasedAt - b.leasedAt);
    steps.slice(1).forEach((step, index) => gaps.push(step.leasedAt - (steps[index] as StepSeen).settledAt));
  }
  return gaps.sort((a, b) => a - b);
}

function cpuTimes(): { busy: number; all: number } {
  const times = cpus().map((cpu) => cpu.times);
  const sum = (pick: (time: (typeof times)[number]) => number): number =>
    times.reduce((total, time) => total + pick(time), 0);
  const all = sum(({ user, nice, sys, idle, irq }) => user + nice + sys + idle + irq);
  return { busy: all - sum(({ idle }) => idle), all };
}

const round = (value: number, digits: number): number => Number(value.toFixed(digits));

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
});
