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

-- Until when, in lab time, the system may repeat a job by itself: its window after the end of the step before, after its own first
-- queueing when there is none. Null: no window, or a move the lab makes for itself, which goes wherever the labware is.
create or replace function repeatable_until(p_job job) returns timestamptz language sql stable as $$
  select case when p_job.serves_job_id is null then
    (p_job.spec ->> 'repeatableWithinMs')::bigint * interval '1 millisecond' + coalesce(
      (select max(d.settled_lab_at) from job_need n join dispatch d on d.job_id = n.needs_job_id and d.state = 'succeeded'
       where n.job_id = p_job.id),
      (select min(e.lab_at) from event e where e.tenant_id = p_job.tenant_id and e.stream = 'job/' || p_job.id)) end
$$;

-- Puts a device back to work and forgets why it was held; its row is locked by the caller.
create or replace function reinstate_device(p_device device, p_actor uuid, p_reason text, p_beside jsonb) returns void
language plpgsql as $$
begin
  update device set state = 'in-service', state_reason = null, quarantined_by = null, hold = null, hold_checklist = '{}'
  where id = p_device.id;
  update incident set resolved_at = now(), resolved_by = p_actor, resolution = p_reason
  where device_id = p_device.id and kind = 'self-test-failed' and resolved_at is null;
  perform append_event(p_device.tenant_id, 'device/' || p_device.id, 'deviceStateChanged', p_actor, null,
    lab_now(p_device.site_id), jsonb_build_object('state', 'in-service', 'reason', p_reason) || p_beside);
  perform pg_notify('job_ready', 'd:' || p_device.id), pg_notify('lab_changed', p_device.site_id::text);
end $$;

-- A named person puts a device to work again. What it is held for must be named as cleared: `deck`, `tips`, `door`;
-- `self-test` when a person has run that. `status`: released, not-found, or not-cleared with what is missing.
create or replace function release_device(p_device uuid, p_actor uuid, p_reason text, p_cleared text[]) returns jsonb
language plpgsql as $$
declare
  v_device device;
  v_missing text[];
begin
  select * into v_device from device where id = p_device for update;
  if not found then return '{"status": "not-found"}'; end if;
  v_missing := array(select item from unnest(v_device.hold_checklist) item where item <> all (coalesce(p_cleared, '{}')));
  if v_device.hold is not null and v_missing <> '{}' then
    return jsonb_build_object('status', 'not-cleared', 'device', v_device.code, 'hold', v_device.hold,
      'missing', to_jsonb(v_missing));
  end if;
  perform reinstate_device(v_device, p_actor, p_reason, jsonb_build_object('cleared', to_jsonb(coalesce(p_cleared, '{}'))));
  return '{"status": "released", "state": "in-service"}';
end $$;

-- A device tells how its self-test went. A test that passed ends a hold that waits for one, and no other; one that failed
-- takes the device out of work, evidence of its dispatch then brings it back no more.
create or replace function report_self_test(
  p_tenant uuid, p_device text, p_actor uuid, p_any_device boolean, p_passed boolean, p_message text
) returns jsonb language plpgsql as $$
declare
  v_device device;
begin
  select * into v_device from device where tenant_id = p_tenant and code = p_device for update;
  if not found then return '{"status": "not-found"}'; end if;
  if v_device.actor_id <> p_actor and not p_any_device then return '{"status": "forbidden"}'; end if;
  perform append_event(p_tenant, 'device/' || v_device.id, case when p_passed then 'selfTestPassed' else 'selfTestFailed' end,
    p_actor, null, lab_now(v_device.site_id), jsonb_build_object('message', p_message));
  if p_passed and v_device.state = 'quarantined' and v_device.hold = 'after-self-test' then
    perform reinstate_device(v_device, p_actor, 'self-test passed: ' || p_message, '{}');
  elsif not p_passed then
    update device set state = case state when 'out-of-service' then state else 'quarantined' end,
      state_reason = 'self-test failed: ' || p_message, quarantined_by = null, hold = coalesce(hold, 'after-self-test'),
      hold_checklist = case when hold is null then '{self-test}' else hold_checklist end
    where id = v_device.id;
    insert into incident (id, tenant_id, site_id, kind, subject, message, device_id)
    select uuidv7(), p_tenant, v_device.site_id, 'self-test-failed', v_device.code,
      format('%s failed its self-test: %s', v_device.code, p_message), v_device.id
    where not exists (
      select 1 from incident where device_id = v_device.id and kind = 'self-test-failed' and resolved_at is null);
    perform append_event(p_tenant, 'device/' || v_device.id, 'deviceStateChanged', p_actor, null, lab_now(v_device.site_id),
      jsonb_build_object('state', 'quarantined', 'reason', 'self-test failed: ' || p_message));
    perform pg_notify('lab_changed', v_device.site_id::text);
  end if;
  select * into v_device from device where id = v_device.id;
  return jsonb_strip_nulls(jsonb_build_object('status', 'noted', 'state', v_device.state, 'hold', v_device.hold));
