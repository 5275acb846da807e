import { ActivityFailure, ApplicationFailure, isCancellation, patched } from '@temporalio/workflow';
import type { JobRef, JobSeen } from './device-work.activities';
import type { Desk } from './desk';
import { withSummary } from './desk';
import type { JobDecided } from './device-work.messages';
import { deviceWork } from './local-activities';
import { nextMove } from './next-move';
import type { Move } from './next-move';

/** Why a broken course of measurements counts as done. */
const salvaged = 'the course broke off; the file that is there is judged as it is';

/** Mends the jobs of one branch that did not succeed: by the system where that is safe, else by a person's decision. */
export class Recovery {
  /** Step keys about which a person was asked, with the attempt. */
  private readonly asked = new Map<string, number>();
  /** Step keys for whose evidence a timer runs, with the attempt. */
  private readonly sought = new Map<string, number>();
  /** Step keys of unknown jobs the system may not repeat any more, with the attempt: what a person says of them counts. */
  private readonly left = new Map<string, number>();

  constructor(
    private readonly desk: Desk,
    private readonly stepKeys: readonly string[],
  ) {}

  /** Whether a job of the branch needs something done. */
  due(): boolean {
    return this.firstDue() !== undefined;
  }

  /** Does it. @throws ApplicationFailure `stage-failed` when a person gives the job up */
  async act(): Promise<void> {
    const stepKey = this.firstDue();
    if (stepKey === undefined) return;
    const decided = this.desk.inbox.decision(stepKey);
    if (decided) await this.obey(stepKey, decided);
    else await this.make(this.heededMove(stepKey), stepKey);
  }

  private firstDue(): string | undefined {
    return this.stepKeys.find((key) => {
      if (this.desk.inbox.decision(key)) return true;
      const move = this.move(key);
      const attempt = this.desk.inbox.job(key)?.attempt;
      if (move === 'seek') return this.sought.get(key) !== attempt;
      if (this.desk.inbox.job(key)?.state === 'unknown' && this.left.get(key) === attempt) return false;
      return move !== 'wait' && this.asked.get(key) !== attempt;
    });
  }

  /** The move of histories that know of verdicts and partial files; of those before, the one without them. */
  private heededMove(stepKey: string): Move {
    const { verdict, partialFile } = this.desk.inbox.job(stepKey) ?? {};
    const heed = (verdict === undefined && !partialFile) || patched('heed-verdicts-and-partial-files');
    return this.move(stepKey, heed);
  }

  private move(stepKey: string, heed = true): Move {
    const known = this.desk.inbox.job(stepKey);
    const job = known && !heed ? { attempt: known.attempt, state: known.state } : known;
    const facts = this.desk.inbox.queued(stepKey);
    if (!job || !facts) return 'wait';
    return nextMove(job, { ...facts, evidenceOver: this.desk.inbox.evidenceOver(stepKey) });
  }

  private async make(move: Move, stepKey: string): Promise<void> {
    switch (move) {
      case 'wait':
        return;
      case 'seek':
        return this.seek(stepKey);
      case 'repeat':
        return this.orAsk(stepKey, (job) => deviceWork.repeatJob(job));
      case 'salvage':
        return this.orAsk(stepKey, (job) => deviceWork.acceptJob({ ...job, reason: salvaged }));
      case 'retry':
        return this.orAsk(stepKey, (job) => deviceWork.retryJob(job));
      case 'ask':
        return this.ask(stepKey, this.desk.inbox.job(stepKey)?.problem ?? 'it failed');
    }
  }

  private async seek(stepKey: string): Promise<void> {
    const job = this.ref(stepKey);
    this.sought.set(stepKey, job.attempt);
    await deviceWork.awaitEvidence(job);
  }

  private async obey(stepKey: string, { action, reason }: JobDecided): Promise<void> {
    switch (action) {
      case 'retry':
        if (this.desk.inbox.queued(stepKey)?.movesLiquid) return this.make('retry', stepKey);
        return this.orAsk(stepKey, (job) => deviceWork.repeatJob({ ...job, decided: true }));
      case 'accept':
        return this.orAsk(stepKey, (job) => deviceWork.acceptJob({ ...job, reason }));
      case 'give-up':
        throw ApplicationFailure.nonRetryable(`${stepKey} was given up: ${reason}`, 'stage-failed');
    }
  }

  /** Makes a move; when it is refused, a person decides. */
  private async orAsk(stepKey: string, move: (job: JobRef) => Promise<JobSeen>): Promise<void> {
    const job = this.ref(stepKey);
    try {
      const whenRunning = await this.desk.whenRunning(job.handledEventIds);
      this.desk.inbox.note([await move({ ...job, handledEventIds: whenRunning })]);
    } catch (error) {
      const refusal = isCancellation(error) ? undefined : refusalOf(error);
      if (refusal === undefined) throw error;
      await this.ask(stepKey, refusal);
    }
  }

  private async ask(stepKey: string, message: string): Promise<void> {
    const job = this.ref(stepKey);
    const unknown = this.desk.inbox.job(stepKey)?.state === 'unknown' && patched('unknown-waits-for-a-word');
    (unknown ? this.left : this.asked).set(stepKey, job.attempt);
    this.desk.inbox.forgetDecision(stepKey);
    await deviceWork.askPerson.executeWithOptions(withSummary(`ask a person about ${stepKey}`), [{ ...job, message }]);
  }

  private ref(stepKey: string): JobRef {
    const { attempt = 1, verdict } = this.desk.inbox.job(stepKey) ?? {};
    const handledEventIds = this.desk.inbox.take(this.stepKeys);
    return {
      ...this.desk.stage,
      stepKey,
      attempt,
      handledEventIds,
      ...(verdict === 'did-not' ? { decided: true } : {}),
    };
  }
}

/** What a refused move says; local activities fail with the refusal itself. Undefined for anything else. */
function refusalOf(error: unknown): string | undefined {
  if (error instanceof ActivityFailure) return error.cause?.message ?? error.message;
  return error instanceof ApplicationFailure && patched('refusals-are-asked-about') ? error.message : undefined;
}
