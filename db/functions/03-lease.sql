-- The timed right to do a job: granted, given back, used once.

-- Gives a lease back to the queue; the dispatch row is locked by the caller.
create or replace function return_to_queue(p_dispatch dispatch, p_actor uuid, p_reason text) returns void language plpgsql as $$
declare
  v_job job;
begin
  update dispatch set state = 'queued', device_id = null, lease_expires_at = null, heartbeat_at = null, leased_at = null,
    change = jsonb_build_object('by', p_actor, 'reason', p_reason)
  where id = p_dispatch.id;
  select * into v_job from job where id = p_dispatch.job_id;
  update labware set in_use_by = null
  where in_use_by = p_dispatch.id and id in (select labware_id from job_labware where job_id = v_job.id);
  perform announce_jobs(array[v_job.id]);
end $$;

-- Leases the next job this device may have now. `status`: leased (with the job), none, busy, not-found, forbidden.
create or replace function claim_dispatch(p_tenant uuid, p_device text, p_actor uuid, p_any_device boolean, p_lease_ms integer)
returns jsonb language plpgsql
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan as $$
declare
  v_device device;
  v_open dispatch;
  v_dispatch dispatch;
  v_job job;
  v_lab timestamptz;
  v_id uuid;
  v_labware uuid[];
  v_candidates uuid[];
  v_passed uuid[] := '{}';
begin
  select * into v_device from device where tenant_id = p_tenant and code = p_device;
  if not found then return '{"status": "not-found"}'; end if;
  if v_device.actor_id <> p_actor and not p_any_device then return '{"status": "forbidden"}'; end if;
  if v_device.last_seen_at is null or v_device.last_seen_at < now() - interval '5 seconds' then
    update device set last_seen_at = now() where id = v_device.id;
  end if;

  select * into v_open from dispatch where device_id = v_device.id and state in ('leased', 'started') for update;
  if found and v_open.state = 'started' then
    return jsonb_build_object('status', 'busy', 'dispatchId', v_open.id, 'fencingToken', v_open.fencing_token::text);
  elsif found and v_open.state = 'leased' then
    -- It asks again, so the answer with that lease never reached it.
    perform return_to_queue(v_open, p_actor, 'the device asked for work again');
  end if;

  v_lab := lab_now(v_device.site_id);
  <<search>>
  loop
    v_candidates := '{}';
    if v_device.state = 'in-service' then
      v_candidates := array(
        select w.id from waiting_work w
        where w.site_id = v_device.site_id and w.capability = any (v_device.capabilities)
          and (w.routed_device_id is null or w.routed_device_id = v_device.id)
          and w.campaign_runs and not w.obstructed
          and (w.places = 0 or (w.places = 1 and w.place_id = v_device.place_id))
          and (w.earliest_start_at is null or w.earliest_start_at <= v_lab)
          and (w.ready_at is null or w.ready_at <= v_lab)
          and w.id <> all (v_passed)
        order by w.priority, w.rank, w.queued_at, w.id limit 16);
    end if;
    if v_candidates = '{}' then
      return jsonb_build_object('status', 'none', 'deviceId', v_device.id, 'siteId', v_device.site_id,
        'capabilities', to_jsonb(v_device.capabilities), 'inService', v_device.state = 'in-service');
    end if;
    -- What another device takes at this moment is passed over, never waited for.
    foreach v_id in array v_candidates loop
      v_passed := v_passed || v_id;
      select * into v_dispatch from dispatch where id = v_id and state = 'queued' for update skip locked;
      continue when not found;
      select array_agg(x.id) into v_labware from (
        select w.id from job_labware jl join labware w on w.id = jl.labware_id
        where jl.job_id = v_dispatch.job_id and w.in_use_by is null and not w.held and not w.discarded
          and (jl.at <> 'device' or w.place_id = v_device.place_id)
        for no key update of w skip locked) x;
      exit search when coalesce(cardinality(v_labware), 0)
        = (select count(*) from job_labware where job_id = v_dispatch.job_id);
    end loop;
  end loop search;

  if v_labware is not null then update labware set in_use_by = v_id where id = any (v_labware); end if;
  update dispatch set state = 'leased', device_id = v_device.id, fencing_token = nextval('fencing_token'),
    leased_at = now(), heartbeat_at = now(), lease_expires_at = now() + p_lease_ms * interval '1 millisecond',
    change = jsonb_build_object('by', p_actor, 'device', v_device.code)
  where id = v_id returning * into v_dispatch;
  select * into v_job from job where id = v_dispatch.job_id;
  if v_job.waiting_for is not null then update job set waiting_for = null where id = v_job.id; end if;
  return jsonb_build_object('status', 'leased', 'job', jsonb_build_object(
    'protocolVersion', 1, 'dispatchId', v_id, 'jobId', v_job.id, 'stepKey', v_job.step_key,
    'attempt', v_dispatch.attempt, 'fencingToken', v_dispatch.fencing_token::text, 'leaseMs', p_lease_ms,
    'spec', v_job.spec, 'labNow', iso_time(v_lab)
  ) || coalesce((
    select jsonb_build_object('worklist', jsonb_build_object('sha256', encode(f.sha256, 'hex'), 'bytes', f.bytes,
      'name', f.name, 'mediaType', f.media_type))
    from file f where f.tenant_id = p_tenant and f.sha256 = v_dispatch.worklist_sha256), '{}'));
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
