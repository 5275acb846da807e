-- When devices may work and people are there, in lab time. Hours of a device are its own. Hours of a site are when its people
-- are there: persons without hours of their own keep them. Instruments without hours of their own work around the clock.
-- A site without any hours never asks these functions.

-- Open times from the day before a moment to three weeks after; null when nothing is said of the device (null: the site itself).
create or replace function open_times(p_site uuid, p_device uuid, p_at timestamptz) returns tstzmultirange language sql stable as $$
  select case when exists (select 1 from opening_hours where site_id = p_site and device_id is not distinct from p_device) then
    coalesce((
      select range_agg(tstzrange((d.day::date + h.opens) at time zone s.time_zone, (d.day::date + h.closes) at time zone s.time_zone))
      from site s
      cross join lateral (select (p_at at time zone s.time_zone)::date as day) today
      cross join lateral generate_series(today.day - 1, today.day + 21, interval '1 day') d (day)
      join opening_hours h on h.site_id = p_site and h.device_id is not distinct from p_device and h.opens is not null
        and case when exists (select 1 from opening_hours x
            where x.site_id = p_site and x.device_id is not distinct from p_device and x.day = d.day::date)
          then h.day = d.day::date else h.weekday = extract(isodow from d.day) end
      where s.id = p_site), '{}') end
$$;

create or replace function device_times(p_device device, p_at timestamptz) returns tstzmultirange language sql stable as $$
  select coalesce(open_times(p_device.site_id, p_device.id, p_at),
    case when p_device.kind = 'person' then open_times(p_device.site_id, null, p_at) end, '{(,)}')
$$;

-- When somebody is there for an attended step: always, unless hours of people are known.
create or replace function staffed_times(p_site uuid, p_at timestamptz) returns tstzmultirange language sql stable as $$
  select case
    when not exists (
      select 1 from opening_hours h left join device v on v.id = h.device_id
      where h.site_id = p_site and (h.device_id is null or v.kind = 'person')) then '{(,)}'
    when exists (select 1 from device where site_id = p_site and kind = 'person') then coalesce((
      select range_agg(r) from device v cross join lateral unnest(device_times(v, p_at)) r
      where v.site_id = p_site and v.kind = 'person' and v.state = 'in-service'), '{}')
    else open_times(p_site, null, p_at) end
$$;

-- When a job may be started: a device it may go to is open, and somebody is there when it is attended.
create or replace function job_times(p_job job, p_at timestamptz) returns tstzmultirange language sql stable as $$
  select coalesce((
      select range_agg(r) from device v cross join lateral unnest(device_times(v, p_at)) r
      where v.site_id = p_job.site_id and v.state = 'in-service' and case when p_job.routed_device_id is null
        then p_job.capability = any (v.capabilities) else v.id = p_job.routed_device_id end), '{(,)}')
    * case when (p_job.spec ->> 'attended')::boolean then staffed_times(p_job.site_id, p_at) else '{(,)}' end
$$;

-- The first moment of these times at or after a moment; null when there is none.
create or replace function first_within(p_times tstzmultirange, p_at timestamptz) returns timestamptz language sql immutable as $$
  select min(greatest(coalesce(lower(r), p_at), p_at)) from unnest(p_times) r where upper(r) is null or upper(r) > p_at
$$;

create or replace function is_open(p_device device, p_at timestamptz) returns boolean language sql stable as $$
  select device_times(p_device, p_at) @> p_at
$$;

-- When work of a capability can next be started at a site; null when not within three weeks.
create or replace function next_open(p_site uuid, p_capability text, p_attended boolean, p_at timestamptz)
returns timestamptz language sql stable as $$
  select first_within(job_times(
    jsonb_populate_record(null::job, jsonb_build_object('site_id', p_site, 'capability', p_capability,
      'spec', jsonb_build_object('attended', p_attended))), p_at), p_at)
$$;

-- The first moment at which a job may be started so that every step after it can follow within the maximum hold; `infinity`
-- when there is none within three weeks. Steps of a block are looked through to its end.
create or replace function earliest_start(p_job job, p_at timestamptz, p_depth integer default 0) returns timestamptz
language plpgsql stable as $$
declare
  v_times constant tstzmultirange := job_times(p_job, p_at);
  v_start timestamptz := first_within(v_times, p_at);
  v_end timestamptz;
  v_late interval;
