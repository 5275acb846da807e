-- The timed right to do a job: granted, given back, used once.

-- Gives a lease back to the queue; the dispatch row is locked by the caller.
create or replace function return_to_queue(p_dispatch dispatch, p_actor uuid, p_reason text) returns void language plpgsql as $$
declare
  v_job job;
begin
  update dispatch set state = 'queued', device_id = null, lease_expires_at = null, heartbeat_at = null, leased_at = null, by_hand = false,
    change = jsonb_build_object('by', p_actor, 'reason', p_reason)
  where id = p_dispatch.id;
  select * into v_job from job where id = p_dispatch.job_id;
  update labware set in_use_by = null
  where in_use_by = p_dispatch.id and id in (select labware_id from job_labware where job_id = v_job.id);
  perform free_material(p_dispatch.id);
  perform announce_jobs(array[v_job.id]);
end $$;

-- Locks the labware of a job for its use. What another transaction holds at this moment is passed over, never waited for.
-- @returns the labware; empty when the job needs none, null when some of it cannot be had
create or replace function lock_labware(p_job uuid, p_place uuid, p_lab timestamptz, p_by_hand boolean) returns uuid[]
language plpgsql set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
declare
  v_needed bigint;
  v_labware uuid[];
begin
  select coalesce(array_agg(x.id), '{}'), (select count(*) from job_labware where job_id = p_job) into v_labware, v_needed from (
    select w.id from job_labware jl join labware w on w.id = jl.labware_id
    where jl.job_id = p_job and w.in_use_by is null and not w.held and not w.discarded
      and (p_by_hand or ((jl.at <> 'device' or w.place_id = p_place) and (w.ready_at is null or w.ready_at <= p_lab)))
    for no key update of w skip locked) x;
  return case when cardinality(v_labware) = v_needed then v_labware end;
end $$;

-- Why a device gets no work at all at this moment, for people; null when it may get some.
create or replace function device_refusal(p_device device, p_lab timestamptz) returns text language plpgsql stable as $$
begin
  if p_device.state = 'draining' then
    return 'draining: it finishes what it has' || coalesce('; ' || p_device.state_reason, '');
  elsif p_device.state <> 'in-service' then
    return p_device.state || coalesce(': ' || p_device.state_reason, '');
  elsif p_device.condition = 'busy-foreign' then
    return 'busy with work that is not Anneal''s' || coalesce(': ' || p_device.condition_message, '');
  elsif exists (select 1 from opening_hours where site_id = p_device.site_id) and not is_open(p_device, p_lab) then
    return 'closed' || coalesce(
      ' until ' || site_time(p_device.site_id, first_within(device_times(p_device, p_lab), p_lab)), '');
  end if;
  return null;
end $$;

