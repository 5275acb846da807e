import type { LeasedJob } from '../../libs/device/job';
import type { DeviceAdapter } from './adapters/adapter';
import { LostTrack } from './adapters/adapter';
import { isFinal } from './api-refusal';
import type { DeviceApi, Started } from './device-api';
import { assertHash } from './hash';
import type { Heartbeats } from './heartbeats';
import type { Journal, OpenDispatch } from './journal';
import type { Log } from './log';
import { Backoff } from './pause';
import type { AgentClock } from './ports';
import type { Settlement } from './settlement';
import { neverStarted } from './settlement';

/** What the work on dispatches goes through. */
export interface DispatchWorkParts {
  readonly api: DeviceApi;
  readonly adapter: DeviceAdapter;
  readonly journal: Journal;
  readonly heartbeats: Heartbeats;
  readonly settlement: Settlement;
  readonly clock: AgentClock;
  readonly log: Log;
  /** Nothing is begun any more; a running instrument is left alone. */
  readonly stopping: AbortSignal;
  /** Nothing is waited for any more. */
  readonly ended: AbortSignal;
}

const refusedPauseMs = 1_000;
const [firstPauseMs, longestPauseMs] = [100, 5_000];
const lookAgainMs = 60_000;

/**
 * What an agent does about one dispatch: makes the instrument ready, asks the api for the start, triggers once, watches, reports.
 * The journal is written ahead of each step, so that a start after a crash only ever finds out.
 */
export class DispatchWork {
  /** Dispatches of which the instrument could not tell what it did, with the monotonic time of the next look. */
  private readonly lost = new Map<string, number>();

  constructor(private readonly parts: DispatchWorkParts) {}

  /** Dispatches about which only a person, or the instrument later on, can say what happened. */
  get unclear(): readonly string[] {
    return [...this.lost.keys()];
  }

  /** From a lease to its end. */
  async work(job: LeasedJob): Promise<void> {
    const { journal, log, api, heartbeats } = this.parts;
    const refusal = journal.refusalOf(job);
    if (refusal) {
      log('error', `refused: ${refusal}`);
      await api.release(job.dispatchId, job.fencingToken).catch(() => undefined);
      return this.pauseAfterRefusal();
    }
    const entry: OpenDispatch = { id: job.dispatchId, token: job.fencingToken, job };
    const staging = heartbeats.during(entry, () => this.stage(job));
    const [, durationMs] = await Promise.all([journal.leased(job), staging]);
    if (durationMs !== undefined && !this.stopping) return this.begin(entry, durationMs);
    await this.giveBack(entry);
    await this.pauseAfterRefusal();
  }

  /** Continues where a crash left off: nothing is triggered here. */
  recover(entry: OpenDispatch): Promise<void> {
    if (entry.outcome) return this.parts.settlement.settle(entry, entry.outcome);
    return entry.leaseMs === undefined && !entry.doubtful ? this.giveBack(entry) : this.findOut(entry);
  }

  /** Asks again about dispatches the instrument could not tell of; one that was decided without it is closed. */
  async lookAgain(): Promise<void> {
    const { clock, journal } = this.parts;
    for (const [id, at] of [...this.lost]) {
      if (clock.monotonicMs() < at || this.stopping) continue;
      this.lost.delete(id);
      const entry = journal.open.find((one) => one.id === id);
      if (entry) await this.ask(entry);
    }
  }

  private get stopping(): boolean {
    return this.parts.stopping.aborted;
  }

