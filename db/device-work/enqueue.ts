import type { Pool, PoolClient } from 'pg';
import type { JobSpec, PlannedTransfer } from '../../libs/device/job';
import { DomainError } from '../../libs/errors/domain-error';
import { dispatchId, jobId } from '../ids';
import { materialRefusal } from '../material/refusal';
import { retryingLostRaces } from '../transaction';
import { toJobState } from './job-state';
import type { JobState, JobStateRow } from './job-state';

/** One job of a block, as a stage wants it. */
export interface QueuedJob {
  /** Natural key within the campaign: `r2/build/level1.1/dispense/P1`. */
  readonly stepKey: string;
  readonly spec: JobSpec;
  /** The stored worklist file and what its rows do; absent when the operation moves no liquid. */
  readonly worklist?: { readonly sha256: string; readonly transfers: readonly PlannedTransfer[] };
  /** Step keys of jobs of the same campaign that must succeed first; they are in this block or queued earlier. */
  readonly needs: readonly string[];
  /** Lab time between the end of this job and the start of the next step on its labware (roles other than `source`). */
  readonly hold?: { readonly minMs: number; readonly maxMs: number };
  /** 1 (first) to 5; 3 when absent. Each step is a fourfold share. */
  readonly priority?: number;
  /** A planner's word; smaller goes first, before any share. */
  readonly rank?: number;
  /** Whether the workflow wants to hear of success; it hears of anything else in any case. */
  readonly tellsSuccess: boolean;
}

/** Jobs queued together: a run of steps without a decision between them, or several such chains side by side. */
export interface Block {
  readonly tenantId: string;
  readonly siteId: string;
  readonly campaignId: string;
  readonly round: number;
  readonly stage: string;
  readonly blockKey: string;
  /** Messages the workflow has acted on; confirmed in the same transaction. */
  readonly handledEventIds: readonly string[];
  readonly jobs: readonly QueuedJob[];
  /** Who asks; the system actor when absent. */
  readonly actorId?: string;
}

/**
 * Queues a block in one transaction: jobs, what they need, dispatch 1 (`queued` when every need has succeeded, else
 * `blocked`), planned transfers and samples, events, confirmation of handled messages, wake-ups. A job whose step key
 * exists keeps its content. Labware that no one has registered is registered at the place `consumables`.
 * @returns the present state of every job of the block, in its order
 * @throws DomainError `unknown-reference` when a needed job, a labware's place or a worklist file does not exist; `over-draw`,
 *   `dead-volume`, `overfill`, `sealed`, `lot-expired` when what the lab holds does not allow the plan: nothing is queued then
 */
export async function enqueueBlock(pool: Pool | PoolClient, block: Block): Promise<JobState[]> {
  const ids = block.jobs.map((job) => jobId(block.campaignId, job.stepKey));
  try {
    return await retryingLostRaces(async () => {
      const { rows } = await pool.query<JobStateRow>({
        name: 'enqueue-block',
        text: 'select * from enqueue_block($1::jsonb)',
        values: [JSON.stringify(blockArgument(block, ids))],
      });
      return rows.map(toJobState);
    });
  } catch (error) {
    throw missingReference(error) ?? materialRefusal(error) ?? error;
  }
}

/** Present states of jobs of a campaign, by step key; jobs that do not exist are left out. */
export function jobStates(
  pool: Pool | PoolClient,
  wanted: { readonly campaignId: string; readonly stepKeys: readonly string[] },
): Promise<JobState[]> {
  return jobStatesById(
    pool,
    wanted.stepKeys.map((stepKey) => jobId(wanted.campaignId, stepKey)),
  );
}

/** Confirms messages the workflow has acted on when it waits again without queuing anything. */
export async function rest(
  pool: Pool | PoolClient,
  waiting: { readonly handledEventIds: readonly string[] },
): Promise<void> {
  if (waiting.handledEventIds.length === 0) return;
  await pool.query({ name: 'rest', text: 'select mark_handled($1::uuid[])', values: [waiting.handledEventIds] });
}

async function jobStatesById(pool: Pool | PoolClient, ids: readonly string[]): Promise<JobState[]> {
  const { rows } = await pool.query<JobStateRow>({
    name: 'job-states',
    text: 'select * from job_states($1::uuid[])',
    values: [ids],
  });
  return rows.map(toJobState);
}

function blockArgument(block: Block, ids: readonly string[]): unknown {
  const { tenantId, siteId, campaignId, round, stage, blockKey, handledEventIds, actorId } = block;
  const jobs = block.jobs.map((job, index) => {
    const needs = job.needs.map((stepKey) => jobId(campaignId, stepKey));
    return jobArgument(job, needs, ids[index] as string);
  });
  return { tenantId, siteId, campaignId, round, stage, blockKey, handledEventIds, actorId, jobs };
}

/** A job as `enqueue_block` takes it; products travel beside the spec, no device needs them. */
export function jobArgument(job: QueuedJob, needs: readonly string[], id: string): Record<string, unknown> {
  const { products, ...spec } = job.spec;
  return {
    id,
    dispatchId: dispatchId(id, 1),
    stepKey: job.stepKey,
    spec,
    products,
    worklistSha256: job.worklist?.sha256 ?? null,
    transfers: transferArgument(job.worklist?.transfers ?? []),
    needs,
    holdMinMs: job.hold?.minMs ?? null,
    holdMaxMs: job.hold?.maxMs ?? null,
    priority: job.priority ?? 3,
    rank: job.rank ?? 0,
    tellsSuccess: job.tellsSuccess,
    servesJobId: null,
  };
}

/** Transfers as compact rows: ordinal, from labware, from well, to labware, to well, picolitres. */
export function transferArgument(transfers: readonly PlannedTransfer[]): unknown[][] {
  return transfers.map((t) => [t.ordinal, t.fromLabwareId, t.fromWell, t.toLabwareId, t.toWell, t.volumePl]);
}

function missingReference(error: unknown): DomainError | undefined {
  const { code, detail, constraint } = error as { code?: string; detail?: string; constraint?: string };
  if (code !== '23503') return undefined;
  return new DomainError('unknown-reference', `a block names something that does not exist: ${detail ?? constraint}`, {
    constraint,
  });
}
