import type { DispatchStateSeen, FailureFacts, JobSettled } from '../../libs/device/job';
import type { Steering } from '../stage.messages';
import type { JobSeen } from './device-work.activities';
import type { JobDecided, TimerDue } from './device-work.messages';

/** What is known of a job's latest dispatch. */
export interface KnownJob extends FailureFacts {
  readonly attempt: number;
  readonly state: DispatchStateSeen;
  readonly problem?: string | undefined;
}

/** How far a dispatch is; of two reports about one attempt the further one holds. */
const progress: Readonly<Record<DispatchStateSeen, number>> = {
  blocked: 0,
  queued: 1,
  leased: 2,
  started: 3,
  unknown: 4,
  failed: 5,
  withdrawn: 5,
  succeeded: 6,
};

/**
 * Messages of a stage and what they say of its jobs. Handlers only store here; each message counts once, by its event id.
 * An id stays unconfirmed until the branch it belongs to takes it along into the transaction with which it next waits.
 */
export class Inbox {
  paused = false;
  private readonly seen = new Set<string>();
  private readonly jobs = new Map<string, KnownJob>();
  private readonly facts = new Map<string, JobSeen>();
  private readonly decisions = new Map<string, JobDecided>();
  /** Attempts about which no more evidence is waited for. */
  private readonly evidence = new Map<string, number>();
  /** Unconfirmed ids by the step key of an open branch. */
  private readonly unconfirmed = new Map<string, string[]>();
  /** Step keys of branches that are under way: they confirm their own messages. */
  private readonly watched = new Set<string>();
  /** Unconfirmed ids that the next transaction of the whole stage takes along. */
  private carried: string[] = [];
  /** Unconfirmed ids no branch waits for: confirmed at once. */
  private strays: string[] = [];
  private timers: TimerDue[] = [];

  constructor(unhandled: readonly string[] = []) {
    this.carry(unhandled);
  }

  /** Stores reports about jobs. */
  settle(messages: readonly JobSettled[]): void {
    for (const message of messages) {
      if (!this.isFirst(message.eventId, message.stepKey)) continue;
      this.know(message.stepKey, knownOf(message));
    }
  }

  /** Stores what people decided about failed jobs. */
  decide(messages: readonly JobDecided[]): void {
    for (const message of messages)
      if (this.isFirst(message.eventId, message.stepKey)) this.decisions.set(message.stepKey, message);
  }

  /** Stores lab timers that came due. */
  ring(messages: readonly TimerDue[]): void {
    for (const message of messages) {
      const [, attempt, stepKey] = /^evidence\/(\d+)\/(.+)$/.exec(message.key) ?? [];
      if (stepKey !== undefined) {
        if (this.isFirst(message.eventId, stepKey)) this.evidence.set(stepKey, Number(attempt));
      } else if (!this.seen.has(message.eventId)) {
        this.seen.add(message.eventId);
        this.timers.push(message);
      }
    }
  }

  /**
   * Pauses or resumes.
   * @param waited somebody waits for the resume and takes its ids along
   */
  steer({ paused, eventIds }: Steering, waited: boolean): void {
    this.paused = paused;
    const fresh = eventIds.filter((id) => !this.seen.has(id));
    for (const id of fresh) this.seen.add(id);
    if (waited && !paused) this.carry(fresh);
    else this.strays.push(...fresh);
  }

  /** Takes over present states as an activity answered them. */
  note(jobs: readonly JobSeen[]): void {
    for (const job of jobs) {
      this.facts.set(job.stepKey, job);
      this.know(job.stepKey, knownOf(job));
    }
  }

  /** A branch begins: messages about these jobs are its own. */
  watch(stepKeys: readonly string[]): void {
    for (const key of stepKeys) this.watched.add(key);
  }

  /** A branch ends: whatever still comes about its jobs concerns nobody. @returns its unconfirmed ids */
  unwatch(stepKeys: readonly string[]): string[] {
    const ids = this.take(stepKeys);
    for (const key of stepKeys) this.watched.delete(key);
    return ids;
  }

