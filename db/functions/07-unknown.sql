-- Silence after the start, and how it is resolved.

-- The step of a started job met its hold: nobody has to hear that it is late.
create or replace function cancel_hold_timer(p_job uuid) returns void language sql as $$
  update lab_timer t set cancelled_at = now() from job j
  where j.id = p_job and j.due_at is not null and t.campaign_id = j.campaign_id and t.key = j.step_key
    and t.fired_at is null and t.cancelled_at is null
$$;

-- Has the workflow told when successors of a step with a maximum hold do not start in time. A later success sets it anew.
create or replace function set_hold_timers(p_jobs uuid[]) returns void language sql as $$
  insert into lab_timer (id, tenant_id, site_id, campaign_id, round, stage, key, due_lab_at)
  select uuidv7(), j.tenant_id, j.site_id, j.campaign_id, j.round, j.stage, j.step_key, j.due_at
  from job j where j.id = any (p_jobs) and j.due_at is not null and j.campaign_id is not null
  on conflict (campaign_id, key) do update set due_lab_at = excluded.due_lab_at, cancelled_at = null
    where lab_timer.fired_at is null
$$;

-- Closes what was opened because the end of a dispatch was unknown.
create or replace function close_unknown(p_job job, p_dispatch dispatch, p_actor uuid, p_resolution text, p_release_device boolean)
returns void language plpgsql as $$
begin
  update incident set resolved_at = now(), resolved_by = p_actor, resolution = p_resolution
  where dispatch_id = p_dispatch.id and kind = 'job-unknown' and resolved_at is null;
  if p_release_device then
    update device set state = 'in-service', state_reason = null, quarantined_by = null
    where id = p_dispatch.device_id and quarantined_by = p_dispatch.id;
    if found then
      perform append_event(p_job.tenant_id, 'device/' || p_dispatch.device_id, 'deviceStateChanged', p_actor, null,
        lab_now(p_job.site_id), jsonb_build_object('state', 'in-service', 'reason', p_resolution));
      perform pg_notify('job_ready', 'd:' || p_dispatch.device_id);
    end if;
  end if;
end $$;

-- A named person, or the system for what may be repeated, says what became of an unknown dispatch.
create or replace function resolve_dispatch(p_tenant uuid, p_dispatch uuid, p_actor uuid, p_resolution jsonb)
returns jsonb language plpgsql set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
declare
  v_job job;
  v_dispatch dispatch;
  v_plan int4multirange;
  v_done int4multirange := '{}';
  v_uncertain int4multirange := '{}';
  v_verdict constant text := p_resolution ->> 'verdict';
  v_state constant text := case v_verdict when 'happened' then 'succeeded' else 'failed' end;
begin
  select j.* into v_job from job j join dispatch d on d.job_id = j.id
  where d.id = p_dispatch and d.tenant_id = p_tenant for no key update of j;
  if not found then return '{"status": "not-found"}'; end if;
  select * into v_dispatch from dispatch where id = p_dispatch for update;
  if v_dispatch.resolution = p_resolution then
    return jsonb_build_object('status', 'settled', 'state', v_dispatch.state);
  elsif v_dispatch.state in ('succeeded', 'failed') then
    return jsonb_build_object('status', 'already-decided', 'state', v_dispatch.state);
  elsif v_dispatch.state <> 'unknown' then
    return jsonb_build_object('status', 'illegal-transition', 'state', v_dispatch.state);
  end if;
  select coalesce(range_agg(int4range(ordinal, ordinal, '[]')), '{}') into v_plan
  from planned_transfer where dispatch_id = p_dispatch;
  if v_verdict = 'happened' then
    v_done := v_plan;
  elsif v_verdict = 'partly' then
    v_done := ordinals(p_resolution -> 'done') * v_plan;
    v_uncertain := ordinals(p_resolution -> 'uncertain') * v_plan - v_done;
  end if;
  perform settle_dispatch(v_job, p_dispatch, v_state, v_done, v_uncertain, 'resolved',
    case v_state when 'succeeded' then 'unknownResolvedHappened' else 'unknownResolvedNot' end,
    case v_state when 'failed' then p_resolution ->> 'reason' end, jsonb_build_object('resolution', p_resolution), p_actor);
  perform close_unknown(v_job, v_dispatch, p_actor, v_verdict || ': ' || (p_resolution ->> 'reason'), false);
  return jsonb_build_object('status', 'settled', 'state', v_state);
end $$;

-- Silence after the start: nothing is sent again; labware is held, the device too unless its work harms nothing.
create or replace function become_unknown(p_dispatch dispatch, p_harmless text[]) returns void language plpgsql
set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
declare
  v_job job;
  v_device device;
  v_actor constant uuid := system_actor(p_dispatch.tenant_id);
  v_message text;
begin
  select * into v_job from job where id = p_dispatch.job_id;
  select * into v_device from device where id = p_dispatch.device_id;
  v_message := format('%s fell silent after it started %s (%s)', v_device.code, v_job.step_key, v_job.spec ->> 'summary');
  update dispatch set state = 'unknown', change = jsonb_build_object('by', v_actor, 'device', v_device.code)
  where id = p_dispatch.id;
  update labware set in_use_by = null, held = true, held_reason = v_message, held_by = p_dispatch.id
  where id in (select labware_id from job_labware where job_id = v_job.id) and not held;
  if v_device.kind <> 'person' and v_job.capability <> all (p_harmless) then
    update device set state = 'quarantined', state_reason = v_message, quarantined_by = p_dispatch.id where id = v_device.id;
    perform append_event(v_job.tenant_id, 'device/' || v_device.id, 'deviceStateChanged', v_actor, null,
      lab_now(v_job.site_id), jsonb_build_object('state', 'quarantined', 'reason', v_message));
  end if;
  perform open_incident(v_job, p_dispatch, 'job-unknown', v_message || '; say whether it happened');
  perform tell_workflow(v_job, p_dispatch.id, p_dispatch.attempt, 'unknown', v_message);
  perform pg_notify('lab_changed', v_job.site_id::text);
end $$;

-- Looks for leases that ran out. No lease lapses in the first p_lease_ms of the server's life: nobody could renew it before.
create or replace function sweep_leases(p_lease_ms integer, p_harmless text[]) returns table (lapsed integer, unknown integer)
language plpgsql as $$
declare
  v_dispatch dispatch;
begin
  lapsed := 0;
  unknown := 0;
  if pg_postmaster_start_time() + p_lease_ms * interval '1 millisecond' < now() then
    for v_dispatch in
      select * from dispatch where state in ('leased', 'started') and lease_expires_at < now()
      order by id limit 200 for update skip locked
    loop
      if v_dispatch.state = 'leased' then
        perform return_to_queue(v_dispatch, system_actor(v_dispatch.tenant_id), 'no sign of life');
        lapsed := lapsed + 1;
      else
        perform become_unknown(v_dispatch, p_harmless);
        unknown := unknown + 1;
      end if;
    end loop;
  end if;
  return next;
end $$;

-- Blocked jobs whose needs are met: there are none while every release is made; a safety net, and a count for the metrics.
create or replace function sweep_blocked() returns integer language plpgsql as $$
declare
  v_stray uuid[];
  v_released integer := 0;
begin
  select array_agg(d.job_id) into v_stray from dispatch d where d.state = 'blocked' and needs_met(d.job_id);
  if v_stray is null then return 0; end if;
  perform 1 from job where id = any (v_stray) order by id for no key update;
  return release_jobs(v_stray, (select system_actor(tenant_id) from job where id = v_stray[1]));
end $$;
