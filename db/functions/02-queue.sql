-- How work enters the queue, and when it may leave it.

drop view if exists waiting_work;

-- Lab time from which a job goes before the fair order: an hour before it must have started, or after twelve hours in the
-- queue, so that no rank and no share can keep it there for ever.
create or replace function urgent_from(p_due timestamptz, p_since timestamptz) returns timestamptz language sql stable as $$
  select least(p_due - interval '1 hour', p_since + interval '12 hours')
$$;

drop function if exists virtual_time(uuid, text);

-- Gives jobs their places in the queue: weighted fair share by self-clocked fair queueing (Golestani 1994). A job's tag is
-- max(virtual time, last tag of its flow) + expected duration / weight; the smallest tag goes first. Virtual time is the greatest
-- tag at which something was leased in fair order: whoever comes new starts there, neither before those who waited nor behind
-- what others have taken in advance. A flow is what one
-- campaign asks of one capability at one priority; its weight is the campaign's, four times as much for each step of
-- priority. A move belongs to the flow of the campaign whose job it serves: who has much carried pays for it.
-- The row of the flow is locked until the transaction ends, so that tags of one flow never repeat.
create or replace function take_places(p_jobs uuid[])
returns table (job uuid, tag double precision, urgent timestamptz, waits boolean, stops boolean) language plpgsql
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan as $$
declare
  v_flow record;
begin
  for v_flow in
    select w.site_id, w.capability, w.flow, w.priority, lab_now(w.site_id) as lab, sum(w.cost) as cost, array_agg(w.id order by w.place) as ids,
      array_agg(w.cost order by w.place) as costs, array_agg(w.earliest_start_at order by w.place) as earliest,
      array_agg(w.due_at order by w.place) as due, array_agg(w.stops order by w.place) as stops
    from (
      select j.id, w.place, j.site_id, j.capability, coalesce(j.campaign_id, served.campaign_id, j.site_id) as flow, j.priority,
        j.earliest_start_at, j.due_at,
        j.campaign_id is not null and c.status not in ('submitted', 'running') as stops,
        greatest((j.spec ->> 'durationMs')::float8, 1000) / (coalesce(c.weight, 1) * power(4, 3 - j.priority)) as cost
      from unnest(p_jobs) with ordinality w (id, place)
      join job j on j.id = w.id
      left join job served on served.id = j.serves_job_id
      left join campaign c on c.id = coalesce(j.campaign_id, served.campaign_id)
    ) w group by 1, 2, 3, 4 order by 1, 2, 3, 4
  loop
    insert into campaign_share as known (site_id, capability, flow_id, priority, finish)
    values (v_flow.site_id, v_flow.capability, v_flow.flow, v_flow.priority,
      coalesce((select max(virtual_at) from dispatch
        where site_id = v_flow.site_id and capability = v_flow.capability and virtual_at is not null), 0) + v_flow.cost)
    on conflict (site_id, capability, flow_id, priority)
      do update set finish = greatest(known.finish, excluded.finish - v_flow.cost) + v_flow.cost
    returning finish - v_flow.cost into tag;
    for i in 1..cardinality(v_flow.ids) loop
      job := v_flow.ids[i];
      tag := tag + v_flow.costs[i];
      urgent := urgent_from(v_flow.due[i], greatest(v_flow.lab, v_flow.earliest[i]));
      waits := coalesce(v_flow.earliest[i] > v_flow.lab, false);
      stops := v_flow.stops[i];
      return next;
    end loop;
  end loop;
end $$;

-- Whether a job needs labware on its device. With a limit it is looked up by job, never hashed as a whole.
create or replace function needs_deck(p_job uuid) returns boolean language sql stable as $$
  select coalesce((select true from job_labware where job_id = p_job and at = 'device' limit 1), false)
$$;

-- Routes jobs whose labware already stands together on a device that can do them; logistics sees to all others.
create or replace function route_where_it_stands(p_jobs uuid[]) returns void language plpgsql
set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
begin
  update job j set routed_device_id = v.id
  from (
    select jl.job_id, (array_agg(w.place_id))[1] as place_id
    from job_labware jl join labware w on w.id = jl.labware_id
    where jl.job_id = any (p_jobs) and jl.at = 'device'
    group by jl.job_id having count(distinct w.place_id) = 1
  ) l
  join lateral (
    select d.id from device d join job wanted on wanted.id = l.job_id
    where d.place_id = l.place_id and d.state = 'in-service' and wanted.capability = any (d.capabilities)
    order by d.code limit 1
  ) v on true
  where j.id = l.job_id and j.routed_device_id is null;
end $$;

