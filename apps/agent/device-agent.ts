import { createHash } from 'node:crypto';
import type { LeasedJob, Outcome } from '../../libs/device/job';
import type { DeviceAdapter } from './adapters/adapter';
import { LostTrack } from './adapters/adapter';
import type { BufferedFiles } from './buffered-files';
import type { DeviceApi } from './device-api';
import { ApiRefusal } from './device-api';
import type { Journal, OpenDispatch } from './journal';
import type { Log } from './log';
import { Backoff } from './pause';
import { reportOutcome } from './report-outcome';

/** What an agent of one device is made of. */
export interface DeviceAgentParts {
  readonly api: DeviceApi;
  readonly adapter: DeviceAdapter;
  readonly journal: Journal;
  readonly buffer: BufferedFiles;
  readonly log: Log;
  readonly longPollMs: number;
  readonly heartbeatMs: number;
}

const refusedPauseMs = 1_000;
const firstPauseMs = 100;
const longestPauseMs = 5_000;

/**
 * Works for one device: leases a job, makes it ready, asks the api for the start, triggers the instrument once, watches it and
 * reports how it ended. The journal is written ahead of each step, so that a start after a crash only ever finds out.
 */
export class DeviceAgent {
  private readonly ending = new AbortController();

  constructor(private readonly parts: DeviceAgentParts) {}

  /** Finds out what became of work that was open, then works until `stop`. */
  async run(): Promise<void> {
    for (const entry of this.parts.journal.open) await this.recover(entry);
    const backoff = this.backoff();
    while (!this.stopping) {
      const job = await this.lease(backoff);
      if (job) await this.work(job);
    }
  }

  /** Ends the work without waiting for the instrument, which goes on by itself. */
  stop(): void {
    this.ending.abort();
  }

  private get stopping(): boolean {
    return this.ending.signal.aborted;
  }

  private async lease(backoff: Backoff): Promise<LeasedJob | undefined> {
    try {
      const job = await this.parts.api.lease(this.parts.longPollMs, this.ending.signal);
      backoff.reset();
      return job;
    } catch (error) {
      if (this.stopping) return undefined;
      this.parts.log('warn', `no answer to the request for work: ${String(error)}`);
      await backoff.wait();
      return undefined;
    }
  }

  private async work(job: LeasedJob): Promise<void> {
    const { journal, log } = this.parts;
    const refusal = journal.refusalOf(job);
    if (refusal) {
      log('error', `refused: ${refusal}`);
      await this.parts.api.release(job.dispatchId, job.fencingToken).catch(() => undefined);
      return this.pauseAfterRefusal();
    }
    const noted = journal.leased(job);
    const durationMs = await this.stage(job);
    await noted;
    const entry: OpenDispatch = { id: job.dispatchId, token: job.fencingToken, job };
    if (durationMs !== undefined) return this.begin(entry, durationMs);
    await this.giveBack(entry);
    await this.pauseAfterRefusal();
  }

  /** Fetches the worklist and makes the instrument ready. @returns undefined when it is not. */
  private async stage(job: LeasedJob): Promise<number | undefined> {
    try {
      const worklist = job.worklist && (await this.worklist(job.worklist.sha256));
      const { durationMs } = await this.parts.adapter.stage(worklist === undefined ? { job } : { job, worklist });
      return durationMs;
    } catch (error) {
      this.parts.log('warn', `could not make ready for ${job.dispatchId}: ${String(error)}`);
      return undefined;
    }
  }

  private async worklist(sha256: string): Promise<string> {
    const content = await this.parts.api.file(sha256);
    const found = createHash('sha256').update(content).digest('hex');
    if (found !== sha256) throw new Error(`worklist ${sha256} arrived as ${found}`);
    return Buffer.from(content).toString('utf8');
  }

  /** The start: the api's compare-and-set, the journal, the trigger. */
  private async begin(entry: OpenDispatch, durationMs: number): Promise<void> {
    const { api, adapter, journal, log } = this.parts;
    let started;
    try {
      started = await api.start(entry.id, entry.token, durationMs);
    } catch (error) {
      log('warn', `no start for ${entry.id}: ${String(error)}`);
      await this.giveBack(entry);
      return this.pauseAfterRefusal();
    }
    await journal.started(entry.id, started.leaseMs);
    const known = { ...entry, leaseMs: started.leaseMs };
    try {
      await adapter.start(entry.id, { labNow: started.labNow, untilLabTime: started.untilLabTime });
    } catch (error) {
      log('warn', `the trigger of ${entry.id} went wrong: ${String(error)}`);
      return this.findOut(known);
    }
    await this.watch(known);
  }