-- What a device may have at this moment, best first, as far as places, holds and campaigns go; hours and material are for
-- the caller. The one definition for the lease and the clock. Urgent work goes first, the most urgent ahead of all. Then
-- each capability's work in its own fair order (rank, tag); between capabilities the head that has waited longest. Every
-- part is read from an index in its order, and no further than p_limit that may be had: jobs that are timed, parked, or
-- wait elsewhere for labware are not even passed over.
create or replace function candidates_of(p_device device, p_lab timestamptz, p_passed uuid[], p_limit integer)
returns table (dispatch_id uuid, urgent boolean) language plpgsql stable
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off
set plan_cache_mode = force_generic_plan as $$
begin
  return query
  select c.id, c.urgent
  from (
    select u.id, true as urgent, u.urgent_at, 0 as rank, 1::bigint as turn, u.queued_at
    from unnest(p_device.capabilities) able (capability) cross join lateral (
      select d.id, d.urgent_at, d.queued_at from dispatch d
      where d.site_id = p_device.site_id and d.capability = able.capability and d.deck = false
        and d.state = 'queued' and not d.parked and not d.timed
        and d.urgent_at <= p_lab and d.routed_device_id is null and coalesce((select p.status in ('submitted', 'running') from campaign p where p.id = d.campaign_id), true)
        and not exists (
          select 1 from job_labware jl join labware w on w.id = jl.labware_id
          where jl.job_id = d.job_id and (w.held or w.discarded or w.in_use_by is not null or w.ready_at > p_lab
            or (jl.at = 'device' and w.place_id is distinct from p_device.place_id)))
        and d.id <> all (p_passed)
      order by d.urgent_at, d.id limit p_limit) u
    union all
    select d.id, true, d.urgent_at, 0, 1, d.queued_at from dispatch d
    where d.routed_device_id = p_device.id and d.state = 'queued' and not d.parked and not d.timed
      and d.urgent_at <= p_lab and coalesce((select p.status in ('submitted', 'running') from campaign p where p.id = d.campaign_id), true)
        and not exists (
          select 1 from job_labware jl join labware w on w.id = jl.labware_id
          where jl.job_id = d.job_id and (w.held or w.discarded or w.in_use_by is not null or w.ready_at > p_lab
            or (jl.at = 'device' and w.place_id is distinct from p_device.place_id)))
        and d.id <> all (p_passed)
    union all
    select f.id, false, null, f.rank, row_number() over (partition by able.capability order by f.rank, f.fair_tag, f.id),
      f.queued_at
    from unnest(p_device.capabilities) able (capability) cross join lateral (
      (select d.id, d.rank, d.fair_tag, d.queued_at from dispatch d
      where d.site_id = p_device.site_id and d.capability = able.capability and d.deck = false
        and d.state = 'queued' and not d.parked and not d.timed and d.routed_device_id is null and coalesce((select p.status in ('submitted', 'running') from campaign p where p.id = d.campaign_id), true)
        and not exists (
          select 1 from job_labware jl join labware w on w.id = jl.labware_id
          where jl.job_id = d.job_id and (w.held or w.discarded or w.in_use_by is not null or w.ready_at > p_lab
            or (jl.at = 'device' and w.place_id is distinct from p_device.place_id)))
        and d.id <> all (p_passed)
      order by d.rank, d.fair_tag, d.id limit p_limit)
      union all
      (select d.id, d.rank, d.fair_tag, d.queued_at from dispatch d
      where d.routed_device_id = p_device.id and d.capability = able.capability
        and d.state = 'queued' and not d.parked and not d.timed and coalesce((select p.status in ('submitted', 'running') from campaign p where p.id = d.campaign_id), true)
        and not exists (
          select 1 from job_labware jl join labware w on w.id = jl.labware_id
          where jl.job_id = d.job_id and (w.held or w.discarded or w.in_use_by is not null or w.ready_at > p_lab
            or (jl.at = 'device' and w.place_id is distinct from p_device.place_id)))
        and d.id <> all (p_passed)
      order by d.rank, d.fair_tag, d.id limit p_limit)
    ) f
  ) c
  order by c.urgent desc, c.urgent_at, c.rank, c.turn, c.queued_at, c.id;
end $$;

-- Gives a device the lease of a dispatch; the row is locked by the caller, and so is its labware.
create or replace function grant_lease(
  p_dispatch uuid, p_device device, p_labware uuid[], p_lab timestamptz, p_actor uuid, p_lease_ms integer,
  p_fair boolean, p_by_hand boolean
) returns jsonb language plpgsql set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
declare
  v_dispatch dispatch;
  v_job job;
begin
  if p_labware <> '{}' then update labware set in_use_by = p_dispatch where id = any (p_labware); end if;
  update dispatch set state = 'leased', device_id = p_device.id, fencing_token = nextval('fencing_token'),
    leased_at = now(), heartbeat_at = now(), lease_expires_at = now() + p_lease_ms * interval '1 millisecond',
    virtual_at = case when p_fair then fair_tag else virtual_at end, by_hand = p_by_hand,
    change = jsonb_build_object('by', p_actor, 'device', p_device.code)
      || case when p_by_hand then '{"byHand": true}' else '{}'::jsonb end
  where id = p_dispatch returning * into v_dispatch;
  select * into v_job from job where id = v_dispatch.job_id;
  return jsonb_build_object('status', 'leased', 'job', jsonb_build_object(
    'protocolVersion', 1, 'dispatchId', p_dispatch, 'jobId', v_job.id, 'stepKey', v_job.step_key,
    'attempt', v_dispatch.attempt, 'fencingToken', v_dispatch.fencing_token::text, 'leaseMs', p_lease_ms,
    'spec', v_job.spec, 'labNow', iso_time(p_lab)
  ) || coalesce(bind_material(v_dispatch, v_job), '{}') || case when v_dispatch.worklist_sha256 is null then '{}'::jsonb else coalesce((
    select jsonb_build_object('worklist', jsonb_build_object('sha256', encode(f.sha256, 'hex'), 'bytes', f.bytes,
      'name', f.name, 'mediaType', f.media_type))
    from file f where f.tenant_id = v_dispatch.tenant_id and f.sha256 = v_dispatch.worklist_sha256), '{}') end);
