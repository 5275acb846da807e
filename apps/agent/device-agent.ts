import type { LeasedJob } from '../../libs/device/job';
import type { DeviceAdapter } from './adapters/adapter';
import type { Deadlines } from './adapters/deadlines';
import { withDeadlines } from './adapters/deadlines';
import type { DeviceStatus } from './agent-status';
import { statusOf } from './agent-status';
import { ApiRefusal } from './api-refusal';
import type { BufferedFiles } from './buffered-files';
import type { DeviceApi } from './device-api';
import { DispatchWork } from './dispatch-work';
import { Heartbeats } from './heartbeats';
import type { Journal } from './journal';
import type { Log } from './log';
import { Backoff } from './pause';
import type { AgentClock } from './ports';
import { Readiness } from './readiness';
import { Settlement } from './settlement';

/** What an agent of one device is made of. */
export interface DeviceAgentParts {
  readonly code: string;
  readonly api: DeviceApi;
  readonly adapter: DeviceAdapter;
  readonly journal: Journal;
  readonly buffer: BufferedFiles;
  readonly clock: AgentClock;
  readonly log: Log;
  readonly longPollMs: number;
  readonly heartbeatMs: number;
  /** How long a stop may go on reporting what is done, ms; 10 s. */
  readonly stopWithinMs?: number;
  /** How long a result may wait for the api before that is an error, ms; 72 h. It is kept in any case. */
  readonly bufferForMs?: number;
  readonly deadlines?: Deadlines;
  /** Says why results of further work could not be kept; undefined when there is room. */
  readonly room?: () => Promise<string | undefined>;
  /** Called between two jobs, for chores such as the rotation of the credential; it never fails. */
  readonly betweenJobs?: () => Promise<void>;
}

const [firstPauseMs, longestPauseMs] = [100, 5_000];
const obstaclePauseMs = 5_000;
const selfTestPauseMs = 60_000;
const hoursMs = 3_600_000;

/** Works for one device: finds out what was left open, then asks for work, does it and reports it, one dispatch at a time. */
export class DeviceAgent {
  private readonly stopping = new AbortController();
  private readonly ended = new AbortController();
  private readonly dispatches: DispatchWork;
  private readonly readiness: Readiness;
  private reason: string | undefined = 'starting';

  constructor(private readonly parts: DeviceAgentParts) {
    const { api, journal, buffer, clock, log, heartbeatMs, bufferForMs = 72 * hoursMs } = parts;
    const adapter = withDeadlines(parts.adapter, clock, parts.deadlines);
    const heartbeats = new Heartbeats({ api, clock, log, heartbeatMs });
    const [stopping, ended] = [this.stopping.signal, this.ended.signal];
    const settlement = new Settlement({ api, adapter, journal, buffer, heartbeats, clock, log, bufferForMs, ended });
    this.dispatches = new DispatchWork({ api, adapter, journal, heartbeats, settlement, clock, log, stopping, ended });
    this.readiness = new Readiness({ api, adapter, log, room: parts.room ?? (() => Promise.resolve(undefined)) });
  }

  /** Finds out what became of work that was open, then works until `stop`. @throws Error when the journal cannot be written */
  async run(): Promise<void> {
    const { journal, log } = this.parts;
    try {
      log('info', `found ${JSON.stringify(this.status)}`);
      for (const entry of journal.open) await this.busy(entry.id, () => this.dispatches.recover(entry));
      await this.sweep();
      const backoff = this.backoff();
      while (!this.isStopping) await this.turn(backoff);
    } finally {
      this.reason = 'stopped';
      this.ended.abort();
    }
  }

  /**
   * Ends the work: an unstarted lease is given back, what is done is reported for `stopWithinMs` more, the instrument is left
   * alone and goes on by itself.
   */
  stop(): void {
    if (this.isStopping) return;
    this.stopping.abort();
    const { clock, stopWithinMs = 10_000 } = this.parts;
    void clock.pause(stopWithinMs, this.ended.signal).then(() => this.ended.abort());
  }

  /** What the agent has at hand at this moment. */
  get status(): DeviceStatus {
    const { code: device, journal, buffer } = this.parts;
    const reason = this.isStopping ? 'stopping' : this.reason;
    return statusOf({ device, journal, buffer, unclear: this.dispatches.unclear, reason });
  }

  private get isStopping(): boolean {
    return this.stopping.signal.aborted;
  }

  /** One request for work and what follows from it, or the wait until one makes sense. */
  private async turn(backoff: Backoff): Promise<void> {
    await this.dispatches.lookAgain();
    await this.parts.betweenJobs?.();
    const obstacle = await this.readiness.obstacle();
    this.say(obstacle);
    if (obstacle) return this.parts.clock.pause(obstaclePauseMs, this.stopping.signal);
    if (this.isStopping) return;
    const job = await this.lease(backoff);
    if (job) await this.busy(job.dispatchId, () => this.dispatches.work(job));
  }

  private async lease(backoff: Backoff): Promise<LeasedJob | undefined> {
    try {
      const job = await this.parts.api.lease(this.parts.longPollMs, this.stopping.signal);
      backoff.reset();
      return job;
    } catch (error) {
      if (this.isStopping) return undefined;
      if (error instanceof ApiRefusal && error.members['selfTest'] === true) await this.prove(error);
      else await this.waitOut(error, backoff);
      return undefined;
    }
  }

  private async waitOut(error: unknown, backoff: Backoff): Promise<void> {
    this.say(`no answer to the request for work: ${String(error)}`);
    await backoff.wait();
  }

  private async prove(refusal: ApiRefusal): Promise<void> {
    this.reason = 'self-test';
    const told = await this.readiness.prove(refusal).catch((error: unknown) => `self-test not told: ${String(error)}`);
    this.say(told);
    if (!told.startsWith('self-test passed')) await this.parts.clock.pause(selfTestPauseMs, this.stopping.signal);
  }

  private async busy(dispatchId: string, act: () => Promise<void>): Promise<void> {
    this.reason = `at work on ${dispatchId}`;
    await act();
    this.reason = undefined;
  }

  /** Keeps why no work is taken, and logs it when it changes. */
  private say(reason: string | undefined): void {
    if (reason !== undefined && reason !== this.reason) this.parts.log('warn', `takes no work: ${reason}`);
    this.reason = reason;
  }

  /** Files that no open dispatch can need any more were left by a crash between the last step and its clearing up. */
  private async sweep(): Promise<void> {
    const { journal, buffer, log } = this.parts;
    if (journal.open.length > 0) return;
    const dropped = await buffer.dropAllBut(new Set());
    if (dropped > 0) log('info', `cleared ${dropped} files of outcomes the api has`);
  }

  private backoff(): Backoff {
    const { clock } = this.parts;
    return new Backoff({ clock, firstMs: firstPauseMs, mostMs: longestPauseMs, signal: this.stopping.signal });
  }
}
