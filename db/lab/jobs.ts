import type { Pool } from 'pg';
import type { DispatchState } from '../../libs/device/transitions';

/** A job as people see it: its latest dispatch, where it is and why it waits. */
export interface JobView {
  readonly id: string;
  readonly campaign?: string;
  readonly round?: number;
  readonly stage?: string;
  readonly stepKey: string;
  readonly capability: string;
  readonly summary: string;
  readonly dispatchId: string;
  readonly attempt: number;
  readonly state: DispatchState;
  readonly device?: string;
  /** Why a queued or blocked job waits. */
  readonly waitingFor?: string;
  readonly earliestStartAt?: string;
  readonly dueAt?: string;
  readonly untilLabTime?: string;
  readonly progress?: Readonly<Record<string, unknown>>;
  readonly problem?: string;
}

/** Which jobs; `after` = id of the last one seen. */
export interface JobQuery {
  readonly tenantId: string;
  readonly state?: DispatchState;
  readonly campaign?: string;
  readonly after?: string;
  readonly limit: number;
}

/** What is open comes first, what moves before what waits; then what is settled. */
const openStates = ['started', 'leased', 'queued', 'blocked', 'unknown', 'failed'] as const satisfies DispatchState[];

/** Where a job `j` with dispatch `d` stands in the list; smaller comes first. $6 = open states. */
const standing = `coalesce(array_position($6::text[], d.state), 99),
  case when d.state = any($6::text[]) then 0 else -extract(epoch from coalesce(d.settled_at, 'epoch')) end, j.id`;

/**
 * Jobs a page at a time: open ones by state, in the order they were made, then the settled ones, newest first.
 * A job that changes its state between two pages may be seen twice or not at all.
 */
export async function viewJobs(pool: Pool, wanted: JobQuery): Promise<JobView[]> {
  const { rows } = await pool.query<{ view: JobView }>(
    `select json_strip_nulls(json_build_object('id', j.id, 'campaign', c.slug, 'round', j.round, 'stage', j.stage,
       'stepKey', j.step_key, 'capability', j.capability, 'summary', j.spec ->> 'summary', 'dispatchId', d.id,
       'attempt', d.attempt, 'state', d.state, 'device', v.code,
       'waitingFor', case d.state when 'queued' then why_waiting((select y from dispatch y where y.id = d.id)) when 'blocked' then (
         select 'needs ' || string_agg(p.step_key, ', ' order by p.step_key) from job_need n join job p on p.id = n.needs_job_id
         where n.job_id = j.id and not exists (select 1 from dispatch x where x.job_id = p.id and x.state = 'succeeded')) end,
       'earliestStartAt', iso_time(j.earliest_start_at), 'dueAt', iso_time(j.due_at),
       'untilLabTime', iso_time(d.until_lab_at), 'progress', d.progress,
       'problem', coalesce(d.outcome -> 'problem' ->> 'message', d.resolution ->> 'reason'))) as view
     from job j
     join lateral (select * from dispatch x where x.job_id = j.id order by x.attempt desc limit 1) d on true
     left join campaign c on c.id = j.campaign_id
     left join device v on v.id = coalesce(d.device_id, j.routed_device_id)
     where j.tenant_id = $1 and ($2::text is null or d.state = $2) and ($3::text is null or c.slug = $3)
       and ($4::uuid is null or (${standing}) > (
         select ${standing} from job j
         cross join lateral (select * from dispatch x where x.job_id = j.id order by x.attempt desc limit 1) d
         where j.id = $4))
     order by ${standing} limit $5`,
    [wanted.tenantId, wanted.state ?? null, wanted.campaign ?? null, wanted.after ?? null, wanted.limit, openStates],
  );
  return rows.map((row) => row.view);
}
