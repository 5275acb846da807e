import { Injectable } from '@nestjs/common';
import { Pool } from 'pg';
import { setLabTimer } from '../../../db/device-work/clock';
import { enqueueBlock, jobStates, rest } from '../../../db/device-work/enqueue';
import type { JobState } from '../../../db/device-work/job-state';
import { redispatch } from '../../../db/device-work/redispatch';
import { withdraw } from '../../../db/device-work/withdraw';
import { jobId } from '../../../db/ids';
import { inTransaction } from '../../../db/transaction';
import type { FailureFacts } from '../../../libs/device/job';
import { evidenceTimer } from '../../../workflows/device-work/device-work.activities';
import type {
  DeviceWorkActivities as Contract,
  JobRef,
  JobSeen,
  OperationRun,
  StageRef,
} from '../../../workflows/device-work/device-work.activities';
import { BuildActivities } from '../build/build.activities';
import { amendUnknown, openIncident } from '../campaigns/incidents';
import { JobBuilder } from './job-builder';
import { failureFacts, jobFacts } from './job-facts';

/** Lab time that evidence about an unknown attempt of a repeatable job is waited for. */
const evidenceMs = 600_000;

const howToAnswer =
  'Answer "retry" when the cause is mended, "accept" to go on as if it had succeeded, "give-up" to end the campaign.';

/** Device work as stage workflows ask for it. */
@Injectable()
export class DeviceWorkActivities implements Contract {
  constructor(
    private readonly pool: Pool,
    private readonly jobs: JobBuilder,
    private readonly build: BuildActivities,
  ) {}

  async queueBlock(
    block: StageRef & { blockKey: string; operations: readonly OperationRun[]; handledEventIds: readonly string[] },
  ): Promise<JobSeen[]> {
    const { operations, ...address } = block;
    const built = await this.jobs.build(block);
    const jobs = built.map((job, index) => {
      const run = operations[index] as OperationRun;
      return { ...job, needs: run.needs, tellsSuccess: run.tellsSuccess };
    });
    const states = await enqueueBlock(this.pool, { ...address, jobs });
    const failed = states.filter(({ state }) => state === 'failed').map(({ dispatchId }) => dispatchId);
    const failures = await failureFacts(this.pool, failed);
    return states.map((state, index) => {
      const job = jobs[index];
      return seen(state, {
        repeatable: job?.spec.repeatableWithinMs !== undefined,
        movesLiquid: job?.worklist !== undefined,
        ...failures.get(state.dispatchId),
      });
    });
  }

  async repeatJob(job: JobRef): Promise<JobSeen> {
    return this.dispatchAgain(job);
  }

  async retryJob(job: JobRef): Promise<JobSeen> {
    const made = await this.madeAlready(job);
    if (made) return made;
    const plan = await this.build.planRetry(job);
    return this.dispatchAgain(job, 'worklist' in plan ? plan.worklist : nothingLeft);
  }

  async acceptJob(job: JobRef & { reason: string }): Promise<JobSeen> {
    return this.dispatchAgain(job, nothingLeft, job.reason);
  }

  async awaitEvidence(job: JobRef): Promise<void> {
    const { tenantId, siteId, campaignId, round, stage, stepKey, attempt, handledEventIds } = job;
    await inTransaction(this.pool, async (client) => {
      const key = evidenceTimer(stepKey, attempt);
      await setLabTimer(client, { tenantId, siteId, campaignId, round, stage, key, inMs: evidenceMs });
      await rest(client, { handledEventIds });
    });
  }

  async withdrawJobs(
    jobs: StageRef & { stepKeys: readonly string[]; reason: string; handledEventIds: readonly string[] },
  ): Promise<void> {
    const { campaignId, stepKeys, reason, handledEventIds } = jobs;
    await withdraw(this.pool, { campaignId, stepKeys, reason, handledEventIds });
  }

  async rest(messages: StageRef & { handledEventIds: readonly string[] }): Promise<void> {
    await rest(this.pool, messages);
  }

  async askPerson(job: JobRef & { message: string }): Promise<void> {
    const subject = job.stepKey;
    const [state] = await jobStates(this.pool, { campaignId: job.campaignId, stepKeys: [subject] });
    await inTransaction(this.pool, async (client) => {
      if (state?.state === 'unknown') await amendUnknown(client, state.dispatchId, job.message);
      else
        await openIncident(client, {
          ...job,
          kind: 'job-failed',
          subject,
          message: `${subject} failed (attempt ${job.attempt}): ${job.message}. ${howToAnswer}`,
          ...(state ? { dispatchId: state.dispatchId } : {}),
        });
      await rest(client, job);
    });
  }

  async reportOverdue(
    timer: StageRef & { key: string; dueLabAt: string; handledEventIds: readonly string[] },
  ): Promise<void> {
    const message = `${timer.key} has not started, and the hold before it ended at ${timer.dueLabAt} (lab time)`;
    await inTransaction(this.pool, async (client) => {
      await openIncident(client, { ...timer, kind: 'overdue', subject: timer.key, message });
      await rest(client, timer);
    });
  }

  private async dispatchAgain(job: JobRef, worklist?: Worklist, reason?: string): Promise<JobSeen> {
    const { stepKey, attempt, handledEventIds, decided } = job;
    const id = jobId(job.campaignId, stepKey);
    const state = await redispatch(this.pool, {
      jobId: id,
      attempt: attempt + 1,
      ...(worklist ? { worklist } : {}),
      ...(decided ? { decided } : {}),
      ...(reason ? { reason } : {}),
      handledEventIds,
    });
    return seen(state, await jobFacts(this.pool, id));
  }

  /** The next attempt exists: this activity ran before and its answer was lost. */
  private async madeAlready(job: JobRef): Promise<JobSeen | undefined> {
    const [state] = await jobStates(this.pool, { campaignId: job.campaignId, stepKeys: [job.stepKey] });
    if (!state || state.attempt <= job.attempt) return undefined;
    await rest(this.pool, job);
    return seen(state, await jobFacts(this.pool, state.jobId));
  }
}

type Worklist = NonNullable<Parameters<typeof redispatch>[1]['worklist']>;

/** A worklist without transfers: its attempt succeeds at once and releases the successors. */
const nothingLeft: Worklist = { sha256: '', transfers: [] };

function seen(state: JobState, facts: Pick<JobSeen, 'repeatable' | 'movesLiquid'> & FailureFacts): JobSeen {
  const { stepKey, jobId: id, attempt, problem } = state;
  return { stepKey, jobId: id, attempt, state: state.state, ...(problem ? { problem } : {}), ...facts };
}
