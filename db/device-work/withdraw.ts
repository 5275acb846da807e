import type { Pool, PoolClient } from 'pg';
import { jobId } from '../ids';
import { inTransaction } from '../transaction';
import { toJobState } from './job-state';
import type { JobState, JobStateRow } from './job-state';

/** Which jobs are no longer wanted: some of a campaign by step key, or all its open ones. */
export interface Withdrawal {
  readonly campaignId: string;
  readonly stepKeys?: readonly string[];
  readonly reason: string;
  readonly actorId?: string;
  readonly handledEventIds?: readonly string[];
}

/**
 * Withdraws jobs that have not started, and the moves made for them. What is started or unknown stays as it is: its
 * device or a person still has the word. Reserved material is free again.
 * @returns the present state of every job named (of every open job when none is named)
 */
export async function withdraw(pool: Pool, wish: Withdrawal): Promise<JobState[]> {
  return inTransaction(pool, async (client) => {
    await client.query('select mark_handled($1::uuid[])', [wish.handledEventIds ?? []]);
    const jobs = wish.stepKeys?.map((key) => jobId(wish.campaignId, key)) ?? (await openJobs(client, wish.campaignId));
    const moves = await client.query<{ id: string }>('select id from job where serves_job_id = any($1::uuid[])', [
      jobs,
    ]);
    await withdrawJobs(client, [...jobs, ...moves.rows.map(({ id }) => id)], wish);
    const { rows } = await client.query<JobStateRow>('select * from job_states($1::uuid[])', [jobs]);
    return rows.map(toJobState);
  });
}

/** Withdraws the jobs of these ids as far as they have not started, inside the caller's transaction. */
export async function withdrawJobs(
  client: PoolClient,
  jobs: readonly string[],
  why: { readonly reason: string; readonly actorId?: string },
): Promise<number> {
  if (jobs.length === 0) return 0;
  await client.query('select 1 from job where id = any($1::uuid[]) order by id for no key update', [jobs]);
  const { rows } = await client.query<{ id: string; site_id: string }>(
    `update dispatch d set state = 'withdrawn', settled_at = now(), settled_lab_at = lab_now(d.site_id), lease_expires_at = null,
       resolution = jsonb_build_object('reason', $2::text),
       change = jsonb_build_object('by', coalesce($3::uuid, system_actor(d.tenant_id)), 'reason', $2::text)
     where d.id in (select id from dispatch where job_id = any($1::uuid[]) and state in ('blocked', 'queued', 'leased')
       order by id for update)
     returning d.id, d.site_id`,
    [jobs, why.reason, why.actorId ?? null],
  );
  const ids = rows.map(({ id }) => id);
  if (ids.length === 0) return 0;
  await client.query(
    `update labware set in_use_by = null where in_use_by = any($1::uuid[])
    and id in (select labware_id from job_labware where job_id = any($2::uuid[]))`,
    [ids, jobs],
  );
  await client.query('select free_material(id) from unnest($1::uuid[]) id', [ids]);
  await client.query('select cancel_hold_timer(id) from unnest($1::uuid[]) id', [jobs]);
  await client.query(`select pg_notify('lab_changed', site) from (select distinct unnest($1::text[]) as site) s`, [
    rows.map((row) => row.site_id),
  ]);
  return ids.length;
}

/**
 * Gives the verdict `void` to every sample a failed dispatch made: for an attempt that is planned anew instead of continued.
 * Volumes stay as they are.
 */
export async function voidMade(
  pool: Pool | PoolClient,
  by: { readonly dispatchId: string; readonly reason: string; readonly actorId?: string },
): Promise<number> {
  const { rowCount } = await pool.query(
    `insert into sample_verdict (tenant_id, sample_id, verdict, reason, evidence, actor_id)
     select tenant_id, id, 'void', $2, jsonb_build_object('dispatchId', $1::uuid), coalesce($3, system_actor(tenant_id))
     from sample where made_by_dispatch_id = $1 on conflict do nothing`,
    [by.dispatchId, by.reason, by.actorId ?? null],
  );
  return rowCount ?? 0;
}

async function openJobs(client: PoolClient, campaignId: string): Promise<string[]> {
  const { rows } = await client.query<{ job_id: string }>(
    `select d.job_id from dispatch d join job j on j.id = d.job_id
     where j.campaign_id = $1 and d.state in ('blocked', 'queued', 'leased', 'started', 'unknown') order by 1`,
    [campaignId],
  );
  return rows.map((row) => row.job_id);
}