begin
  for i in 1..20 loop
    if v_start is null then return 'infinity'; end if;
    if p_job.hold_max_ms is null or p_depth >= 5 then return v_start; end if;
    v_end := v_start + (p_job.spec ->> 'durationMs')::float8 * interval '1 millisecond';
    select max(earliest_start(s, v_end + coalesce(p_job.hold_min_ms, 0) * interval '1 millisecond', p_depth + 1)
      - (v_end + p_job.hold_max_ms * interval '1 millisecond')) into v_late
    from job_need n join job s on s.id = n.job_id
    where n.needs_job_id = p_job.id
      and exists (select 1 from dispatch d where d.job_id = s.id and d.state in ('blocked', 'queued'));
    if v_late is null or v_late <= interval '0' then return v_start; end if;
    if v_late = interval 'infinity' then return 'infinity'; end if;
    v_start := first_within(v_times, v_start + v_late);
  end loop;
  return v_start;
end $$;

-- A moment for people of the site: `Mon 08:00`, with the date when it is a week or more away.
create or replace function site_time(p_site uuid, p_at timestamptz) returns text language sql stable as $$
  select to_char(p_at at time zone time_zone,
    case when p_at < lab_now(p_site) + interval '6 days' then 'Dy HH24:MI' else 'Dy YYYY-MM-DD HH24:MI' end)
  from site where id = p_site
$$;

-- Why a job is not started before a moment that hours have set.
create or replace function hours_reason(p_job job, p_at timestamptz, p_start timestamptz) returns text language plpgsql stable as $$
declare
  v_own constant timestamptz := first_within(job_times(p_job, p_at), p_at);
  v_attended constant boolean := (p_job.spec ->> 'attended')::boolean;
  v_next job;
  v_hold constant text := round(p_job.hold_max_ms / 3600000.0, 1)::float8 || ' h';
  v_not_before constant text := case when p_start = 'infinity' then 'not within three weeks: '
    else format('not before %s: ', site_time(p_job.site_id, p_start)) end;
begin
  if v_own is distinct from p_at then
    return v_not_before || case when v_attended and not staffed_times(p_job.site_id, p_at) @> p_at
      then 'it needs a person, and nobody is there before' else 'no device that can ' || p_job.capability || ' is open before' end;
  end if;
  select s.* into v_next from job_need n join job s on s.id = n.job_id
  where n.needs_job_id = p_job.id order by (s.spec ->> 'attended')::boolean desc, s.id limit 1;
  if (v_next.spec ->> 'attended')::boolean then
    return v_not_before || format('its next step needs a person within %s of its end, and nobody is there before', v_hold);
  end if;
  return v_not_before || format('its next step (%s) must start within %s of its end, and what follows could not before',
    v_next.capability, v_hold);
end $$;

-- Puts a queued job off when hours forbid it now; the caller holds its dispatch. @returns whether it was put off
create or replace function hours_defer(p_dispatch dispatch, p_lab timestamptz) returns boolean language plpgsql as $$
declare
  v_job job;
  v_start timestamptz;
begin
  select * into v_job from job where id = p_dispatch.job_id;
  v_start := earliest_start(v_job, p_lab);
  if v_start <= p_lab then return false; end if;
  update dispatch set timed = true,
    not_before = case when v_start = 'infinity' then p_lab + interval '21 days' else v_start end
  where id = p_dispatch.id;
  update job set waiting_for = hours_reason(v_job, p_lab, v_start) where id = v_job.id;
  return true;
end $$;

-- Hours or devices of a site changed: what was put off for hours is looked at again.
create or replace function forget_deferrals(p_site uuid) returns void language plpgsql as $$
begin
  update dispatch d set not_before = j.earliest_start_at, timed = coalesce(j.earliest_start_at > lab_now(p_site), false)
  from job j
  where j.id = d.job_id and d.site_id = p_site and d.state = 'queued' and d.timed
    and d.not_before is distinct from j.earliest_start_at;
  perform pg_notify('job_ready', 's:' || p_site), pg_notify('lab_changed', p_site::text);
end $$;

create or replace function follow_device() returns trigger language plpgsql as $$
begin
  if exists (select 1 from opening_hours where site_id = new.site_id) then perform forget_deferrals(new.site_id); end if;
  return null;
end $$;
