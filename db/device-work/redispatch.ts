import type { Pool, PoolClient } from 'pg';
import type { PlannedTransfer } from '../../libs/device/job';
import { DomainError } from '../../libs/errors/domain-error';
import { dispatchId } from '../ids';
import { inTransaction } from '../transaction';
import { transferArgument } from './enqueue';
import { toJobState } from './job-state';
import type { JobState, JobStateRow } from './job-state';

/** Another attempt at a job. */
export interface Redispatch {
  readonly jobId: string;
  /** The attempt to make: one more than the latest. */
  readonly attempt: number;
  /** What is left to move, planned from the ledger; required when the attempt before had a worklist. */
  readonly worklist?: { readonly sha256: string; readonly transfers: readonly PlannedTransfer[] };
  readonly handledEventIds: readonly string[];
  readonly actorId?: string;
  /** A person wants it: the window in which the system may repeat by itself does not matter. */
  readonly decided?: boolean;
  /** Why nothing is left to do, when the worklist is empty. */
  readonly reason?: string;
}

interface Latest {
  readonly id: string;
  readonly tenant_id: string;
  readonly attempt: number;
  readonly state: string;
  readonly repeatable: boolean;
  readonly actor_id: string;
  readonly moves_liquid: boolean;
  /** The system may repeat by itself until then, lab time; null when the job has no window. */
  readonly repeatable_until: string | null;
  readonly window_over: boolean;
}

/**
 * Makes the next dispatch of a job whose latest one failed or was withdrawn, or is unknown and harmless to repeat
 * (that one is then settled as failed by the system). The system repeats only within the job's window of lab time, counted from
 * the end of the step before; from its own first queueing when there is none. Idempotent: an attempt that exists keeps its content.
 * An empty worklist means that nothing is left to do: the attempt succeeds at once and releases the successors.
 * @throws DomainError `illegal-transition` when the latest dispatch is not over or the attempt is not the next one;
 *   `plan-impossible` when a job that moves liquid gets no worklist; `window-over` when a person must decide about the repeat
 */
export async function redispatch(pool: Pool, wish: Redispatch): Promise<JobState> {
  return inTransaction(pool, (client) => redispatchWithin(client, wish));
}

/** `redispatch` inside the caller's transaction. */
export async function redispatchWithin(client: PoolClient, wish: Redispatch): Promise<JobState> {
  await client.query('select mark_handled($1::uuid[])', [wish.handledEventIds]);
  const latest = await lockLatest(client, wish.jobId);
  if (latest.attempt < wish.attempt) {
    refuseOutsideWindow(latest, wish);
    await settleRepeatable(client, latest, wish);
    await insertAttempt(client, latest, wish);
  }
  const { rows } = await client.query<JobStateRow>('select * from job_states($1::uuid[])', [[wish.jobId]]);
  return toJobState(rows[0] as JobStateRow);
}

async function lockLatest(client: PoolClient, job: string): Promise<Latest> {
  await client.query('select 1 from job where id = $1 for no key update', [job]);
  const { rows } = await client.query<Latest>(
    `select d.id, d.tenant_id, d.attempt, d.state, j.spec ? 'repeatableWithinMs' as repeatable,
       system_actor(d.tenant_id) as actor_id,
       exists (select 1 from planned_transfer t where t.dispatch_id = d.id) as moves_liquid,
       iso_time(repeatable_until(j)) as repeatable_until, coalesce(repeatable_until(j) < lab_now(j.site_id), false) as window_over
     from dispatch d join job j on j.id = d.job_id where d.job_id = $1 order by d.attempt desc limit 1 for update of d`,
    [job],
  );
  if (!rows[0]) throw new DomainError('not-found', `there is no job ${job}`);
  return rows[0];
}

/** Failed or unknown, it is the same motion again; one that was withdrawn has not moved. */
function refuseOutsideWindow({ state, window_over: over, repeatable_until: until }: Latest, wish: Redispatch): void {
  if (!over || wish.decided || wish.worklist || state === 'withdrawn') return;
  throw new DomainError(
    'window-over',
    `it could be repeated without a person's word until ${until} (lab time); that is over`,
    { repeatableUntil: until },
  );
}

