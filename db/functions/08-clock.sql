-- Lab time of a virtual site: what keeps it from moving, where it may move to.

-- What keeps a virtual clock from moving.
create or replace function clock_obstacles(p_site uuid) returns table (kind text, subject text) language sql stable as $$
  select 'leased', j.step_key from dispatch d join job j on j.id = d.job_id where d.site_id = p_site and d.state = 'leased'
  union all
  select case when d.lease_expires_at < now() then 'silent' else 'finishing' end, j.step_key
  from dispatch d join job j on j.id = d.job_id
  where d.site_id = p_site and d.state = 'started'
    and (d.lease_expires_at < now() or d.until_lab_at is null or d.until_lab_at <= lab_now(p_site))
  union all
  select 'leasable', v.code || ': ' || j.step_key
  from waiting_work w join job j on j.id = w.job_id
  join device v on v.site_id = w.site_id and w.capability = any (v.capabilities) and v.state = 'in-service'
    and (w.routed_device_id is null or w.routed_device_id = v.id)
    and (w.places = 0 or (w.places = 1 and w.place_id = v.place_id))
  where w.site_id = p_site and w.campaign_runs and not w.obstructed
    and (w.earliest_start_at is null or w.earliest_start_at <= lab_now(p_site))
    and (w.ready_at is null or w.ready_at <= lab_now(p_site))
    and not exists (select 1 from dispatch busy where busy.device_id = v.id and busy.state in ('leased', 'started'))
  union all
  select 'upload', encode(u.sha256, 'hex') from upload u join dispatch d on d.id = u.owner_id
  where u.owner_kind = 'dispatch' and u.completed_at is null and d.site_id = p_site and d.state = 'started'
  union all
  select 'message', o.name || ' ' || coalesce(o.payload ->> 'stepKey', o.id::text) from outbox o
  where o.site_id = p_site and o.handled_at is null
$$;

-- The next moment in lab time at which something can happen by itself; null when nothing is to come.
create or replace function clock_next(p_site uuid) returns timestamptz language sql stable as $$
  select least(
    (select min(due_lab_at) from lab_timer where site_id = p_site and fired_at is null and cancelled_at is null),
    (select min(until_lab_at) from dispatch where site_id = p_site and state = 'started'),
    (select min(earliest_start_at) from waiting_work where site_id = p_site and earliest_start_at > lab_now(p_site)),
    (select min(w.ready_at) from dispatch d join job_labware jl on jl.job_id = d.job_id join labware w on w.id = jl.labware_id
     where d.site_id = p_site and d.state = 'queued' and w.ready_at > lab_now(p_site)))
$$;

-- Fires the timers that are due, each as a message to its workflow.
create or replace function fire_lab_timers(p_site uuid) returns integer language plpgsql as $$
declare
  v_fired integer;
begin
  with due as (
    update lab_timer set fired_at = now()
    where site_id = p_site and fired_at is null and cancelled_at is null and due_lab_at <= lab_now(p_site)
    returning *, uuidv7() as event_id
  ), told as (
    insert into outbox (id, tenant_id, site_id, campaign_id, round, stage, kind, name, payload)
    select event_id, tenant_id, site_id, campaign_id, round, stage, 'signal', 'labTimerFired',
      jsonb_build_object('eventId', event_id, 'key', key, 'dueLabAt', iso_time(due_lab_at))
    from due returning id
  ) select count(*) into v_fired from told;
  if v_fired > 0 then perform pg_notify('outbox', ''); end if;
  return v_fired;
end $$;
