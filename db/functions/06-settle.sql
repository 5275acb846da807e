-- How a dispatch ends: by its device, with everything that follows from it in one transaction.

-- Tells the workflow about a dispatch: at once of anything but success, of success when the job says so.
create or replace function tell_workflow(p_job job, p_dispatch uuid, p_attempt integer, p_state text, p_problem text)
returns void language plpgsql as $$
declare
  v_id uuid;
begin
  if p_job.campaign_id is null or (p_state = 'succeeded' and not p_job.tells_success) then return; end if;
  v_id := uuidv7();
  insert into outbox (id, tenant_id, site_id, campaign_id, round, stage, kind, name, payload)
  values (v_id, p_job.tenant_id, p_job.site_id, p_job.campaign_id, p_job.round, p_job.stage, 'signal', 'jobSettled',
    jsonb_strip_nulls(jsonb_build_object('eventId', v_id, 'jobId', p_job.id, 'stepKey', p_job.step_key,
      'attempt', p_attempt, 'state', p_state, 'problem', p_problem,
      'blockEnded', p_state = 'succeeded' and p_job.tells_success))
    || case p_state when 'failed' then failure_facts(p_job, p_dispatch) else '{}' end);
  perform pg_notify('outbox', '');
end $$;

-- What a settled job does to its labware beside liquid, and the end of its use.
create or replace function settle_labware(p_job job, p_dispatch dispatch, p_actor uuid, p_lab timestamptz) returns void language plpgsql
set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
declare
  v_succeeded constant boolean := p_dispatch.state = 'succeeded';
  -- A move made by the system changes no hold; a step of a protocol ends the hold before it and may begin one.
  v_step constant boolean := v_succeeded and p_job.serves_job_id is null and p_job.campaign_id is not null;
  v_late text[];
  v_found boolean;
  -- A person's hands and eyes confirm what they moved; a scan confirms whoever's. Who it was matters for what is moved only.
  v_by_person constant boolean := jsonb_path_exists(p_job.spec, '$.effects[*].toPlace') and (
    exists (select 1 from actor where id = p_actor and kind = 'person')
    or exists (select 1 from device where id = p_dispatch.device_id and kind = 'person'));
  -- Another labware, or one the wrong way round, stands where this one should.
  v_mistaken constant boolean := not v_succeeded
    and coalesce(p_dispatch.outcome -> 'problem' ->> 'code' in ('wrong-barcode', 'wrong-orientation'), false);
  -- Nothing is said of where its labware stands and how it is closed: only its use and its holds change.
  v_quiet constant boolean := not v_mistaken and not jsonb_path_exists(p_job.spec, '$.effects[*]')
    and coalesce(jsonb_typeof(p_dispatch.outcome -> 'facts' -> 'scanned'), 'null') = 'null';
