-- Functions of device work. They are replaced as a whole whenever one of these files changes (db/migrate.ts), after the migrations.
-- The hot path makes one round trip each to queue a block, lease, start and settle.
-- Locks are taken in this order: job, dispatch, labware, successors' jobs by id. Functions answer refusals as values
-- (`status`), so that what they record about a refusal is committed; callers turn them into errors.
-- The settings beside the functions keep plans on indexes while fresh tables have no statistics, and make them once.
-- Functions call one another across files: their bodies are checked when they run, not in the order of the files.
set local check_function_bodies = off;

-- Text of a time as the protocol writes it.
create or replace function iso_time(at timestamptz) returns text language sql stable as $$
  select to_char(at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
$$;

-- [[1, 40], [44, 44]] as a set of ordinals; null and [] are the empty set.
create or replace function ordinals(ranges jsonb) returns int4multirange language sql immutable as $$
  select coalesce(range_agg(int4range((r ->> 0)::int, (r ->> 1)::int, '[]')), '{}'::int4multirange)
  from jsonb_array_elements(coalesce(ranges, '[]')) r
$$;

create or replace function system_actor(p_tenant uuid) returns uuid language sql stable as $$
  select id from actor where tenant_id = p_tenant and kind = 'system' and name = 'anneal'
$$;

-- Writers of a stream hold the lock of what it is about; a lost race for the next number is a unique violation, tried again.
create or replace function append_event(
  p_tenant uuid, p_stream text, p_kind text, p_actor uuid, p_campaign uuid, p_lab_at timestamptz, p_payload jsonb
) returns void language plpgsql as $$
begin
  insert into event (tenant_id, stream, seq, kind, actor_id, campaign_id, lab_at, payload)
  select p_tenant, p_stream,
    coalesce((select max(seq) from event where tenant_id = p_tenant and stream = p_stream), 0) + 1,
    p_kind, p_actor, p_campaign, p_lab_at, p_payload;
end $$;

-- Confirms messages a workflow has acted on, in the transaction with which it waits again.
create or replace function mark_handled(p_events uuid[]) returns void language sql as $$
  update outbox set handled_at = now() where id = any (p_events) and handled_at is null
$$;

-- Opens an incident that a person has to look at.
create or replace function open_incident(p_job job, p_dispatch dispatch, p_kind text, p_message text) returns void language sql as $$
  insert into incident (id, tenant_id, site_id, campaign_id, kind, subject, message, dispatch_id, device_id)
  values (uuidv7(), p_job.tenant_id, p_job.site_id, p_job.campaign_id, p_kind, p_job.step_key, p_message, p_dispatch.id,
    p_dispatch.device_id)
$$;

create or replace function job_states(p_jobs uuid[]) returns setof job_state language sql stable as $$
  select j.step_key, j.id, d.id, d.attempt, d.state,
    coalesce(d.outcome -> 'problem' ->> 'message', d.resolution ->> 'reason')
  from unnest(p_jobs) with ordinality as wanted (id, place)
  join job j on j.id = wanted.id
  cross join lateral (select * from dispatch x where x.job_id = j.id order by x.attempt desc limit 1) d
  order by wanted.place
$$;
