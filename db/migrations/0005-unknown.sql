-- Every change of a dispatch's state is recorded by the database itself. Whoever changes it says in the same statement who
-- does it and why: {by, reason, …what the event says beside}. The trigger that writes the event takes the note away.
alter table dispatch add column change jsonb;
alter table dispatch_transition add column event text, add column reason text;
update dispatch_transition t set event = x.event, reason = x.reason from (values
  ('blocked', 'queued', 'jobReleased', 'every job it needs has succeeded'),
  ('queued', 'leased', 'jobLeased', 'a device that has what it needs asks for work'),
  ('leased', 'queued', 'leaseLapsed', 'the lease ran out, or was given back, before the start'),
  ('leased', 'started', 'jobStarted', 'compare-and-set by the lease holder before anything moves'),
  ('started', 'succeeded', 'jobSucceeded', 'outcome with the current token'),
  ('started', 'failed', 'jobFailed', 'outcome with the current token; partial effects listed'),
  ('started', 'unknown', 'jobBecameUnknown', 'silence past the lease after the start'),
  ('unknown', 'succeeded', 'unknownResolvedHappened', 'evidence or a named person: it happened'),
  ('unknown', 'failed', 'unknownResolvedNot',
    'evidence or a named person: it did not, or partly; or there is no evidence and it may be repeated'),
  ('blocked', 'withdrawn', 'jobWithdrawn', 'no longer wanted'),
  ('queued', 'withdrawn', 'jobWithdrawn', 'no longer wanted'),
  ('leased', 'withdrawn', 'jobWithdrawn', 'no longer wanted')
) x (from_state, to_state, event, reason) where t.from_state = x.from_state and t.to_state = x.to_state;
alter table dispatch_transition alter column event set not null, alter column reason set not null;

-- What ends a quarantine, as the policy of the interrupted capability says; null: only a person's word.
alter table device add column hold text check (hold in ('until-cleared', 'after-self-test')),
  -- What a person has to have cleared: `deck`, `tips`, `door`.
  add column hold_checklist text[] not null default '{}';

-- Incidents that belong together: of one power cut, or answered together.
alter table incident add column group_id uuid;
create index incident_by_group on incident (group_id) where group_id is not null;
