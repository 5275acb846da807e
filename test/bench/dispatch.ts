import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { measureBacklog } from './dispatch/backlog';
import { Comparison } from './dispatch/comparison';
import { Fleets } from './dispatch/fleets';
import { openGround, say } from './dispatch/ground';
import type { Ground } from './dispatch/ground';
import { BenchLab } from './dispatch/lab';
import { overloadRate } from './dispatch/overload';
import { anneal, floor, graphile } from './dispatch/subjects';

const overloadRobots = [1, 50, 500, 2_000];

/**
 * From a job that is ready to the robot that holds it. Robots poll the api over kept-alive HTTP, each its own device and
 * credential; jobs arrive open-loop and are queued by the product's own function on a PostgreSQL that syncs to disk.
 *
 * `readyToRobotMs`: from the moment the COMMIT of the queuing transaction is sent until the robot has read the answer with the
 * leased job. Beside it `fromCallMs` (from before that transaction begins) and `fromCommittedMs` (from the COMMIT's answer).
 * In the same run, in turn round by round: the bare floor (insert + notify + claim, the same robots making the same three
 * calls, each one UPDATE: no credential, events or choosing) and graphile-worker (add_job to the start of its task).
 *
 * Options: `--rate 200 --robots 200 --seconds 6 --rounds 5 --concurrency 10 --backlog 100000 --skip-overload --skip-backlog
 * --api-node-option …` (given to the api's Node, e.g. `--cpu-prof`). Prints a line of JSON per part, everything in the last.
 */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rate: { type: 'string', default: '200' },
      robots: { type: 'string', default: '200' },
      seconds: { type: 'string', default: '6' },
      rounds: { type: 'string', default: '5' },
      concurrency: { type: 'string', default: '10' },
      backlog: { type: 'string', default: '100000' },
      'skip-overload': { type: 'boolean', default: false },
      'skip-backlog': { type: 'boolean', default: false },
      'api-node-option': { type: 'string', multiple: true, default: [] },
    },
  });
  const ground = await openGround(values['api-node-option']);
  const fleets = await Fleets.start();
  try {
    const bench = new DispatchBench(ground, fleets, await BenchLab.open(ground.pool));
    const [robots, rate] = [Number(values.robots), Number(values.rate)];
    const [seconds, rounds] = [Number(values.seconds), Number(values.rounds)];
    await bench.compare({ robots, rate, seconds, rounds, concurrency: Number(values.concurrency) });
    if (!values['skip-overload']) await bench.overload();
    if (!values['skip-backlog']) await bench.backlog({ robots, rate, seconds, jobs: Number(values.backlog) });
    bench.conclude();
  } finally {
    await fleets.stop();
    await ground.stop();
  }
}

class DispatchBench {
  private readonly figures: Record<string, unknown> = {};
  private lost = 0;
  private doubled = 0;

  constructor(
    private readonly ground: Ground,
    private readonly fleets: Fleets,
    private readonly lab: BenchLab,
  ) {}

  async compare(size: {
    readonly robots: number;
    readonly rate: number;
    readonly seconds: number;
    readonly rounds: number;
    readonly concurrency: number;
  }): Promise<void> {
    say(`${size.robots} robots, ${size.rate} jobs/s, ${size.rounds} rounds of ${size.seconds} s each in turn`);
    const robots = await this.lab.robots(size.robots, 'arm');
    this.fleets.open('anneal', { url: this.ground.apiUrl, robots });
    const subjects = [
      anneal(this.ground, this.lab, this.fleets),
      await floor(this.ground, this.fleets, robots),
      await graphile(this.ground, size.concurrency),
    ];
    const comparison = new Comparison(this.ground, subjects);
    await comparison.run(size);
    this.note(comparison.figures(), comparison);
    for (const subject of subjects) await subject.stop();
    await this.ground.supervisor.stopOne('floor');
  }

  async overload(): Promise<void> {
    const rates: Record<string, number> = {};
    const robots = await this.lab.robots(Math.max(...overloadRobots), 'crowd');
    for (const count of overloadRobots) {
      const found = await overloadRate(this.ground, this.lab, this.fleets, robots.slice(0, count));
      rates[String(count)] = found.jobsPerSecond;
      this.note({}, found);
    }
    this.note({ overloadJobsPerSecond: rates });
  }

  async backlog(size: {
    readonly robots: number;
    readonly rate: number;
    readonly seconds: number;
    readonly jobs: number;
  }): Promise<void> {
    const found = await measureBacklog(this.ground, this.lab, this.fleets, size);
    this.note({ queue100k: found.figures }, found);
  }

  conclude(): void {
    const all = { ...this.figures, lost: this.lost, doubled: this.doubled, cores: cpus().length };
    process.stdout.write(`${JSON.stringify(all)}\n`);
  }

  private note(figures: Record<string, unknown>, counted?: { readonly lost: number; readonly doubled: number }): void {
    Object.assign(this.figures, figures);
    this.lost += counted?.lost ?? 0;
    this.doubled += counted?.doubled ?? 0;
    if (Object.keys(figures).length > 0) process.stdout.write(`${JSON.stringify(figures)}\n`);
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
});