-- Labware that arrives on a device's place routes the jobs there that waited for it and have no route yet. What another
-- transaction holds, and what is far down the queue, is left to logistics.
create or replace function follow_labware() returns trigger language plpgsql
set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
declare
  v_jobs uuid[];
begin
  if not exists (select 1 from device where place_id = new.place_id) then return null; end if;
  v_jobs := array(
    select j.id from job_labware jl join dispatch d on d.job_id = jl.job_id and d.state = 'queued' join job j on j.id = d.job_id
    where jl.labware_id = new.id and jl.at = 'device' and j.routed_device_id is null
    order by d.fair_tag limit 50 for no key update of j skip locked);
  if v_jobs <> '{}' then
    perform route_where_it_stands(v_jobs), announce_jobs(v_jobs);
  end if;
  return null;
end $$;

-- Wakes whoever may want a queued job: its device when it is routed, else one device of the capability. The job's id keeps
-- PostgreSQL from folding the notices of one transaction into one: two jobs wake two devices. Nobody is woken for a job whose
-- time has not come, whose campaign does not run, or whose labware is nowhere together. Labware that must be brought concerns logistics too.
create or replace function announce_jobs(p_jobs uuid[]) returns void language plpgsql
set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
begin
  perform case when not (d.timed or d.parked or d.deck and d.routed_device_id is null) then pg_notify('job_ready',
      coalesce('d:' || d.routed_device_id, 'c:' || d.site_id || ':' || d.capability || ':' || d.job_id)) end,
    case when d.deck then pg_notify('lab_changed', d.site_id::text) end
  from dispatch d where d.job_id = any (p_jobs) and d.state = 'queued';
end $$;

-- Why a queued job waits, for people: what no device can change first, then what logistics and hours wrote, then material.
create or replace function why_waiting(p_dispatch dispatch) returns text language sql stable as $$
  select coalesce(
    case when p_dispatch.parked or c.status not in ('submitted', 'running') then 'its campaign does not run' end,
    case when j.earliest_start_at > lab_now(j.site_id) then 'not before ' || iso_time(j.earliest_start_at) || ' lab time' end,
    case when p_dispatch.timed then j.waiting_for end,
    (select case when w.held then w.barcode || ' is held: ' || coalesce(w.held_reason, 'no reason given')
        when w.discarded then w.barcode || ' is discarded'
        else w.barcode || ' is on hold until ' || iso_time(w.ready_at) || ' lab time' end
     from job_labware jl join labware w on w.id = jl.labware_id
     where jl.job_id = j.id and (w.held or w.discarded or w.ready_at > lab_now(j.site_id))
     order by w.held desc, w.discarded desc, w.barcode limit 1),
    nullif(concat_ws('; ', j.waiting_for,
      material_problem(j.id, (select place_id from device where id = p_dispatch.routed_device_id))), ''))
  from job j left join campaign c on c.id = j.campaign_id where j.id = p_dispatch.job_id
$$;

-- Jobs whose time has come join the queue.
create or replace function promote_timed(p_site uuid, p_limit integer) returns void language sql
set enable_seqscan = off as $$
  update dispatch set timed = false where id in (
    select id from dispatch where site_id = p_site and state = 'queued' and timed and not_before <= lab_now(p_site)
    order by not_before limit p_limit for update skip locked)
$$;

-- Jobs leave the queue while their campaign does not run and come back when it does. What another transaction holds at
-- this moment is left for the next look.
create or replace function park_campaign(p_campaign uuid, p_stops boolean) returns void language plpgsql
set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
begin
  if p_stops then
    update dispatch set parked = true where id in (
      select id from dispatch where campaign_id = p_campaign and state = 'queued' and not parked for update skip locked);
  else
    update dispatch set parked = false where id in (
      select id from dispatch where campaign_id = p_campaign and state = 'queued' and parked for update skip locked);
  end if;
end $$;

-- Looks for jobs that a change of their campaign's status met in another transaction's hands.
create or replace function park_campaigns() returns void language plpgsql
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan as $$
begin
  perform park_campaign(c.id, true) from campaign c
  where c.status not in ('submitted', 'running')
    and (select true from dispatch d where d.campaign_id = c.id and d.state = 'queued' and not d.parked
      order by d.queued_at limit 1);
  perform park_campaign(c.id, false) from campaign c
  where c.status in ('submitted', 'running')
    and (select true from dispatch d where d.campaign_id = c.id and d.state = 'queued' and d.parked
      order by d.queued_at limit 1);
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

