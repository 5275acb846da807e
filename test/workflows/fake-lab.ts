import { ApplicationFailure } from '@temporalio/common';
import type { DispatchStateSeen, FailureFacts, JobSettled } from '../../libs/device/job';
import type {
  DeviceWorkActivities,
  JobRef,
  JobSeen,
  OperationRun,
  StageRef,
} from '../../workflows/device-work/device-work.activities';

/** A transaction of the fake lab, as a workflow asked for it. */
export interface Call {
  readonly name: string;
  readonly stepKeys: readonly string[];
  readonly handled: readonly string[];
}

interface FakeJob {
  readonly run: OperationRun;
  attempt: number;
  state: DispatchStateSeen;
}

/** What an attempt comes to; `never` leaves it where it is. */
export type Verdict = 'succeeded' | 'failed' | 'unknown' | 'never';

/** Device work in memory: jobs run as soon as what they need has succeeded, and their ends are told like the api would. */
export class FakeLab implements DeviceWorkActivities {
  readonly calls: Call[] = [];
  readonly told: string[] = [];
  readonly confirmed: string[] = [];
  readonly jobs = new Map<string, FakeJob>();
  /** Decides what an attempt comes to. */
  verdict: (stepKey: string, attempt: number) => Verdict = () => 'succeeded';
  /** Unit operations that move liquid; all others are repeatable unless named in `unrepeatable`. */
  readonly liquid = new Set(['transfer']);
  readonly unrepeatable = new Set<string>();
  /** Repeats need a person's decision. */
  windowOver = false;
  /** Where confirmations are written, when they are. */
  onConfirm: (eventIds: readonly string[]) => Promise<void> = () => Promise.resolve();
  private events = 0;
  private outgoing: JobSettled[] = [];
  private sending: Promise<void> = Promise.resolve();

  /** @param tell delivers messages to the stage's workflow */
  constructor(private readonly tell: (messages: JobSettled[]) => Promise<void>) {}

  async queueBlock(
    block: StageRef & { operations: readonly OperationRun[]; handledEventIds: readonly string[] },
  ): Promise<JobSeen[]> {
    const stepKeys = block.operations.map(({ stepKey }) => stepKey);
    await this.note('queueBlock', stepKeys, block.handledEventIds);
    for (const run of block.operations)
      if (!this.jobs.has(run.stepKey)) this.jobs.set(run.stepKey, { run, attempt: 1, state: 'blocked' });
    const seen = stepKeys.map((key) => this.seen(key));
    setImmediate(() => this.work());
    return seen;
  }

  async repeatJob(job: JobRef): Promise<JobSeen> {
    if (this.windowOver && !job.decided) {
      await this.note('refusedRepeat', [job.stepKey], []);
      throw ApplicationFailure.nonRetryable('it could be repeated until 08:30', 'window-over');
    }
    return this.again('repeatJob', job);
  }

  async retryJob(job: JobRef): Promise<JobSeen> {
    return this.again('retryJob', job);
  }

  async acceptJob(job: JobRef & { reason: string }): Promise<JobSeen> {
    await this.note('acceptJob', [job.stepKey], job.handledEventIds);
    this.set(job.stepKey, job.attempt + 1, 'succeeded');
    setImmediate(() => this.work());
    return this.seen(job.stepKey);
  }

  async withdrawJobs(jobs: { stepKeys: readonly string[]; handledEventIds: readonly string[] }): Promise<void> {
    await this.note('withdrawJobs', jobs.stepKeys, jobs.handledEventIds);
    for (const key of jobs.stepKeys) this.set(key, this.job(key).attempt, 'withdrawn');
  }

  async rest(messages: { handledEventIds: readonly string[] }): Promise<void> {
    await this.note('rest', [], messages.handledEventIds);
  }

  async awaitEvidence(job: JobRef): Promise<void> {
    await this.note('awaitEvidence', [job.stepKey], job.handledEventIds);
  }

  async askPerson(job: JobRef & { message: string }): Promise<void> {
    await this.note('askPerson', [job.stepKey], job.handledEventIds);
  }

  async reportOverdue(timer: { key: string; handledEventIds: readonly string[] }): Promise<void> {
    await this.note('reportOverdue', [timer.key], timer.handledEventIds);
  }

  /** Activities as Temporal calls them. */
  activities(): DeviceWorkActivities {
    const names = [
      'queueBlock',
      'repeatJob',
      'retryJob',
      'acceptJob',
      'withdrawJobs',
      'rest',
      'awaitEvidence',
      'askPerson',
      'reportOverdue',
    ] as const;
    return Object.fromEntries(
      names.map((name) => [name, (this[name] as (input: never) => unknown).bind(this)]),
    ) as unknown as DeviceWorkActivities;
  }

  /** Ends an attempt, whatever its state, and tells. */
  settle(stepKey: string, state: DispatchStateSeen, facts: FailureFacts = {}): void {
    const job = this.job(stepKey);
    job.state = state;
    if (state !== 'succeeded' || job.run.tellsSuccess) this.say(stepKey, facts);
    setImmediate(() => this.work());
  }

  /** Sends a message again, as a relay may. */
  async repeatLastMessage(): Promise<void> {
    const last = this.sent.at(-1);
    if (last) await this.tell([last]);
  }

  private readonly sent: JobSettled[] = [];

  private async again(name: string, job: JobRef): Promise<JobSeen> {
    await this.note(name, [job.stepKey], job.handledEventIds);
    if (this.job(job.stepKey).attempt === job.attempt) this.set(job.stepKey, job.attempt + 1, 'blocked');
    setImmediate(() => this.work());
    return this.seen(job.stepKey);
  }

  private work(): void {
    for (const [stepKey, job] of this.jobs) {
      const ready = job.run.needs.every((need) => this.jobs.get(need)?.state === 'succeeded');
      if (job.state !== 'blocked' || !ready) continue;
      const verdict = this.verdict(stepKey, job.attempt);
      if (verdict === 'never') continue;
      this.settle(stepKey, verdict);
    }
  }

  private say(stepKey: string, facts: FailureFacts): void {
    const { attempt, state, run } = this.job(stepKey);
    const eventId = `event-${++this.events}`;
    this.told.push(eventId);
    const blockEnded = state === 'succeeded' && run.tellsSuccess;
    this.outgoing.push({
      eventId,
      jobId: stepKey,
      stepKey,
      attempt,
      state,
      problem: `${state} by script`,
      blockEnded,
      ...facts,
    });
    this.sending = this.sending.then(() => this.flush());
  }

  private async flush(): Promise<void> {
    const messages = this.outgoing;
    this.outgoing = [];
    if (messages.length === 0) return;
    this.sent.push(...messages);
    await this.tell(messages).catch(() => undefined);
  }

  private async note(name: string, stepKeys: readonly string[], handled: readonly string[]): Promise<void> {
    this.calls.push({ name, stepKeys, handled });
    this.confirmed.push(...handled);
    await this.onConfirm(handled);
  }

  private set(stepKey: string, attempt: number, state: DispatchStateSeen): void {
    Object.assign(this.job(stepKey), { attempt, state });
  }

  private job(stepKey: string): FakeJob {
    const job = this.jobs.get(stepKey);
    if (!job) throw new Error(`no job ${stepKey} was queued`);
    return job;
  }

  private seen(stepKey: string): JobSeen {
    const { run, attempt, state } = this.job(stepKey);
    const { operation } = run.step;
    return {
      stepKey,
      jobId: stepKey,
      attempt,
      state,
      repeatable: !this.liquid.has(operation) && !this.unrepeatable.has(operation),
      movesLiquid: this.liquid.has(operation),
    };
  }
}
