import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { RobotCredential } from './robot';
import type { FleetOrder, FleetReport } from './robots.process';
import type { Tally } from './tally';

/** Robots of several fleets in one process of their own, each robot with its own connection and credential. */
export class Fleets {
  private readonly tallies = new Map<string, Tally>();

  private constructor(private readonly child: ChildProcess) {
    child.on('message', (report: FleetReport) => this.hear(report));
  }

  /** Starts the process. */
  static async start(): Promise<Fleets> {
    const child = fork(join(__dirname, 'robots.process.js'), [], { serialization: 'advanced' });
    await once(child, 'message');
    return new Fleets(child);
  }

  get pid(): number {
    return this.child.pid as number;
  }

  /** Lets robots poll a server; what they do goes to the tally that listens last. */
  open(
    fleet: string,
    at: { readonly url: string; readonly robots: readonly RobotCredential[]; readonly workMs?: number },
  ): void {
    const { url, robots, workMs = 0 } = at;
    this.child.send({ order: 'open', fleet, url, robots, workMs } satisfies FleetOrder);
  }

  /** Robots of a fleet hang up. */
  close(fleet: string): void {
    this.child.send({ order: 'close', fleet } satisfies FleetOrder);
  }

  /** From now on a fleet's jobs count for this tally. */
  listen(fleet: string, tally: Tally): void {
    this.tallies.set(fleet, tally);
  }

  /** How many polls of all fleets were answered so far. */
  async polls(): Promise<number> {
    this.child.send({ order: 'count-polls' } satisfies FleetOrder);
    for (;;) {
      const [{ polls }] = (await once(this.child, 'message')) as [FleetReport];
      if (polls !== undefined) return polls;
    }
  }

  /** Ends the process. */
  async stop(): Promise<void> {
    const exited = once(this.child, 'exit');
    this.child.disconnect();
    await exited;
  }

  private hear({ fleet, jobs, troubles }: FleetReport): void {
    const tally = this.tallies.get(fleet);
    tally?.done(jobs);
    tally?.trouble(troubles);
  }
}