end $$;

-- Incidents of one cause share a group: opened at one site within a minute, as after a power cut, or by one device.
create or replace function group_incident() returns trigger language plpgsql as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('incidents/' || new.site_id, 0));
  new.group_id := coalesce((
    select group_id from incident
    where site_id = new.site_id and kind = 'job-unknown' and resolved_at is null and group_id is not null
      and (opened_at > now() - interval '1 minute' or device_id = new.device_id)
    order by opened_at desc, id desc limit 1), new.id);
  return new;
end $$;
create or replace trigger incident_group before insert on incident
  for each row when (new.kind = 'job-unknown' and new.group_id is null) execute function group_incident();

-- Closes what was opened because the end of a dispatch was unknown. p_release_device: what is known says how it ended.
create or replace function close_unknown(p_job job, p_dispatch dispatch, p_actor uuid, p_resolution text, p_release_device boolean)
returns void language plpgsql as $$
declare
  v_device device;
begin
  update incident set resolved_at = now(), resolved_by = p_actor, resolution = p_resolution
  where dispatch_id = p_dispatch.id and kind = 'job-unknown' and resolved_at is null;
  if p_release_device then
    select * into v_device from device where id = p_dispatch.device_id and quarantined_by = p_dispatch.id
      and state = 'quarantined' for update;
    if found then perform reinstate_device(v_device, p_actor, p_resolution, '{}'); end if;
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
  update incident set group_id = (p_resolution ->> 'groupId')::uuid
  where dispatch_id = p_dispatch and kind = 'job-unknown' and resolved_at is null and p_resolution ? 'groupId';
  perform close_unknown(v_job, v_dispatch, p_actor, v_verdict || ': ' || (p_resolution ->> 'reason'), false);
  return jsonb_build_object('status', 'settled', 'state', v_state);
end $$;

-- The same word about several dispatches, all or nothing. `status`: settled with how many, or the first refusal with its dispatch.
create or replace function resolve_dispatches(p_tenant uuid, p_dispatches uuid[], p_actor uuid, p_resolution jsonb)
returns jsonb language plpgsql as $$
declare
  v_id uuid;
  v_dispatch dispatch;
  v_ordered uuid[];
begin
  perform 1 from job where id in (select job_id from dispatch where id = any (p_dispatches) and tenant_id = p_tenant)
  order by id for no key update;
  v_ordered := array(select id from dispatch where id = any (p_dispatches) and tenant_id = p_tenant order by job_id, id);
  foreach v_id in array p_dispatches loop
    if v_id <> all (v_ordered) then return jsonb_build_object('status', 'not-found', 'dispatchId', v_id); end if;
  end loop;
  foreach v_id in array v_ordered loop
    select * into v_dispatch from dispatch where id = v_id for update;
    if v_dispatch.state <> 'unknown' and v_dispatch.resolution is distinct from p_resolution then
      return jsonb_build_object('dispatchId', v_id, 'state', v_dispatch.state, 'status',
        case when v_dispatch.state in ('succeeded', 'failed') then 'already-decided' else 'illegal-transition' end);
    end if;
  end loop;
  foreach v_id in array v_ordered loop
    perform resolve_dispatch(p_tenant, v_id, p_actor, p_resolution);
  end loop;
  return jsonb_build_object('status', 'settled', 'count', cardinality(v_ordered),
    'state', (select state from dispatch where id = v_ordered[1]));
end $$;

-- What the workflow is told of a failure beside its problem: a person's verdict is the permission to do what did not happen;
-- of a course of measurements that broke off there may be a file.
create or replace function failure_facts(p_job job, p_dispatch uuid) returns jsonb language plpgsql
set enable_seqscan = off as $$
begin
  return (
    select jsonb_strip_nulls(jsonb_build_object(
      'verdict', case when not d.resolution ? 'by' then d.resolution ->> 'verdict' end,
      'partialFile', case when d.capability = 'read-plate' and not p_job.spec ? 'repeatableWithinMs'
        and exists (select 1 from dispatch_file f where f.dispatch_id = d.id) then true end))
    from dispatch d where d.id = p_dispatch);
end $$;

