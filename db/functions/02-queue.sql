-- How work enters the queue, and when it may leave it.

-- Queued dispatches with what decides whether a device may have them. The one definition for the lease and the clock.
drop view if exists waiting_work;
create view waiting_work as
select d.id, d.job_id, d.site_id, d.capability, d.queued_at, j.priority, j.rank, j.routed_device_id, j.earliest_start_at,
  coalesce(c.status in ('submitted', 'running'), true) as campaign_runs,
  l.obstructed, l.ready_at, l.places, l.place_id
from dispatch d
join job j on j.id = d.job_id
left join campaign c on c.id = j.campaign_id
cross join lateral (
  select coalesce(bool_or(w.held or w.discarded or w.in_use_by is not null), false) as obstructed,
    max(w.ready_at) as ready_at,
    -- Places of the labware that must be on the device: none needed, together on one, or apart.
    count(distinct w.place_id) filter (where jl.at = 'device') as places,
    (array_agg(w.place_id) filter (where jl.at = 'device'))[1] as place_id
  from job_labware jl join labware w on w.id = jl.labware_id
  where jl.job_id = d.job_id
) l
where d.state = 'queued';

-- Wakes whoever may want a queued job: its device when it is routed, else one device of the capability. The job's id keeps
-- PostgreSQL from folding the notices of one transaction into one: two jobs wake two devices. Labware that
-- must be brought concerns logistics too.
create or replace function announce_jobs(p_jobs uuid[]) returns void language plpgsql
set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
begin
  perform pg_notify('job_ready', coalesce('d:' || j.routed_device_id, 'c:' || j.site_id || ':' || j.capability || ':' || j.id)),
    -- With a limit the labware is looked up by job; a bare `exists` would read the whole table into a hash.
    case when (select true from job_labware jl where jl.job_id = j.id and jl.at = 'device' limit 1)
      then pg_notify('lab_changed', j.site_id::text) end
  from job j where j.id = any (p_jobs);
end $$;

-- Writes when, in lab time, jobs may and must start, from the holds of what they need.
create or replace function apply_holds(p_jobs uuid[]) returns void language plpgsql
set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
begin
  if not exists (
    select 1 from job_need n join job p on p.id = n.needs_job_id where n.job_id = any (p_jobs) and p.hold_min_ms is not null
  ) then return; end if;
  update job j set earliest_start_at = h.earliest, due_at = h.due
  from (
    select n.job_id, max(d.settled_lab_at + p.hold_min_ms * interval '1 millisecond') as earliest,
      min(d.settled_lab_at + p.hold_max_ms * interval '1 millisecond') as due
    from job_need n
    join job p on p.id = n.needs_job_id
    join dispatch d on d.job_id = p.id and d.state = 'succeeded'
    where n.job_id = any (p_jobs) and p.hold_min_ms is not null
    group by n.job_id
  ) h
  where j.id = h.job_id;
  perform set_hold_timers(p_jobs);
end $$;

-- Whether every job this one needs has succeeded.
create or replace function needs_met(p_job uuid) returns boolean language sql stable as $$
  select not exists (
    select 1 from job_need n where n.job_id = p_job and not exists (
      select 1 from dispatch d where d.job_id = n.needs_job_id and d.state = 'succeeded'))
$$;

-- Queues the blocked ones of these jobs whose needs are met. Their rows in `job` are locked by the caller, in an earlier
-- statement: two predecessors that settle at once, or an enqueue that races a settle, then cannot lose the release.
create or replace function release_jobs(p_jobs uuid[], p_actor uuid) returns integer language plpgsql
set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
declare
  v_freed uuid[];
begin
  select array_agg(d.job_id) into v_freed from dispatch d
  where d.job_id = any (p_jobs) and d.state = 'blocked' and needs_met(d.job_id);
  if v_freed is null then return 0; end if;
  perform apply_holds(v_freed);
  update dispatch d set state = 'queued', queued_at = clock_timestamp(), change = jsonb_build_object('by', p_actor,
    'earliestStartAt', iso_time(j.earliest_start_at), 'dueAt', iso_time(j.due_at))
  from job j where j.id = d.job_id and d.job_id = any (v_freed) and d.state = 'blocked';
  perform announce_jobs(v_freed);
  return cardinality(v_freed);
end $$;

-- Queues a block in one transaction; jobs that exist keep their content. See db/device-work/enqueue.ts for the argument.
create or replace function enqueue_block(p jsonb) returns setof job_state language plpgsql
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan as $$
declare
  v_tenant constant uuid := p ->> 'tenantId';
  v_site constant uuid := p ->> 'siteId';
  v_campaign constant uuid := p ->> 'campaignId';
  v_actor constant uuid := coalesce((p ->> 'actorId')::uuid, system_actor(v_tenant));
  v_jobs constant jsonb := p -> 'jobs';
  v_fresh uuid[];