  /** Fetches the worklist and makes the instrument ready. @returns lab time it will take; undefined when it is not ready. */
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
    assertHash(content, sha256, 'the worklist');
    return Buffer.from(content).toString('utf8');
  }

  /** The start: the api's compare-and-set, the journal, the trigger. After an answer that was lost there is no trigger. */
  private async begin(entry: OpenDispatch, durationMs: number): Promise<void> {
    const { api, journal, clock, log } = this.parts;
    const sentMs = clock.monotonicMs();
    let started;
    try {
      started = await api.start(entry.id, entry.token, durationMs);
    } catch (error) {
      log('warn', `no start for ${entry.id}: ${String(error)}`);
      await this.giveBack(entry);
      return this.pauseAfterRefusal();
    }
    await journal.started(entry.id, started.leaseMs);
    await this.trigger({ ...entry, leaseMs: started.leaseMs }, started, sentMs);
  }

  /**
   * The trigger, unless the lease may have lapsed meanwhile: a process that was paused after its start would otherwise move the
   * instrument when others have long decided what became of the dispatch.
   */
  private async trigger(
    entry: OpenDispatch,
    { labNow, untilLabTime, leaseMs }: Started,
    sentMs: number,
  ): Promise<void> {
    const { adapter, clock, log, settlement } = this.parts;
    const passedMs = Math.round(clock.monotonicMs() - sentMs);
    if (passedMs >= leaseMs || this.stopping) {
      log(
        'warn',
        `did not trigger ${entry.id}: its start was asked for ${passedMs} ms ago, its lease lasts ${leaseMs}`,
      );
      return settlement.settle(entry, neverStarted(entry.job));
    }
    try {
      await adapter.start(entry.id, { labNow, untilLabTime, fencingToken: entry.token });
    } catch (error) {
      log('warn', `the trigger of ${entry.id} went wrong: ${String(error)}`);
      return this.findOut(entry);
    }
    await this.watch(entry);
  }

  /** Watches a run to its end; every observation is a heartbeat, and silence of the instrument is silence of the agent. */
  private async watch(entry: OpenDispatch): Promise<void> {
    const { adapter, log, heartbeats, stopping, settlement } = this.parts;
    const backoff = this.backoff();
    while (!this.stopping) {
      let seen;
      try {
        seen = await adapter.observe(entry.id, heartbeats.everyMs(entry), stopping);
      } catch (error) {
        if (this.stopping) return;
        if (error instanceof LostTrack) return this.lose(entry, error.message);
        log('warn', `the instrument is silent about ${entry.id}: ${String(error)}`);
        await backoff.wait();
        continue;
      }
      if (seen.state === 'done') return settlement.settle(entry, seen.outcome);
      backoff.reset();
      await heartbeats.beat(entry, seen.progress ? { progress: seen.progress } : {});
    }
  }

  /** Asks the instrument what became of a dispatch that may have been triggered, until it answers. */
  private async findOut(entry: OpenDispatch): Promise<void> {
    const { adapter, log, settlement } = this.parts;
    const backoff = this.backoff();
    while (!this.stopping) {
      let evidence;
      try {
        evidence = await adapter.reconcile(entry.id);
      } catch (error) {
        log('warn', `the instrument is silent about ${entry.id}: ${String(error)}`);
        await backoff.wait();
        continue;
      }
      if (evidence.state === 'done') return settlement.settle(entry, evidence.outcome);
      if (evidence.state === 'running') return this.watch(entry);
      if (evidence.state === 'unknown') return this.lose(entry, 'the instrument cannot tell');
      return entry.leaseMs === undefined ? this.giveBack(entry) : settlement.settle(entry, neverStarted(entry.job));
    }
  }

  private lose(entry: OpenDispatch, why: string): void {
    this.parts.log('error', `only a person can say what ${entry.id} did: ${why}`);
    this.askLater(entry);
  }

  private askLater({ id, leaseMs = 0 }: OpenDispatch): void {
    this.lost.set(id, this.parts.clock.monotonicMs() + Math.max(lookAgainMs, 3 * leaseMs));
  }

  /** One more look. Its heartbeat comes too seldom to keep a lease alive; when it is refused, the dispatch was decided. */
  private async ask(entry: OpenDispatch): Promise<void> {
    const { adapter, api, journal } = this.parts;
    const { state } = await adapter.reconcile(entry.id).catch(() => ({ state: 'unknown' as const }));
    if (state !== 'unknown') return this.findOut(entry);
    try {
      await api.heartbeat(entry.id, entry.token);
    } catch (error) {
      if (isFinal(error)) return journal.settled(entry.id, `decided elsewhere: ${error.code}`);
    }
    this.askLater(entry);
  }

  /** For a dispatch that this agent surely never triggered: back to the queue, or, if the api has it started, the instrument says. */
  private async giveBack(entry: OpenDispatch): Promise<void> {
    const { api, journal, log, settlement, ended } = this.parts;
    const backoff = this.backoff(ended);
    while (!ended.aborted) {
      try {
        await api.release(entry.id, entry.token);
        return await journal.settled(entry.id, 'released');
      } catch (error) {
        // Started with this very token: by a request whose answer was lost, or on another machine that has the same lease.
        if (isFinal(error) && error.code === 'illegal-transition')
          return this.findOut({ ...entry, leaseMs: entry.job.leaseMs });
        if (isFinal(error)) return settlement.settle(entry, neverStarted(entry.job));
        log('warn', `${entry.id} cannot be given back: ${String(error)}`);
        await backoff.wait();
      }
    }
  }

  private pauseAfterRefusal(): Promise<void> {
    return this.parts.clock.pause(refusedPauseMs, this.parts.stopping);
  }

  private backoff(signal = this.parts.stopping): Backoff {
    return new Backoff({ clock: this.parts.clock, firstMs: firstPauseMs, mostMs: longestPauseMs, signal });
  }
}