end $$;

-- The job a device takes without a search, locked: the first in the fair order of what it was woken for, without a hint of its
-- first capability, that nobody takes at this moment, so that devices that ask together take one each. Null when it is not for
-- this device, or something is urgent.
create or replace function first_in_line(p_device device, p_hint uuid, p_lab timestamptz) returns dispatch language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off set plan_cache_mode = force_generic_plan as $$
declare
  v_capability constant text := case when p_hint is null then p_device.capabilities[1]
    else (select capability from job where id = p_hint and capability = any (p_device.capabilities)) end;
  v_dispatch dispatch;
begin
  if v_capability is null or (
    select true from dispatch d where d.site_id = p_device.site_id and d.capability = v_capability and d.deck = false
      and d.state = 'queued' and not d.parked and not d.timed and d.urgent_at <= p_lab order by d.urgent_at limit 1)
  then return null; end if;
  select d.* into v_dispatch from dispatch d
  where d.site_id = p_device.site_id and d.capability = v_capability and d.deck = false
    and d.state = 'queued' and not d.parked and not d.timed and d.routed_device_id is null
  order by d.rank, d.fair_tag, d.id limit 1 for update skip locked;
  if not coalesce((select c.status in ('submitted', 'running') from campaign c where c.id = v_dispatch.campaign_id), true)
  then return null; end if;
  return v_dispatch;
end $$;

-- Leases the next job this device may have now. `status`: leased (with the job), none, busy, self-test, not-found, forbidden.
-- `p_hint` is a job that became ready while this device waited, hence had found nothing: the first in its line is taken without
-- a search when the device may have it.
drop function if exists claim_dispatch(uuid, text, uuid, boolean, integer);
create or replace function claim_dispatch(
  p_tenant uuid, p_device text, p_actor uuid, p_any_device boolean, p_lease_ms integer, p_hint uuid default null
) returns jsonb language plpgsql
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan as $$
declare
  v_device device;
  v_dispatch dispatch;
  v_lab timestamptz;
  v_why text;
  v_due boolean;
  v_hours boolean;
  v_routed boolean;
  v_open boolean;
  v_candidate record;
  v_found boolean;
  v_limit integer := 16;
  v_labware uuid[];
  v_passed uuid[] := '{}';