begin
  if v_step then
    select array_agg(w.barcode) into v_late from job_labware jl join labware w on w.id = jl.labware_id
    where jl.job_id = p_job.id and w.due_at < p_dispatch.started_lab_at and jl.role <> 'source';
  end if;
  if v_quiet then
    update labware w set in_use_by = null,
      held = w.held and w.held_by is distinct from p_dispatch.id,
      held_reason = case when w.held_by = p_dispatch.id then null else w.held_reason end,
      held_by = nullif(w.held_by, p_dispatch.id),
      ready_at = case when v_step and jl.role <> 'source' then p_lab + p_job.hold_min_ms * interval '1 millisecond' else w.ready_at end,
      due_at = case when v_step and jl.role <> 'source' then p_lab + p_job.hold_max_ms * interval '1 millisecond' else w.due_at end
    from job_labware jl where jl.job_id = p_job.id and w.id = jl.labware_id;
    v_found := found;
  else
    update labware w set in_use_by = null,
      held = w.held and w.held_by is distinct from p_dispatch.id,
      held_reason = case when w.held_by = p_dispatch.id then null else w.held_reason end,
      held_by = nullif(w.held_by, p_dispatch.id),
      seal = coalesce(e.seal, w.seal), lid = coalesce(e.lid, w.lid), place_id = coalesce(e.place_id, w.place_id),
      position = case when e.place_id is null or e.place_id = w.place_id then w.position
        when jl.position is not null and not exists (select 1 from labware o where o.place_id = e.place_id and o.position = jl.position and not o.discarded)
        then jl.position end,
      thaw_count = w.thaw_count + case when e.place_id <> w.place_id and e.kind <> 'freezer'
        and (select p.kind from place p where p.id = w.place_id) = 'freezer' then 1 else 0 end,
      unconfirmed = case
        when e.place_id is not null then case
          when seen.scanned or seen.person then null
          when p_dispatch.outcome -> 'facts' ? 'scanned' then 'another barcode was scanned when it was moved'
          else 'it was moved without a scan' end
        when v_mistaken then p_dispatch.outcome -> 'problem' ->> 'message'
        when seen.scanned then null
        else w.unconfirmed end,
      confirmed_at = case when seen.here then p_lab else w.confirmed_at end,
      confirmed_by = case when seen.here then p_actor else w.confirmed_by end,
      confirmed_how = case when seen.here then case when seen.scanned then 'scan' else 'person' end else w.confirmed_how end,
      discarded = w.discarded or coalesce(e.kind = 'waste', false),
      -- Where something was put away is where it belongs.
      home_place_id = case when p_job.spec ->> 'operation' = 'store' then coalesce(e.place_id, w.home_place_id) else w.home_place_id end,
      ready_at = case when v_step and jl.role <> 'source' then p_lab + p_job.hold_min_ms * interval '1 millisecond' else w.ready_at end,
      due_at = case when v_step and jl.role <> 'source' then p_lab + p_job.hold_max_ms * interval '1 millisecond' else w.due_at end
    from job_labware jl
    left join lateral (
      select x.seal, x.lid, p.id as place_id, p.kind
      from jsonb_to_recordset(p_job.spec -> 'effects') as x (role text, seal text, lid boolean, "toPlace" text)
      left join place p on p.site_id = p_job.site_id and p.code = x."toPlace"
      where x.role = jl.role and v_succeeded limit 1) e on true
    cross join lateral (select y.barcode from labware y where y.id = jl.labware_id) me
    cross join lateral (select coalesce(p_dispatch.outcome -> 'facts' -> 'scanned' ? me.barcode, false) as scanned,
      v_by_person as person,
      v_succeeded and (coalesce(p_dispatch.outcome -> 'facts' -> 'scanned' ? me.barcode, false)
        or (e.place_id is not null and v_by_person)) as here) seen
    where jl.job_id = p_job.id and w.id = jl.labware_id;
    v_found := found;
  end if;
  if v_late is not null then
    perform append_event(p_job.tenant_id, 'job/' || p_job.id, 'holdExceeded', p_actor, p_job.campaign_id, p_lab,
      jsonb_build_object('stepKey', p_job.step_key, 'dispatchId', p_dispatch.id, 'labware', v_late));
  end if;
  if p_job.serves_job_id is not null then
    -- A plate that arrived is what its job was waiting for.
    perform pg_notify('job_ready', 'd:' || s.routed_device_id)
    from job s where s.id = p_job.serves_job_id and s.routed_device_id is not null;
    perform pg_notify('lab_changed', p_job.site_id::text);
  elsif v_found and (
    -- Labware that is free again, or stands elsewhere, matters while a queued job waits for some. With an order it is one look
    -- into dispatch_deck, however deep the queue is.
    select true from dispatch where site_id = p_job.site_id and state = 'queued' and deck order by site_id limit 1)
  then
    perform pg_notify('lab_changed', p_job.site_id::text);
  end if;
end $$;

-- What a settled dispatch did to lots and tips: containers are open from their first use; what came out of a lot that was out of
-- date opens an incident; tips are posted as told, as reserved when everything was done, else between none and all.
create or replace function settle_material(
  p_job job, p_dispatch dispatch, p_done int4multirange, p_uncertain int4multirange, p_lab timestamptz
) returns void language plpgsql set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
declare
  v_told constant jsonb := p_dispatch.outcome -> 'facts' -> 'tipsUsed';
  v_problem text;