begin
  insert into labware (id, tenant_id, site_id, barcode, kind, place_id)
  select distinct on (l."labwareId") l."labwareId", v_tenant, v_site, l.barcode, l.kind, place.id
  from jsonb_array_elements(v_jobs) j
  cross join jsonb_to_recordset(j -> 'spec' -> 'labware') as l ("labwareId" uuid, barcode text, kind text)
  join place on place.site_id = v_site and place.code = 'consumables'
  where not exists (select 1 from labware known where known.id = l."labwareId")
  on conflict do nothing;

  with made as (
    insert into job (id, tenant_id, site_id, campaign_id, round, stage, step_key, block_key, tells_success, serves_job_id,
      capability, spec, hold_min_ms, hold_max_ms, priority, rank)
    select (j ->> 'id')::uuid, v_tenant, v_site, v_campaign, (p ->> 'round')::int, p ->> 'stage', j ->> 'stepKey',
      p ->> 'blockKey', (j ->> 'tellsSuccess')::boolean, (j ->> 'servesJobId')::uuid, j -> 'spec' ->> 'capability',
      j -> 'spec', (j ->> 'holdMinMs')::bigint, (j ->> 'holdMaxMs')::bigint, (j ->> 'priority')::smallint,
      (j ->> 'rank')::int
    from jsonb_array_elements(v_jobs) j
    on conflict do nothing
    returning id
  ) select array_agg(id) into v_fresh from made;

  if v_fresh is not null then
    -- Holds the needed jobs still, so that none settles between the look at its state and the commit of this block.
    perform 1 from job where id in (
      select need::uuid from jsonb_array_elements(v_jobs) j cross join jsonb_array_elements_text(j -> 'needs') need
    ) and id <> all (v_fresh) order by id for share;

    insert into job_need (job_id, needs_job_id)
    select (j ->> 'id')::uuid, need::uuid
    from jsonb_array_elements(v_jobs) j cross join jsonb_array_elements_text(j -> 'needs') need
    where (j ->> 'id')::uuid = any (v_fresh)
    on conflict do nothing;

    insert into job_labware (job_id, labware_id, role, at)
    select (j ->> 'id')::uuid, l."labwareId", l.role, l.at
    from jsonb_array_elements(v_jobs) j
    cross join jsonb_to_recordset(j -> 'spec' -> 'labware') as l ("labwareId" uuid, role text, at text)
    where (j ->> 'id')::uuid = any (v_fresh)
    on conflict do nothing;

    insert into dispatch (id, tenant_id, site_id, job_id, attempt, state, capability, worklist_sha256, queued_at, change)
    select (j ->> 'dispatchId')::uuid, v_tenant, v_site, (j ->> 'id')::uuid, 1,
      case when open.yes then 'blocked' else 'queued' end, j -> 'spec' ->> 'capability',
      decode(j ->> 'worklistSha256', 'hex'), case when open.yes then null else clock_timestamp() end,
      jsonb_build_object('by', v_actor)
    from jsonb_array_elements(v_jobs) with ordinality as t (j, place)
    cross join lateral (select not needs_met((j ->> 'id')::uuid) as yes) open
    where (j ->> 'id')::uuid = any (v_fresh)
    order by place;

    insert into planned_transfer (dispatch_id, ordinal, from_labware_id, from_well, to_labware_id, to_well, volume_pl)
    select (j ->> 'dispatchId')::uuid, (t ->> 0)::int, (t ->> 1)::uuid, t ->> 2, (t ->> 3)::uuid, t ->> 4, (t ->> 5)::bigint
    from jsonb_array_elements(v_jobs) j cross join jsonb_array_elements(j -> 'transfers') t
    where (j ->> 'id')::uuid = any (v_fresh);

    insert into planned_sample (dispatch_id, labware_id, well, sample_id, kind, construct_id, clone_id, code)
    select (j ->> 'dispatchId')::uuid, s."labwareId", s.well, s."sampleId", s.kind, s."constructId", s."cloneId", s.code
    from jsonb_array_elements(v_jobs) j
    cross join jsonb_to_recordset(j -> 'products') as s (
      "labwareId" uuid, well text, "sampleId" uuid, kind text, "constructId" uuid, "cloneId" uuid, code text)
    where (j ->> 'id')::uuid = any (v_fresh)
    on conflict do nothing;

    perform apply_holds(v_fresh);
    perform announce_jobs(array(select job_id from dispatch where job_id = any (v_fresh) and state = 'queued'));
  end if;

  perform mark_handled(array(select value::uuid from jsonb_array_elements_text(p -> 'handledEventIds')));
  return query select * from job_states(array(
    select (j ->> 'id')::uuid from jsonb_array_elements(v_jobs) with ordinality as t (j, place) order by place));
end $$;