begin
  select * into v_device from device where tenant_id = p_tenant and code = p_device;
  if not found then return '{"status": "not-found"}'; end if;
  if v_device.actor_id <> p_actor and not p_any_device then return '{"status": "forbidden"}'; end if;
  -- Devices that poll are written down together, by the api that holds their polls.
  if v_device.last_seen_at is null or v_device.last_seen_at < now() - interval '30 seconds' then
    update device set last_seen_at = now() where id = v_device.id;
  end if;

  select * into v_dispatch from dispatch where device_id = v_device.id and state in ('leased', 'started') for update;
  if found and (v_dispatch.state = 'started' or v_dispatch.by_hand) then
    return jsonb_build_object('status', 'busy', 'dispatchId', v_dispatch.id, 'fencingToken', v_dispatch.fencing_token::text);
  elsif found and v_dispatch.state = 'leased' then
    -- It asks again, so the answer with that lease never reached it.
    perform return_to_queue(v_dispatch, p_actor, 'the device asked for work again');
  end if;
  if v_device.state = 'quarantined' and to_jsonb(v_device) ->> 'hold' = 'after-self-test' then
    return jsonb_build_object('status', 'self-test', 'reason', v_device.state_reason);
  end if;

  v_lab := lab_now(v_device.site_id);
  v_why := device_refusal(v_device, v_lab);
  if v_why is null then
    -- One look says whether there is anything to search for: most polls find nothing.
    select
      (select true from dispatch where site_id = v_device.site_id and state = 'queued' and timed and not_before <= v_lab
        order by not_before limit 1),
      exists (select 1 from opening_hours where site_id = v_device.site_id),
      (select true from dispatch d where d.routed_device_id = v_device.id and d.state = 'queued' and not d.parked and not d.timed
        order by d.routed_device_id limit 1),
      (select true from unnest(v_device.capabilities) able (capability) cross join lateral (
        select 1 from dispatch d where d.site_id = v_device.site_id and d.capability = able.capability and d.deck = false
          and d.state = 'queued' and not d.parked and not d.timed order by d.rank, d.fair_tag, d.id limit 1) head limit 1)
    into v_due, v_hours, v_routed, v_open;
    if v_due then perform promote_timed(v_device.site_id, 500); end if;
    v_found := coalesce(v_due, v_routed, v_open, false);
    if v_found and (p_hint is not null or v_routed is null and cardinality(v_device.capabilities) = 1) then
      v_dispatch := first_in_line(v_device, p_hint, v_lab);
      if v_dispatch.id is not null and not (v_hours and hours_defer(v_dispatch, v_lab)) then
        v_labware := lock_labware(v_dispatch.job_id, v_device.place_id, v_lab, false);
        if v_labware is not null and material_problem(v_dispatch.job_id, v_device.place_id) is null then
          return grant_lease(v_dispatch.id, v_device, v_labware, v_lab, p_actor, p_lease_ms, true, false);
        end if;
      end if;
    end if;
    while v_found loop
      v_found := false;
      for v_candidate in select * from candidates_of(v_device, v_lab, v_passed, v_limit) loop
        v_found := true;
        continue when v_candidate.dispatch_id = any (v_passed);
        v_passed := v_passed || v_candidate.dispatch_id;
        -- What another device takes at this moment is passed over, never waited for.
        select * into v_dispatch from dispatch where id = v_candidate.dispatch_id and state = 'queued' and not parked
          and not timed and (routed_device_id is null or routed_device_id = v_device.id) for update skip locked;
        continue when not found;
        continue when v_hours and hours_defer(v_dispatch, v_lab);
        v_labware := lock_labware(v_dispatch.job_id, v_device.place_id, v_lab, false);
        continue when v_labware is null or material_problem(v_dispatch.job_id, v_device.place_id) is not null;
        return grant_lease(v_dispatch.id, v_device, v_labware, v_lab, p_actor, p_lease_ms, not v_candidate.urgent, false);
      end loop;
      v_limit := 4 * v_limit;
    end loop;
  end if;
  return jsonb_build_object('status', 'none', 'deviceId', v_device.id, 'siteId', v_device.site_id,
    'capabilities', to_jsonb(v_device.capabilities), 'inService', v_why is null);
end $$;

-- A person takes an unstarted job to a device whatever its capability, its route and where its labware is: done by hand.
-- `status`: leased (with the job), or a refusal.
create or replace function lease_by_hand(p_tenant uuid, p_job uuid, p_device text, p_actor uuid, p_lease_ms integer)
returns jsonb language plpgsql set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
declare
  v_device device;
  v_dispatch dispatch;
  v_busy text;
  v_lab timestamptz;
  v_labware uuid[];