begin
  if exists (select 1 from dispatch_lot where dispatch_id = p_dispatch.id) then
    select string_agg(x.problem, '; ') into v_problem
    from dispatch_lot b join labware w on w.id = b.labware_id
    cross join lateral (select lot_problem(w, coalesce(p_dispatch.started_lab_at, p_lab), w.thaw_count) as problem) x
    where b.dispatch_id = p_dispatch.id and x.problem is not null
      and exists (select 1 from ledger l where l.dispatch_id = p_dispatch.id and l.from_labware_id = w.id);
    if v_problem is not null then
      perform open_incident(p_job, p_dispatch, 'lot-expired', format('%s used what was out of date: %s', p_job.step_key, v_problem));
    end if;
    update labware set opened_at = coalesce(p_dispatch.started_lab_at, p_lab)
    where opened_at is null and id in (
      select l.from_labware_id from dispatch_lot b join ledger l on l.dispatch_id = b.dispatch_id and l.from_labware_id = b.labware_id
      where b.dispatch_id = p_dispatch.id);
  end if;
  if exists (select 1 from dispatch_rack where dispatch_id = p_dispatch.id) then
    insert into tip_use (tenant_id, dispatch_id, labware_id, low, high, basis)
    select p_job.tenant_id, p_dispatch.id, r.labware_id,
      case when told.count is not null then told.count when p_dispatch.state = 'succeeded' then r.count else 0 end,
      coalesce(told.count, r.count),
      case when told.count is not null then 'actual' when p_dispatch.outcome is null then 'resolved' else 'assumed' end
    from (
      select labware_id, count from dispatch_rack where dispatch_id = p_dispatch.id
      union all
      -- Racks it says it took from beside those it was given.
      select o.id, 0 from jsonb_object_keys(case when jsonb_typeof(v_told) = 'object' then v_told else '{}'::jsonb end) told (barcode)
      join labware o on o.tenant_id = p_job.tenant_id and o.barcode = told.barcode and o.kind like 'tips-%'
      where not exists (select 1 from dispatch_rack b where b.dispatch_id = p_dispatch.id and b.labware_id = o.id)
    ) r join labware w on w.id = r.labware_id
    cross join lateral (select case when jsonb_typeof(v_told) = 'object' then case when jsonb_typeof(v_told -> w.barcode) = 'number'
      then least(greatest((v_told ->> w.barcode)::numeric, 0), 1e6)::int else 0 end end as count) told
    -- Nothing was touched when a person says that it did not happen.
    where not coalesce(p_dispatch.resolution ->> 'verdict' = 'did-not', false)
    on conflict do nothing;
    perform pg_notify('lab_changed', p_job.site_id::text);
  end if;
end $$;

-- Ends a started or unknown dispatch; job and dispatch rows are locked by the caller.
-- p_report: {outcome} from a device, {resolution} from a person or the system.
create or replace function settle_dispatch(
  p_job job, p_dispatch uuid, p_state text, p_done int4multirange, p_uncertain int4multirange, p_basis text,
  p_event text, p_problem text, p_report jsonb, p_actor uuid
) returns void language plpgsql set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
declare
  v_dispatch dispatch;
  v_lab constant timestamptz := lab_now(p_job.site_id);
  v_samples boolean;
  v_lots boolean;
  v_racks boolean;
  v_next uuid[];
begin
  update dispatch set state = p_state, settled_at = now(), settled_lab_at = v_lab, lease_expires_at = null,
    change = jsonb_strip_nulls(jsonb_build_object('by', p_actor, 'problem', p_problem,
      'reason', coalesce(p_report -> 'resolution' ->> 'reason', p_problem))) || p_report,
    outcome = coalesce(p_report -> 'outcome', outcome), resolution = coalesce(p_report -> 'resolution', resolution)
  where id = p_dispatch returning * into v_dispatch;
  -- One look says what there is to settle beside: most jobs make no samples, take no tips and touch no lots.
  select exists (select 1 from planned_sample where dispatch_id = p_dispatch), exists (select 1 from dispatch_lot where dispatch_id = p_dispatch),
    exists (select 1 from dispatch_rack where dispatch_id = p_dispatch), (select array_agg(job_id) from job_need where needs_job_id = p_job.id)
  into v_samples, v_lots, v_racks, v_next;
  if p_done <> '{}' or p_uncertain <> '{}' or v_samples then
    perform post_transfers(p_job, v_dispatch, p_done, p_uncertain, p_basis, p_actor, v_lab);
  end if;
  if v_lots or v_racks then perform settle_material(p_job, v_dispatch, p_done, p_uncertain, v_lab); end if;
  perform settle_labware(p_job, v_dispatch, p_actor, v_lab);
  perform tell_workflow(p_job, p_dispatch, v_dispatch.attempt, p_state, p_problem);
  if p_state = 'succeeded' and v_next is not null then
    perform 1 from job where id = any (v_next) order by id for no key update;
    perform release_jobs(v_next, p_actor);
  end if;
end $$;

-- An outcome for a dispatch that is already settled: a repeat gets the same answer, anything else is kept beside it.
create or replace function keep_late_outcome(p_job job, p_dispatch dispatch, p_done int4multirange, p_outcome jsonb, p_actor uuid)
returns jsonb language plpgsql as $$
declare
  v_posted int4multirange;
