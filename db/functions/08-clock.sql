-- Lab time of a virtual site: what keeps it from moving, where it may move to.

-- What keeps a virtual clock from moving.
create or replace function clock_obstacles(p_site uuid) returns table (kind text, subject text) language sql stable
set jit = off as $$
  select 'leased', j.step_key from dispatch d join job j on j.id = d.job_id where d.site_id = p_site and d.state = 'leased'
  union all
  select case when d.lease_expires_at < now() then 'silent' else 'finishing' end, j.step_key
  from dispatch d join job j on j.id = d.job_id
  where d.site_id = p_site and d.state = 'started'
    and (d.lease_expires_at < now() or d.until_lab_at is null or d.until_lab_at <= lab_now(p_site))
  union all
  select 'leasable', (idle.v).code || ': ' || j.step_key
  -- The offsets keep each question from being asked of more rows than the one before it has left.
  from (
    select v from device v
    where v.site_id = p_site and device_refusal(v, lab_now(p_site)) is null
      and not exists (select 1 from dispatch busy where busy.device_id = v.id and busy.state in ('leased', 'started'))
    offset 0) idle
  cross join lateral (
    select c.dispatch_id from (
      select x.id as dispatch_id, x.job_id
      from candidates_of(idle.v, lab_now(p_site), '{}', 256) found join dispatch x on x.id = found.dispatch_id offset 0) c
    where material_problem(c.job_id, (idle.v).place_id) is null limit 1) first
  join dispatch d on d.id = first.dispatch_id join job j on j.id = d.job_id
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
    -- Holds of jobs and opening times of what waits for them.
    (select min(not_before) from dispatch where site_id = p_site and state = 'queued' and timed),
    (select min(w.ready_at) from labware w
     where w.site_id = p_site and w.ready_at > lab_now(p_site) and exists (
       select 1 from job_labware jl join dispatch d on d.job_id = jl.job_id and d.state = 'queued' where jl.labware_id = w.id)))
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
