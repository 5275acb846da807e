-- The life of a dispatch as the database keeps it: no state without an allowed transition, no transition without its event.

-- Writes the event of a change of state and takes its note away; the note a dispatch was made with counts for no change. Writers of a stream hold the dispatch's row by then.
create or replace function record_transition() returns trigger language plpgsql as $$
begin
  if new.state = old.state then return new; end if;
  if new.change ->> 'by' is null or new.change is not distinct from old.change then
    if not exists (select 1 from dispatch_transition where from_state = old.state and to_state = new.state) then
      raise exception 'dispatch % cannot go from % to %', old.id, old.state, new.state using errcode = 'check_violation';
    end if;
    raise exception 'dispatch % goes from % to %, but nobody says who changes it', old.id, old.state, new.state
      using errcode = 'check_violation';
  end if;
  insert into event (tenant_id, stream, seq, kind, actor_id, campaign_id, lab_at, payload)
  select new.tenant_id, 'job/' || new.job_id,
    coalesce((select max(seq) from event where tenant_id = new.tenant_id and stream = 'job/' || new.job_id), 0) + 1,
    known.event, (new.change ->> 'by')::uuid, j.campaign_id,
    coalesce(case new.state when 'started' then new.started_lab_at when 'queued' then null else new.settled_lab_at end,
      lab_now(new.site_id)),
    jsonb_strip_nulls(jsonb_build_object('stepKey', j.step_key, 'dispatchId', new.id, 'attempt', new.attempt,
      'from', old.state, 'to', new.state, 'fencingToken', new.fencing_token::text,
      'reason', coalesce(new.change ->> 'reason', known.reason))) || (new.change - '{by,reason}'::text[])
  from job j cross join dispatch_transition known
  where j.id = new.job_id and known.from_state = old.state and known.to_state = new.state;
  if not found then
    raise exception 'dispatch % cannot go from % to %', old.id, old.state, new.state using errcode = 'check_violation';
  end if;
  new.change := null;
  return new;
end $$;
create or replace trigger dispatch_transition_check before update of state on dispatch
  for each row execute function record_transition();

create or replace function refuse_nobody() returns uuid language plpgsql as $$
begin
  raise exception 'a dispatch is made, but nobody says who asks for it' using errcode = 'check_violation';
end $$;

-- Writes the events of dispatches that were made, all those of a statement at once.
create or replace function record_dispatches() returns trigger language plpgsql as $$
begin
  insert into event (tenant_id, stream, seq, kind, actor_id, campaign_id, lab_at, payload)
  select d.tenant_id, 'job/' || d.job_id,
    case when d.attempt = 1 then 1
      else coalesce((select max(seq) from event e where e.tenant_id = d.tenant_id and e.stream = 'job/' || d.job_id), 0) + 1 end,
    'jobQueued', coalesce((d.change ->> 'by')::uuid, refuse_nobody()), j.campaign_id, lab_now(d.site_id),
    jsonb_build_object('stepKey', j.step_key, 'dispatchId', d.id, 'attempt', d.attempt, 'to', d.state, 'state', d.state,
      'reason', coalesce(d.change ->> 'reason', 'asked for'))
  from made d join job j on j.id = d.job_id;
  return null;
end $$;
create or replace trigger dispatch_made after insert on dispatch referencing new table as made
  for each statement execute function record_dispatches();