-- A report contradicts what was settled and posted. Nobody knows who is right until a person has looked: liquid the ledger does
-- not have is posted as an interval from nothing, the samples of every well in question are held, and so is its labware: what is
-- leased for it goes back to the queue, so that no second attempt starts unseen.
create or replace function hold_contradicted(
  p_job job, p_dispatch dispatch, p_said int4multirange, p_posted int4multirange, p_actor uuid
) returns void language plpgsql set enable_seqscan = off as $$
declare
  v_wrong constant int4multirange := (p_said - p_posted) + (p_posted - p_said);
  v_reason constant text := format('%s was settled as %s, but its device reported otherwise', p_job.step_key, p_dispatch.state);
  v_labware uuid[];
begin
  if isempty(v_wrong) then return; end if;
  insert into ledger (tenant_id, dispatch_id, ordinal, from_labware_id, from_well, to_labware_id, to_well, low_pl, high_pl, basis)
  select p_job.tenant_id, dispatch_id, ordinal, from_labware_id, from_well, to_labware_id, to_well, 0, volume_pl, 'assumed'
  from planned_transfer where dispatch_id = p_dispatch.id and ordinal <@ (p_said - p_posted)
  on conflict (dispatch_id, ordinal) do nothing;
  insert into sample_verdict (tenant_id, sample_id, verdict, reason, evidence, actor_id)
  select distinct on (s.id) p_job.tenant_id, s.id, 'held', v_reason,
    jsonb_build_object('dispatchId', p_dispatch.id, 'ordinal', t.ordinal), p_actor
  from planned_transfer t
  cross join lateral (select x.id from sample x where x.labware_id = t.to_labware_id and x.well = t.to_well
    order by x.use_number desc limit 1) s
  where t.dispatch_id = p_dispatch.id and t.ordinal <@ v_wrong
  on conflict do nothing;
  v_labware := array(
    select distinct to_labware_id from planned_transfer where dispatch_id = p_dispatch.id and ordinal <@ v_wrong);
  perform return_to_queue(d, system_actor(d.tenant_id), 'its labware is held: ' || v_reason)
  from (select x.* from dispatch x where x.state = 'leased' and x.job_id in (
    select job_id from job_labware where labware_id = any (v_labware)) order by x.id for update) d;
  update labware set held = true, held_reason = v_reason, held_by = p_dispatch.id where not held and id = any (v_labware);
  perform pg_notify('lab_changed', p_job.site_id::text);
end $$;

-- Silence after the start: nothing is sent again; labware is held, the device as the policy of its work says.
-- p_policies: capability → {hold, checklist}, as in libs/device/policies.ts; what it does not name is held until cleared.
drop function if exists become_unknown(dispatch, text[]);
create or replace function become_unknown(p_dispatch dispatch, p_policies jsonb) returns void language plpgsql
set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
declare
  v_job job;
  v_device device;
  v_actor constant uuid := system_actor(p_dispatch.tenant_id);
  v_policy jsonb;
  v_message text;
begin
  select * into v_job from job where id = p_dispatch.job_id;
  select * into v_device from device where id = p_dispatch.device_id for update;
  v_policy := case when v_device.kind = 'person' then '{"hold": "none"}'
    else coalesce(p_policies -> v_job.capability, '{"hold": "until-cleared", "checklist": ["deck", "tips", "door"]}') end;
  v_message := format('%s fell silent after it started %s (%s)', v_device.code, v_job.step_key, v_job.spec ->> 'summary');
  update dispatch set state = 'unknown', change = jsonb_build_object('by', v_actor, 'device', v_device.code)
  where id = p_dispatch.id;
  update labware set in_use_by = null, held = true, held_reason = v_message, held_by = p_dispatch.id
  where id in (select labware_id from job_labware where job_id = v_job.id) and not held;
  if v_policy ->> 'hold' <> 'none' then
    update device set state = case state when 'out-of-service' then state else 'quarantined' end, state_reason = v_message,
      quarantined_by = p_dispatch.id, hold = v_policy ->> 'hold',
      hold_checklist = array(select jsonb_array_elements_text(coalesce(v_policy -> 'checklist', '[]')))
    where id = v_device.id;
    perform append_event(v_job.tenant_id, 'device/' || v_device.id, 'deviceStateChanged', v_actor, null,
      lab_now(v_job.site_id), jsonb_build_object('state', 'quarantined', 'reason', v_message, 'hold', v_policy ->> 'hold'));
  end if;
  perform open_incident(v_job, p_dispatch, 'job-unknown', v_message || '; say whether it happened');
  perform tell_workflow(v_job, p_dispatch.id, p_dispatch.attempt, 'unknown', v_message);
  perform pg_notify('lab_changed', v_job.site_id::text);
end $$;

-- Looks for leases that ran out. No lease lapses in the first p_lease_ms of the server's life: nobody could renew it before.
drop function if exists sweep_leases(integer, text[]);
create or replace function sweep_leases(p_lease_ms integer, p_policies jsonb) returns table (lapsed integer, unknown integer)
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
        perform become_unknown(v_dispatch, p_policies);
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