-- What must be known of jobs before they take their places: when they may start, and where their labware stands.
create or replace function prepare_places(p_jobs uuid[]) returns void language plpgsql
set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
begin
  perform apply_holds(p_jobs);
  if exists (select 1 from unnest(p_jobs) job where needs_deck(job)) then perform route_where_it_stands(p_jobs); end if;
end $$;

-- Gives the blocked ones of these jobs whose needs are met a place in the queue. @returns which
create or replace function admit_jobs(p_jobs uuid[], p_actor uuid) returns uuid[] language plpgsql
set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
declare
  v_freed constant uuid[] := array(
    select d.job_id from unnest(p_jobs) with ordinality w (id, place) join dispatch d on d.job_id = w.id
    where d.state = 'blocked' and needs_met(d.job_id) order by w.place);
begin
  if v_freed = '{}' then return v_freed; end if;
  perform prepare_places(v_freed);
  update dispatch d set state = 'queued', queued_at = clock_timestamp(), campaign_id = j.campaign_id, rank = j.rank,
    routed_device_id = j.routed_device_id, not_before = j.earliest_start_at, fair_tag = t.tag, urgent_at = t.urgent,
    timed = t.waits, parked = t.stops, change = jsonb_build_object('by', p_actor,
      'earliestStartAt', iso_time(j.earliest_start_at), 'dueAt', iso_time(j.due_at))
  from take_places(v_freed) t join job j on j.id = t.job
  where d.job_id = j.id and d.state = 'blocked';
  return v_freed;
end $$;

-- Queues the blocked ones of these jobs whose needs are met. Their rows in `job` are locked by the caller, in an earlier
-- statement: two predecessors that settle at once, or an enqueue that races a settle, then cannot lose the release.
create or replace function release_jobs(p_jobs uuid[], p_actor uuid) returns integer language plpgsql
set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
declare
  v_freed constant uuid[] := admit_jobs(p_jobs, p_actor);
begin
  if v_freed = '{}' then return 0; end if;
  perform announce_jobs(v_freed);
  return cardinality(v_freed);
end $$;

-- Makes another attempt at a job; the job's row is locked by the caller. An attempt with nothing left to do is unknown until
-- the caller settles it in the same transaction.
create or replace function queue_attempt(
  p_job uuid, p_dispatch uuid, p_attempt integer, p_worklist bytea, p_nothing_left boolean, p_actor uuid
) returns void language plpgsql set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
declare
  v_ready constant uuid[] := case when needs_met(p_job) and not p_nothing_left then array[p_job] else '{}' end;
begin
  perform prepare_places(v_ready);
  insert into dispatch (id, tenant_id, site_id, job_id, attempt, state, capability, worklist_sha256, queued_at, campaign_id,
    rank, routed_device_id, deck, not_before, fair_tag, urgent_at, timed, parked, change)
  select p_dispatch, j.tenant_id, j.site_id, j.id, p_attempt,
    case when p_nothing_left then 'unknown' when place.job is null then 'blocked' else 'queued' end,
    j.capability, p_worklist, case when needs_met(j.id) then now() end, j.campaign_id, j.rank, j.routed_device_id,
    needs_deck(j.id), j.earliest_start_at, place.tag, place.urgent, coalesce(place.waits, false),
    coalesce(place.stops, false), jsonb_build_object('by', p_actor)
  from job j left join take_places(v_ready) place on place.job = j.id
  where j.id = p_job;
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
  -- What the jobs of this block have any of; a statement for what none of them has is left out.
  v_labware constant uuid[] := array(select value::uuid
    from jsonb_array_elements_text(jsonb_path_query_array(v_jobs, '$[*].spec.labware[*].labwareId')));
  v_needs constant boolean := jsonb_path_exists(v_jobs, '$[*].needs[*]');
  v_deck constant boolean := jsonb_path_exists(v_jobs, '$[*].spec.labware[*] ? (@.at == "device")');
  v_fresh uuid[];
  v_ready uuid[];