/** No evidence came, and doing it again harms nothing: what is left of the unknown dispatch is its record. */
async function settleRepeatable(client: PoolClient, latest: Latest, wish: Redispatch): Promise<void> {
  if (latest.state === 'unknown' && latest.repeatable) {
    const resolution = {
      verdict: 'did-not',
      reason: 'no evidence came; the step may be repeated and is dispatched again',
      by: 'system',
    };
    await client.query('select resolve_dispatch($1, $2, $3, $4)', [
      latest.tenant_id,
      latest.id,
      latest.actor_id,
      JSON.stringify(resolution),
    ]);
    // Whoever dispatches again knows; the message about the attempt before would only come late.
    await client.query(
      `update outbox set sent_at = now(), handled_at = now()
       where sent_at is null and payload ->> 'jobId' = $1 and (payload ->> 'attempt')::int = $2`,
      [wish.jobId, latest.attempt],
    );
    return;
  }
  if (!['failed', 'withdrawn'].includes(latest.state) || wish.attempt !== latest.attempt + 1) {
    throw new DomainError(
      'illegal-transition',
      `attempt ${wish.attempt} of job ${wish.jobId} was asked for while attempt ${latest.attempt} is ${latest.state}`,
      { state: latest.state, attempt: latest.attempt },
    );
  }
}

async function insertAttempt(client: PoolClient, latest: Latest, wish: Redispatch): Promise<void> {
  const id = dispatchId(wish.jobId, wish.attempt);
  if (latest.moves_liquid && !wish.worklist) {
    throw new DomainError(
      'plan-impossible',
      `attempt ${wish.attempt} of job ${wish.jobId} needs a worklist of what is left`,
    );
  }
  const nothingLeft = wish.worklist?.transfers.length === 0;
  await client.query(`select queue_attempt($1, $2, $3, decode($4, 'hex'), $5, $6)`, [
    wish.jobId,
    id,
    wish.attempt,
    nothingLeft ? null : (wish.worklist?.sha256 ?? null),
    nothingLeft,
    wish.actorId ?? latest.actor_id,
  ]);
  await client.query(
    `insert into planned_transfer (dispatch_id, ordinal, from_labware_id, from_well, to_labware_id, to_well, volume_pl)
     select $1, (t ->> 0)::int, (t ->> 1)::uuid, t ->> 2, (t ->> 3)::uuid, t ->> 4, (t ->> 5)::bigint
     from jsonb_array_elements($2::jsonb) t`,
    [id, JSON.stringify(transferArgument(wish.worklist?.transfers ?? []))],
  );
  // Products of the wells this attempt still fills; all of them when no liquid is moved.
  await client.query(
    `insert into planned_sample (dispatch_id, labware_id, well, sample_id, kind, construct_id, clone_id, code)
     select $2, s.labware_id, s.well, s.sample_id, s.kind, s.construct_id, s.clone_id, s.code
     from planned_sample s join dispatch d on d.id = s.dispatch_id
     where d.job_id = $1 and d.attempt = 1 and (not $3 or exists (
       select 1 from planned_transfer t where t.dispatch_id = $2 and t.to_labware_id = s.labware_id and t.to_well = s.well))`,
    [wish.jobId, id, latest.moves_liquid],
  );
  if (nothingLeft) return settleEmpty(client, id, latest.actor_id, wish);
  await client.query('select refuse_material(reserve_material(array[$1::uuid])), announce_jobs(array[$1::uuid])', [
    wish.jobId,
  ]);
}

/** Inside this transaction the empty attempt is unknown for a moment: the one state from which no device is needed to settle. */
async function settleEmpty(client: PoolClient, id: string, actor: string, wish: Redispatch): Promise<void> {
  const resolution = { verdict: 'happened', reason: wish.reason ?? 'nothing was left to move', by: 'system' };
  await client.query(`select resolve_dispatch(tenant_id, id, $2, $3) from dispatch where id = $1`, [
    id,
    wish.actorId ?? actor,
    JSON.stringify(resolution),
  ]);
}
