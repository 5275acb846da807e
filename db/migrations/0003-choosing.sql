-- Choosing: what decides who gets which job next stands on the dispatch, in the order of small indexes.

-- A campaign's part of a device that several want, relative to the others.
alter table campaign add column weight double precision not null default 1 check (weight > 0 and weight <= 1000);

alter table site add column time_zone text not null default 'UTC';

alter table device
  -- The device's own word: someone works with it beside Anneal.
  add column condition text not null default 'ready' check (condition in ('ready', 'busy-foreign')),
  add column condition_message text;

-- A person's route stays whatever logistics thinks of it.
alter table job add column route_pinned boolean not null default false;

alter table dispatch
  -- Copies of the job's, for the indexes of the queue; a trigger on job keeps them.
  add column campaign_id uuid,
  add column rank integer not null default 0,
  add column routed_device_id uuid,
  -- Whether labware must stand on the device.
  add column deck boolean not null default false,
  -- Place in the fair order of its site and capability: the finish tag of self-clocked fair queueing.
  add column fair_tag double precision,
  -- The tag at which it was leased in fair order; the greatest one is the virtual time of its site and capability.
  add column virtual_at double precision,
  -- Lab time from which it goes before the fair order: its due date comes near, or it has waited long.
  add column urgent_at timestamptz,
  -- Lab time before which it must not start; `timed` while that is to come.
  add column not_before timestamptz,
  add column timed boolean not null default false,
  -- Its campaign does not run.
  add column parked boolean not null default false,
  -- A person took it: the device's own polls do not give the lease back.
  add column by_hand boolean not null default false;

update dispatch d set campaign_id = j.campaign_id, rank = j.rank, routed_device_id = j.routed_device_id,
  fair_tag = case when d.state = 'queued' then 0 end, not_before = j.earliest_start_at,
  urgent_at = least(j.due_at - interval '1 hour', lab_now(d.site_id) + interval '12 hours'),
  timed = coalesce(j.earliest_start_at > lab_now(d.site_id), false),
  deck = exists (select 1 from job_labware jl where jl.job_id = j.id and jl.at = 'device'),
  parked = coalesce((select c.status not in ('submitted', 'running') from campaign c where c.id = j.campaign_id), false)
from job j where j.id = d.job_id and d.state in ('blocked', 'queued');

drop index dispatch_queue;
create index dispatch_order on dispatch (site_id, capability, deck, rank, fair_tag, id)
  where state = 'queued' and not parked and not timed;
create index dispatch_urgent on dispatch (site_id, capability, deck, urgent_at, id)
  where state = 'queued' and not parked and not timed;
create index dispatch_routed on dispatch (routed_device_id, capability, rank, fair_tag, id)
  where state = 'queued' and routed_device_id is not null and not parked and not timed;
create index dispatch_timed on dispatch (site_id, not_before) where state = 'queued' and timed;
create index dispatch_parked on dispatch (campaign_id, queued_at) where state = 'queued' and parked;
create index dispatch_unparked on dispatch (campaign_id, queued_at) where state = 'queued' and not parked;
create index dispatch_virtual on dispatch (site_id, capability, virtual_at) where virtual_at is not null;
create index device_by_place on device (place_id);
create index labware_ready on labware (site_id, ready_at) where ready_at is not null;

-- How far each flow of work has been given places in the fair order. A flow is what one campaign asks of one capability
-- at one priority; the jobs of the system are a flow of their site.
create table campaign_share (
  site_id uuid not null references site,
  capability text not null,
  flow_id uuid not null,
  priority smallint not null,
  finish double precision not null,
  primary key (site_id, capability, flow_id, priority)
) with (fillfactor = 50);

-- When a device may work, or the people of a site are there: weekly, with exceptions by date.
create table opening_hours (
  id bigint generated always as identity primary key,
  tenant_id uuid not null references tenant,
  site_id uuid not null references site,
  -- Null: the site's own, when its people are there.
  device_id uuid references device,
  -- 1 = Monday … 7 = Sunday; null for an exception.
  weekday smallint check (weekday between 1 and 7),
  day date,
  -- Both null: closed all day. `closes` 24:00 = midnight.
  opens time,
  closes time,
  check ((weekday is null) <> (day is null)),
  check ((opens is null) = (closes is null)),
  check (opens < closes),
  check (opens is not null or day is not null)
);
create index opening_hours_of on opening_hours (site_id, device_id);

-- A job's place in the queue follows the job.
create function follow_job() returns trigger language plpgsql as $$
begin
  update dispatch set rank = new.rank, routed_device_id = new.routed_device_id,
    not_before = new.earliest_start_at, timed = coalesce(new.earliest_start_at > lab_now(site_id), false),
    urgent_at = urgent_from(new.due_at, greatest(lab_now(site_id), new.earliest_start_at))
  where job_id = new.id and state in ('blocked', 'queued');
  return null;
end $$;
create trigger job_place_in_queue after update of rank, routed_device_id, earliest_start_at, due_at on job
  for each row when ((old.rank, old.routed_device_id, old.earliest_start_at, old.due_at)
    is distinct from (new.rank, new.routed_device_id, new.earliest_start_at, new.due_at))
  execute function follow_job();

-- A campaign that does not run keeps nobody looking through its jobs. What another transaction holds at this moment is
-- found by park_campaigns().
create function follow_campaign() returns trigger language plpgsql as $$
begin
  perform park_campaign(new.id, new.status not in ('submitted', 'running'));
  return null;
end $$;
create trigger campaign_parks_jobs after update of status on campaign
  for each row when (old.status is distinct from new.status) execute function follow_campaign();

-- Labware that arrives on a device is what jobs without a route may have waited for; db/functions/02-queue.sql has the body.
create function follow_labware() returns trigger language plpgsql as $$ begin return null; end $$;
create trigger labware_routes_jobs after update of place_id on labware
  for each row when (old.place_id is distinct from new.place_id) execute function follow_labware();

-- Who is in service decides when work can be done, at sites that have hours; db/functions/02-hours.sql has the body.
create function follow_device() returns trigger language plpgsql as $$ begin return null; end $$;
create trigger device_changes_hours after insert or update of state, capabilities on device
  for each row execute function follow_device();