begin
  select * into v_device from device where tenant_id = p_tenant and code = p_device for no key update;
  if not found then return '{"status": "not-found"}'; end if;
  perform 1 from job where id = p_job and tenant_id = p_tenant for no key update;
  if not found then return '{"status": "not-found"}'; end if;
  select * into v_dispatch from dispatch where job_id = p_job order by attempt desc limit 1 for update;
  if v_dispatch.state <> 'queued' then
    return jsonb_build_object('status', 'illegal-transition', 'state', v_dispatch.state);
  end if;
  v_lab := lab_now(v_device.site_id);
  select j.step_key into v_busy from dispatch d join job j on j.id = d.job_id
  where d.device_id = v_device.id and d.state in ('leased', 'started');
  if found then
    return jsonb_build_object('status', 'not-leasable', 'state', 'busy', 'reason', 'it works on ' || v_busy);
  elsif v_device.state <> 'in-service' then
    return jsonb_build_object('status', 'not-leasable', 'state', v_device.state, 'reason', v_device.state_reason);
  end if;
  v_labware := lock_labware(p_job, null, v_lab, true);
  if v_labware is null then
    return jsonb_build_object('status', 'not-leasable', 'state', 'not given the job', 'reason', (
      select string_agg(w.barcode || case when w.discarded then ' is discarded' when w.held then ' is held' else ' is in use' end, ', ')
      from job_labware jl join labware w on w.id = jl.labware_id
      where jl.job_id = p_job and (w.held or w.discarded or w.in_use_by is not null)));
  end if;
  return grant_lease(v_dispatch.id, v_device, v_labware, v_lab, p_actor, p_lease_ms, false, true);
end $$;

-- Says why a device's write was refused, and records writes with a superseded token.
create or replace function explain_refusal(p_tenant uuid, p_dispatch uuid, p_token bigint, p_actor uuid, p_any_device boolean, p_what text)
returns jsonb language plpgsql as $$
declare
  v_job job;
  v_dispatch dispatch;
  v_device device;
begin
  select j.* into v_job from job j join dispatch d on d.job_id = j.id
  where d.id = p_dispatch and d.tenant_id = p_tenant for no key update of j;
  if not found then return '{"status": "not-found"}'; end if;
  select * into v_dispatch from dispatch where id = p_dispatch for update;
  if v_dispatch.fencing_token is distinct from p_token then
    perform append_event(p_tenant, 'job/' || v_job.id, 'staleReportRefused', p_actor, v_job.campaign_id,
      lab_now(v_job.site_id), jsonb_build_object('stepKey', v_job.step_key, 'dispatchId', p_dispatch, 'what', p_what,
        'fencingToken', p_token::text, 'current', v_dispatch.fencing_token::text));
    return jsonb_build_object('status', 'token-superseded', 'state', v_dispatch.state);
  end if;
  select * into v_device from device where id = v_dispatch.device_id;
  if v_device.id is not null and v_device.actor_id <> p_actor and not p_any_device then
    return '{"status": "forbidden"}';
  end if;
  if p_what = 'start' and v_dispatch.state = 'leased' then
    return jsonb_build_object('status', 'not-leasable', 'state', v_device.state, 'reason', v_device.state_reason);
  end if;
  return jsonb_build_object('status', 'illegal-transition', 'state', v_dispatch.state);
end $$;

-- The compare-and-set before anything moves. `status`: started, or a refusal.
create or replace function start_dispatch(
  p_tenant uuid, p_dispatch uuid, p_token bigint, p_actor uuid, p_any_device boolean, p_lease_ms integer, p_duration_ms bigint
) returns jsonb language plpgsql set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
declare
  v_dispatch dispatch;
  v_lab timestamptz;
begin
  select lab_now(site_id) into v_lab from dispatch where id = p_dispatch and tenant_id = p_tenant;
  update dispatch d set state = 'started', started_at = now(), started_lab_at = v_lab, heartbeat_at = now(),
    lease_expires_at = now() + p_lease_ms * interval '1 millisecond',
    until_lab_at = v_lab + p_duration_ms * interval '1 millisecond',
    change = jsonb_build_object('by', p_actor, 'device', v.code,
      'untilLabTime', iso_time(v_lab + p_duration_ms * interval '1 millisecond'))
  from device v
  where d.id = p_dispatch and d.tenant_id = p_tenant and d.fencing_token = p_token and d.state = 'leased'
    and v.id = d.device_id and (v.actor_id = p_actor or p_any_device) and v.state in ('in-service', 'draining')
  returning d.* into v_dispatch;
  if not found then return explain_refusal(p_tenant, p_dispatch, p_token, p_actor, p_any_device, 'start'); end if;
  perform cancel_hold_timer(v_dispatch.job_id);
  return jsonb_build_object('status', 'started', 'labNow', iso_time(v_lab),
    'untilLabTime', iso_time(v_dispatch.until_lab_at), 'leaseMs', p_lease_ms);
end $$;