begin
  if p_dispatch.outcome = p_outcome then return jsonb_build_object('status', 'settled', 'state', p_dispatch.state); end if;
  if p_dispatch.late_outcome is distinct from p_outcome then
    update dispatch set late_outcome = p_outcome where id = p_dispatch.id;
    perform append_event(p_job.tenant_id, 'job/' || p_job.id, 'lateOutcomeKept', p_actor, p_job.campaign_id,
      lab_now(p_job.site_id), jsonb_build_object('stepKey', p_job.step_key, 'dispatchId', p_dispatch.id,
        'state', p_dispatch.state, 'outcome', p_outcome));
    select coalesce(range_agg(int4range(ordinal, ordinal, '[]')), '{}') into v_posted
    from ledger where dispatch_id = p_dispatch.id and low_pl > 0;
    if p_outcome ->> 'result' <> p_dispatch.state or v_posted <> p_done then
      perform open_incident(p_job, p_dispatch, 'contradiction',
        format('%s was settled as %s, then its device reported %s', p_job.step_key, p_dispatch.state, p_outcome ->> 'result'));
      perform hold_contradicted(p_job, p_dispatch, p_done, v_posted, p_actor);
    end if;
  end if;
  return jsonb_build_object('status', 'settled', 'state', p_dispatch.state, 'late', true);
end $$;

-- A device says how a dispatch ended. `status`: settled, upload-incomplete, or a refusal.
create or replace function report_outcome(
  p_tenant uuid, p_dispatch uuid, p_token bigint, p_actor uuid, p_any_device boolean, p_outcome jsonb
) returns jsonb language plpgsql set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
declare
  v_job job;
  v_dispatch dispatch;
  v_plan int4multirange;
  v_done int4multirange := '{}';
  v_uncertain int4multirange := '{}';
  v_state text := p_outcome ->> 'result';
  v_problem text := p_outcome -> 'problem' ->> 'message';
  v_missing jsonb;
begin
  select j.* into v_job from job j join dispatch d on d.job_id = j.id
  where d.id = p_dispatch and d.tenant_id = p_tenant for no key update of j;
  if not found then return '{"status": "not-found"}'; end if;
  select * into v_dispatch from dispatch where id = p_dispatch for update;
  if v_dispatch.fencing_token is distinct from p_token
    or v_dispatch.state not in ('started', 'unknown', 'succeeded', 'failed')
    or not (p_any_device or exists (select 1 from device where id = v_dispatch.device_id and actor_id = p_actor)) then
    return explain_refusal(p_tenant, p_dispatch, p_token, p_actor, p_any_device, 'outcome');
  end if;
  if jsonb_path_exists(p_outcome, '$.files[*]') then
    v_missing := attach_files(p_tenant, p_dispatch, p_outcome -> 'files');
  end if;
  if v_missing is not null then return jsonb_build_object('status', 'upload-incomplete', 'missing', v_missing); end if;

  select range_agg(int4range(ordinal, ordinal, '[]')) into v_plan from planned_transfer where dispatch_id = p_dispatch;
  if v_plan is not null and p_outcome ? 'transfers' then
    -- What was measured as nothing was not done.
    v_done := ordinals(p_outcome -> 'transfers' -> 'done') * v_plan - coalesce((
      select range_agg(int4range(t.ordinal, t.ordinal, '[]')) from planned_transfer t
      where t.dispatch_id = p_dispatch and p_outcome -> 'transfers' -> 'actualPl' -> t.ordinal::text = '0'), '{}');
    v_uncertain := ordinals(p_outcome -> 'transfers' -> 'uncertain') * v_plan - v_done;
  elsif v_plan is not null and v_state = 'succeeded' then
    v_done := v_plan;
  elsif v_plan is not null then
    -- A failure that does not say what happened: every transfer may have.
    v_uncertain := v_plan;
  end if;
  if v_dispatch.state in ('succeeded', 'failed') then
    return keep_late_outcome(v_job, v_dispatch, v_done, p_outcome, p_actor);
  end if;
  if v_state = 'succeeded' and v_plan - v_done <> '{}' then
    v_state := 'failed';
    v_problem := 'reported as succeeded, but transfers are missing: ' || (v_plan - v_done)::text;
  end if;
  perform settle_dispatch(v_job, p_dispatch, v_state, v_done, v_uncertain,
    case when p_outcome ? 'transfers' then 'actual' else 'assumed' end,
    case when v_dispatch.state = 'started' then case v_state when 'succeeded' then 'jobSucceeded' else 'jobFailed' end
      else case v_state when 'succeeded' then 'unknownResolvedHappened' else 'unknownResolvedNot' end end,
    v_problem, jsonb_build_object('outcome', p_outcome), p_actor);
  if v_dispatch.state = 'unknown' then
    perform close_unknown(v_job, v_dispatch, p_actor, 'evidence: the device reported ' || (p_outcome ->> 'result'),
      p_outcome ->> 'result' = 'succeeded' or v_plan is null or p_outcome ? 'transfers');
  end if;
  return jsonb_build_object('status', 'settled', 'state', v_state);
end $$;