  /** What is known of a job. */
  job(stepKey: string): KnownJob | undefined {
    return this.jobs.get(stepKey);
  }

  /** What was learned of a job when it was queued. */
  queued(stepKey: string): JobSeen | undefined {
    return this.facts.get(stepKey);
  }

  /** Whether the wait for evidence about the latest attempt is over. */
  evidenceOver(stepKey: string): boolean {
    const attempt = this.evidence.get(stepKey);
    return attempt !== undefined && attempt === this.jobs.get(stepKey)?.attempt;
  }

  succeeded(stepKey: string): boolean {
    return this.jobs.get(stepKey)?.state === 'succeeded';
  }

  /** A person's decision about the latest attempt of a failed job. */
  decision(stepKey: string): JobDecided | undefined {
    const decided = this.decisions.get(stepKey);
    const job = this.jobs.get(stepKey);
    const ended = job?.state === 'failed' || job?.state === 'withdrawn';
    return decided && ended && decided.attempt === job.attempt ? decided : undefined;
  }

  /** A decision that could not be carried out counts no more. */
  forgetDecision(stepKey: string): void {
    this.decisions.delete(stepKey);
  }

  /** Whether a branch has messages it has not confirmed. */
  hasUnconfirmed(stepKeys: readonly string[]): boolean {
    return stepKeys.some((key) => this.unconfirmed.has(key));
  }

  /** Takes a branch's unconfirmed ids, to be confirmed by the caller's next transaction. */
  take(stepKeys: readonly string[]): string[] {
    return stepKeys.flatMap((key) => {
      const ids = this.unconfirmed.get(key) ?? [];
      this.unconfirmed.delete(key);
      return ids;
    });
  }

  /** Leaves ids to the stage's next transaction. */
  carry(ids: readonly string[]): void {
    this.carried.push(...ids);
  }

  /** Takes what is left to the stage's next transaction. */
  takeCarried(): string[] {
    const ids = this.carried;
    this.carried = [];
    return ids;
  }

  get hasStrays(): boolean {
    return this.strays.length > 0;
  }

  /** Takes ids that concern nobody. */
  takeStrays(): string[] {
    const ids = this.strays;
    this.strays = [];
    return ids;
  }

  get hasTimers(): boolean {
    return this.timers.length > 0;
  }

  takeTimer(): TimerDue | undefined {
    return this.timers.shift();
  }

  /** Takes every id that is still unconfirmed, whoever's it is. */
  takeAll(): string[] {
    const timers = this.timers.map(({ eventId }) => eventId);
    this.timers = [];
    return [...this.takeCarried(), ...this.takeStrays(), ...this.take([...this.unconfirmed.keys()]), ...timers];
  }

  /** Jobs that were queued and are not known to have ended. */
  open(): string[] {
    return [...this.facts.keys()].filter((key) => progress[this.jobs.get(key)?.state ?? 'queued'] <= progress.unknown);
  }

  private isFirst(eventId: string, stepKey: string): boolean {
    if (this.seen.has(eventId)) return false;
    this.seen.add(eventId);
    if (this.watched.has(stepKey)) this.unconfirmed.set(stepKey, [...(this.unconfirmed.get(stepKey) ?? []), eventId]);
    else this.strays.push(eventId);
    return true;
  }

  private know(stepKey: string, report: KnownJob): void {
    const known = this.jobs.get(stepKey);
    const further =
      !known ||
      report.attempt > known.attempt ||
      (report.attempt === known.attempt && progress[report.state] > progress[known.state]);
    if (further) this.jobs.set(stepKey, report);
  }
}

function knownOf({ attempt, state, problem, verdict, partialFile }: JobSettled | JobSeen): KnownJob {
  return { attempt, state, problem, ...(verdict ? { verdict } : {}), ...(partialFile ? { partialFile } : {}) };
}