begin
  if exists (select 1 from unnest(v_labware) used (id) where not exists (select 1 from labware known where known.id = used.id)) then
    insert into labware (id, tenant_id, site_id, barcode, kind, place_id)
    select distinct on (l."labwareId") l."labwareId", v_tenant, v_site, l.barcode, l.kind, place.id
    from jsonb_array_elements(v_jobs) j
    cross join jsonb_to_recordset(j -> 'spec' -> 'labware') as l ("labwareId" uuid, barcode text, kind text)
    join place on place.site_id = v_site and place.code = 'consumables'
    where not exists (select 1 from labware known where known.id = l."labwareId")
    on conflict do nothing;
  end if;

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
    if v_needs then
      -- Holds the needed jobs still, so that none settles between the look at its state and the commit of this block.
      perform 1 from job where id in (
        select need::uuid from jsonb_array_elements(v_jobs) j cross join jsonb_array_elements_text(j -> 'needs') need
      ) and id <> all (v_fresh) order by id for share;

      insert into job_need (job_id, needs_job_id)
      select (j ->> 'id')::uuid, need::uuid
      from jsonb_array_elements(v_jobs) j cross join jsonb_array_elements_text(j -> 'needs') need
      where (j ->> 'id')::uuid = any (v_fresh)
      on conflict do nothing;
    end if;

    if v_labware <> '{}' then
      insert into job_labware (job_id, labware_id, role, at)
      select (j ->> 'id')::uuid, l."labwareId", l.role, l.at
      from jsonb_array_elements(v_jobs) j
      cross join jsonb_to_recordset(j -> 'spec' -> 'labware') as l ("labwareId" uuid, role text, at text)
      where (j ->> 'id')::uuid = any (v_fresh)
      on conflict do nothing;
    end if;

    -- `made` returns jobs in the order of the block.
    v_ready := case when v_needs then array(
      select j.id from unnest(v_fresh) with ordinality j (id, place) where needs_met(j.id) order by place) else v_fresh end;
    if v_needs or v_deck then perform prepare_places(v_ready); end if;
    insert into dispatch (id, tenant_id, site_id, job_id, attempt, state, capability, worklist_sha256, queued_at, campaign_id,
      rank, routed_device_id, deck, not_before, fair_tag, urgent_at, timed, parked, change)
    select (t.j ->> 'dispatchId')::uuid, v_tenant, v_site, made.id, 1,
      case when place.job is null then 'blocked' else 'queued' end, made.capability,
      decode(t.j ->> 'worklistSha256', 'hex'), case when place.job is null then null else clock_timestamp() end, v_campaign,
      made.rank, made.routed_device_id, v_deck and needs_deck(made.id), made.earliest_start_at, place.tag, place.urgent,
      coalesce(place.waits, false), coalesce(place.stops, false), jsonb_build_object('by', v_actor)
    from jsonb_array_elements(v_jobs) with ordinality as t (j, n)
    join job made on made.id = (t.j ->> 'id')::uuid
    left join take_places(v_ready) place on place.job = made.id
    where made.id = any (v_fresh)
    order by t.n;

    if jsonb_path_exists(v_jobs, '$[*].transfers[*]') then
      insert into planned_transfer (dispatch_id, ordinal, from_labware_id, from_well, to_labware_id, to_well, volume_pl)
      select (j ->> 'dispatchId')::uuid, (t ->> 0)::int, (t ->> 1)::uuid, t ->> 2, (t ->> 3)::uuid, t ->> 4, (t ->> 5)::bigint
      from jsonb_array_elements(v_jobs) j cross join jsonb_array_elements(j -> 'transfers') t
      where (j ->> 'id')::uuid = any (v_fresh);
    end if;

    if jsonb_path_exists(v_jobs, '$[*].products[*]') then
      insert into planned_sample (dispatch_id, labware_id, well, sample_id, kind, construct_id, clone_id, code)
      select (j ->> 'dispatchId')::uuid, s."labwareId", s.well, s."sampleId", s.kind, s."constructId", s."cloneId", s.code
      from jsonb_array_elements(v_jobs) j
      cross join jsonb_to_recordset(j -> 'products') as s (
        "labwareId" uuid, well text, "sampleId" uuid, kind text, "constructId" uuid, "cloneId" uuid, code text)
      where (j ->> 'id')::uuid = any (v_fresh)
      on conflict do nothing;
    end if;

    if v_labware <> '{}' then perform refuse_material(reserve_material(v_fresh)); end if;
    perform announce_jobs(v_ready);
  end if;

  if jsonb_path_exists(p, '$.handledEventIds[*]') then
    perform mark_handled(array(select value::uuid from jsonb_array_elements_text(p -> 'handledEventIds')));
  end if;
  if cardinality(v_fresh) = jsonb_array_length(v_jobs) then
    return query select j ->> 'stepKey', (j ->> 'id')::uuid, (j ->> 'dispatchId')::uuid, 1,
      case when (j ->> 'id')::uuid = any (v_ready) then 'queued' else 'blocked' end, null::text
    from jsonb_array_elements(v_jobs) with ordinality as t (j, place) order by place;
    return;
  end if;
  return query select * from job_states(array(
    select (j ->> 'id')::uuid from jsonb_array_elements(v_jobs) with ordinality as t (j, place) order by place));
end $$;