  /** Watches a run to its end; every observation is a heartbeat, and silence of the instrument is silence of the agent. */
  private async watch(entry: OpenDispatch): Promise<void> {
    const { adapter, log } = this.parts;
    const waitMs = Math.min(this.parts.heartbeatMs, Math.floor((entry.leaseMs ?? 0) / 3) || this.parts.heartbeatMs);
    const backoff = this.backoff();
    while (!this.stopping) {
      try {
        const seen = await adapter.observe(entry.id, waitMs, this.ending.signal);
        if (seen.state === 'done') return await this.settle(entry, seen.outcome);
        backoff.reset();
        await this.heartbeat(entry, seen.progress);
      } catch (error) {
        if (this.stopping) return;
        if (error instanceof LostTrack)
          return log('error', `only a person can say what ${entry.id} did: ${error.message}`);
        log('warn', `the instrument is silent about ${entry.id}: ${String(error)}`);
        await backoff.wait();
      }
    }
  }

  private async heartbeat({ id, token }: OpenDispatch, progress?: Readonly<Record<string, unknown>>): Promise<void> {
    await this.parts.api.heartbeat(id, token, progress).catch((error: unknown) => {
      this.parts.log('warn', `heartbeat of ${id}: ${String(error)}`);
    });
  }

  /** Buffers the outcome with its files, and reports it meanwhile. */
  private async settle(entry: OpenDispatch, outcome: Outcome): Promise<void> {
    const { adapter, buffer, journal } = this.parts;
    const contents = new Map<string, Uint8Array>();
    for (const file of outcome.files) contents.set(file.sha256, buffer.read(file) ?? (await adapter.readFile(file)));
    const kept = this.keep(entry, outcome, contents);
    const how = await reportOutcome(
      { id: entry.id, token: entry.token, outcome, contents },
      this.parts.api,
      buffer,
      this.parts.log,
      this.ending.signal,
    );
    await kept;
    if (how === undefined) return;
    journal.settled(entry.id, how);
    for (const file of outcome.files) buffer.drop(file);
  }

  private async keep(entry: OpenDispatch, outcome: Outcome, contents: ReadonlyMap<string, Uint8Array>): Promise<void> {
    for (const file of outcome.files) await this.parts.buffer.keep(file, contents.get(file.sha256) as Uint8Array);
    if (!entry.outcome) await this.parts.journal.ended(entry.id, outcome);
  }

  /** Continues where a crash left off: nothing is triggered here. */
  private async recover(entry: OpenDispatch): Promise<void> {
    this.parts.log('info', `found ${entry.id} open in the journal`);
    if (entry.outcome) return this.settle(entry, entry.outcome);
    return entry.leaseMs === undefined ? this.giveBack(entry) : this.findOut(entry);
  }

  /** Asks the instrument what became of a dispatch that may have been triggered, until it answers. */
  private async findOut(entry: OpenDispatch): Promise<void> {
    const backoff = this.backoff();
    while (!this.stopping) {
      try {
        const evidence = await this.parts.adapter.reconcile(entry.id);
        if (evidence.state === 'done') return await this.settle(entry, evidence.outcome);
        if (evidence.state === 'running') return await this.watch(entry);
        if (evidence.state === 'never-started') return await this.settle(entry, neverStarted(entry.job));
        return this.parts.log('error', `the instrument does not know ${entry.id}: only a person can say what it did`);
      } catch (error) {
        this.parts.log('warn', `the instrument is silent about ${entry.id}: ${String(error)}`);
        await backoff.wait();
      }
    }
  }

  /** For a dispatch that this agent surely never triggered: back to the queue, or, if the api has it started, said so. */
  private async giveBack(entry: OpenDispatch): Promise<void> {
    const { api, journal, log } = this.parts;
    const backoff = this.backoff();
    while (!this.stopping) {
      try {
        await api.release(entry.id, entry.token);
        return journal.settled(entry.id, 'released');
      } catch (error) {
        if (error instanceof ApiRefusal && !error.passes) return this.settle(entry, neverStarted(entry.job));
        log('warn', `${entry.id} cannot be given back: ${String(error)}`);
        await backoff.wait();
      }
    }
  }

  private pauseAfterRefusal(): Promise<void> {
    return new Backoff(refusedPauseMs, refusedPauseMs, this.ending.signal).wait();
  }

  private backoff(): Backoff {
    return new Backoff(firstPauseMs, longestPauseMs, this.ending.signal);
  }
}

/** Outcome of a dispatch that moved nothing. */
function neverStarted(job: LeasedJob): Outcome {
  return {
    version: 1,
    result: 'failed',
    ...(job.worklist ? { transfers: { done: [], uncertain: [] } } : {}),
    files: [],
    problem: { code: 'never-started', message: 'the instrument surely never started this dispatch' },
  };
}
