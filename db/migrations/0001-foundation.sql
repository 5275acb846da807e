-- Facts of the lab. Process state is Temporal's; a robot needs nothing but these tables.
create table tenant (
  id uuid primary key,
  slug text not null unique,
  name text not null,
  created_at timestamptz not null default now()
);

create table site (
  id uuid primary key,
  tenant_id uuid not null references tenant,
  slug text not null,
  name text not null,
  unique (tenant_id, slug)
);

create table actor (
  id uuid primary key,
  tenant_id uuid not null references tenant,
  kind text not null check (kind in ('person', 'device', 'system')),
  name text not null,
  roles text[] not null default '{}' check (roles <@ array['scientist', 'operator', 'pi', 'ops', 'biosafety']),
  created_at timestamptz not null default now(),
  unique (tenant_id, kind, name)
);

create table access_token (
  id uuid primary key,
  tenant_id uuid not null references tenant,
  actor_id uuid not null references actor,
  sha256 bytea not null unique check (octet_length(sha256) = 32),
  created_at timestamptz not null default now(),
  revoked_at timestamptz
);

create table event (
  -- Tenants are reached through the actor: one reference less to check for each fact.
  tenant_id uuid not null,
  stream text not null,
  seq integer not null check (seq > 0),
  position bigint generated always as identity,
  -- Who reads on from a cursor stops before transactions that are still open: (transaction_id, position) never goes back.
  transaction_id bigint not null default (pg_current_xact_id()::text::bigint),
  kind text not null,
  version smallint not null default 1,
  actor_id uuid not null references actor,
  campaign_id uuid,
  at timestamptz not null default now(),
  lab_at timestamptz,
  payload jsonb not null,
  primary key (tenant_id, stream, seq)
);
create index event_by_campaign on event (campaign_id, transaction_id, position) where campaign_id is not null;

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only: % refused', tg_table_name, tg_op using errcode = 'restrict_violation';
end $$;
create trigger event_append_only before update or delete on event for each row execute function refuse_change();
create trigger event_no_truncate before truncate on event for each statement execute function refuse_change();

create table idempotency_key (
  tenant_id uuid not null references tenant,
  key text not null check (length(key) between 1 and 200),
  body_sha256 bytea not null,
  response jsonb not null,
  created_at timestamptz not null default now(),
  primary key (tenant_id, key)
);

create table lab_clock (
  site_id uuid primary key references site,
  tenant_id uuid not null references tenant,
  mode text not null check (mode in ('wall', 'virtual')),
  now_at timestamptz,
  revision bigint not null default 0,
  check ((mode = 'virtual') = (now_at is not null))
);
-- The only reader of lab time.
create function lab_now(site uuid) returns timestamptz language sql stable as $$
  select case when mode = 'wall' then clock_timestamp() else now_at end from lab_clock where site_id = site
$$;

-- Files ---------------------------------------------------------------------------------------------------------------
create table file (
  tenant_id uuid not null references tenant,
  sha256 bytea not null check (octet_length(sha256) = 32),
  bytes bigint not null check (bytes >= 0),
  media_type text not null,
  name text not null,
  created_at timestamptz not null default now(),
  primary key (tenant_id, sha256)
);
create table file_chunk (
  tenant_id uuid not null,
  sha256 bytea not null,
  index integer not null check (index >= 0),
  content bytea not null check (octet_length(content) <= 1048576),
  primary key (tenant_id, sha256, index)
);
create table upload (
  tenant_id uuid not null references tenant,
  owner_kind text not null check (owner_kind in ('dispatch', 'submission')),
  owner_id uuid not null,
  sha256 bytea not null check (octet_length(sha256) = 32),
  bytes bigint not null check (bytes >= 0),
  last_chunk_at timestamptz not null default now(),
  completed_at timestamptz,
  primary key (tenant_id, owner_kind, owner_id, sha256)
);
create index upload_open on upload (tenant_id) where completed_at is null;

-- Campaigns -----------------------------------------------------------------------------------------------------------
create table protocol (
  tenant_id uuid not null references tenant,
  id text not null,
  version text not null,
  stage text not null check (stage in ('build', 'test')),
  sha256 bytea not null,
  source_text text not null,
  document jsonb not null,
  document_version smallint not null default 1,
  actor_id uuid not null references actor,
  created_at timestamptz not null default now(),
  primary key (tenant_id, id, version)
);

create table campaign (
  id uuid primary key,
  tenant_id uuid not null references tenant,
  site_id uuid not null references site,
  slug text not null,
  status text not null check (status in ('submitted', 'running', 'paused', 'finished', 'aborted', 'failed')),
  owner_id uuid not null references actor,
  revision integer not null default 1,
  -- Grows when the campaign is started again from these facts because its workflow is gone.
  epoch integer not null default 1,
  current_round integer not null default 0,
  current_stage text,
  progress jsonb not null default '{}',
  outcome jsonb,
  created_at timestamptz not null default now(),
  finished_at timestamptz,
  unique (tenant_id, slug)
);

create table campaign_revision (
  campaign_id uuid not null references campaign,
  revision integer not null check (revision > 0),
  tenant_id uuid not null references tenant,
  source_text text not null,
  sha256 bytea not null,
  document jsonb not null,
  document_version smallint not null default 1,
  actor_id uuid not null references actor,
  reason text,
  created_at timestamptz not null default now(),
  primary key (campaign_id, revision)
);
create trigger campaign_revision_append_only before update or delete on campaign_revision
  for each row execute function refuse_change();

create table round (
  id uuid primary key,
  tenant_id uuid not null references tenant,
  campaign_id uuid not null references campaign,
  number integer not null check (number > 0),
  kind text not null check (kind in ('explore', 'confirm')),
  revision integer not null,
  status text not null check (status in ('running', 'finished', 'aborted', 'failed')),
  -- Protocol ids and versions the round is pinned to.
  pins jsonb not null,
  lab_started_at timestamptz,
  lab_finished_at timestamptz,
  summary jsonb,
  unique (campaign_id, number)
);

-- Result of each stage; a campaign restarts after its last completed one.
create table stage_result (
  campaign_id uuid not null references campaign,
  round integer not null,
  stage text not null check (stage in ('design', 'build', 'test', 'learn')),
  tenant_id uuid not null references tenant,
  result jsonb not null,
  lab_finished_at timestamptz,
  finished_at timestamptz not null default now(),
  primary key (campaign_id, round, stage)
);

create table step_result (
  campaign_id uuid not null references campaign,
  step_key text not null,
  tenant_id uuid not null references tenant,
  planner text not null,
  version smallint not null default 1,
  inputs_sha256 bytea,
  result jsonb not null,
  created_at timestamptz not null default now(),
  primary key (campaign_id, step_key)
);

create table construct (
  id uuid primary key,
  tenant_id uuid not null references tenant,
  sequence_sha256 bytea not null,
  kind text not null check (kind in ('unit', 'construct', 'vector')),
  name text not null,
  topology text not null check (topology in ('circular', 'linear')),
  sequence text not null,
  parts jsonb not null,
  created_at timestamptz not null default now(),
  unique (tenant_id, sequence_sha256)
);

create table design (
  campaign_id uuid not null references campaign,
  round integer not null,
  design_index bigint not null,
  tenant_id uuid not null references tenant,
  position integer not null,
  construct_id uuid not null references construct,
  choice jsonb not null,
  arm text not null,
  reason text not null,
  -- Frozen before any data of the round exist: {readout: {mean, low, high}}; null in round one.
  predicted jsonb,
  status text not null default 'designed' check (status in
    ('designed', 'built', 'failed-assembly', 'failed-transformation', 'failed-sequence', 'failed-growth', 'measured', 'held')),
  status_reason text,
  frozen_at timestamptz not null default now(),
  primary key (campaign_id, round, design_index)
);

create table decision (
  id uuid primary key,
  tenant_id uuid not null references tenant,
  campaign_id uuid not null references campaign,
  kind text not null check (kind in ('pause', 'resume', 'abort', 'approve', 'amend')),
  gate text,
  request_id text not null,
  reason text not null,
  payload jsonb not null default '{}',
  actor_id uuid not null references actor,
  state text not null default 'pending' check (state in ('pending', 'applied', 'refused')),
  refusal text,
  created_at timestamptz not null default now(),
  settled_at timestamptz,
  unique (campaign_id, request_id)
);

-- Places, labware, material -------------------------------------------------------------------------------------------
create table place (
  id uuid primary key,
  tenant_id uuid not null references tenant,
  site_id uuid not null references site,
  code text not null,
  kind text not null check (kind in ('deck', 'incubator', 'storage', 'freezer', 'consumables', 'bench')),
  capacity integer not null check (capacity > 0),
  temperature_c real,
  unique (site_id, code)
);

create table device (
  id uuid primary key,
  tenant_id uuid not null references tenant,
  site_id uuid not null references site,
  code text not null,
  name text not null,
  kind text not null,
  capabilities text[] not null,
  place_id uuid references place,
  actor_id uuid not null references actor,
  state text not null default 'in-service' check (state in ('in-service', 'draining', 'quarantined', 'out-of-service')),
  state_reason text,
  -- The dispatch whose unknown end put it into quarantine; evidence of that dispatch releases it.
  quarantined_by uuid,
  simulated boolean not null default false,
  last_seen_at timestamptz,
  unique (tenant_id, code)
) with (fillfactor = 70);

create table labware (
  id uuid primary key,
  tenant_id uuid not null references tenant,
  site_id uuid not null references site,
  barcode text not null,
  kind text not null,
  -- What stock it is, for labware that was received filled: `parts`, `reagents`, `cells`, `medium`, `controls`.
  content_role text,
  place_id uuid not null references place,
  -- Where it goes back to when its place is needed: stock in the cold, for example.
  home_place_id uuid references place,
  seal text not null default 'none' check (seal in ('none', 'foil', 'breathable')),
  lid boolean not null default false,
  held boolean not null default false,
  held_reason text,
  -- The dispatch in unknown that holds it; null when a person does.
  held_by uuid,
  -- The leased or started dispatch that works with it; nobody else gets it meanwhile.
  in_use_by uuid,
  discarded boolean not null default false,
  -- Hold in lab time: not before `ready_at`, and no later than `due_at`, the next step on it starts.
  ready_at timestamptz,
  due_at timestamptz,
  created_at timestamptz not null default now(),
  unique (tenant_id, barcode)
) with (fillfactor = 70);
create index labware_by_place on labware (place_id) where not discarded;

-- Device work ---------------------------------------------------------------------------------------------------------
create sequence fencing_token;

create table job (
  id uuid primary key,
  tenant_id uuid not null references tenant,
  site_id uuid not null references site,
  campaign_id uuid references campaign,
  round integer,
  stage text,
  step_key text not null,
  -- Jobs of one run of operations share a block; its last job tells the workflow.
  block_key text,
  tells_success boolean not null default false,
  -- Made by the system to bring labware; it serves the job named here.
  serves_job_id uuid references job,
  capability text not null,
  spec jsonb not null,
  spec_version smallint not null default 1,
  hold_min_ms bigint,
  hold_max_ms bigint,
  rank integer not null default 0,
  priority smallint not null default 3 check (priority between 1 and 5),
  earliest_start_at timestamptz,
  due_at timestamptz,
  routed_device_id uuid references device,
  waiting_for text,
  created_at timestamptz not null default now(),
  unique nulls not distinct (tenant_id, campaign_id, step_key)
);
create index job_by_campaign on job (campaign_id, round, stage);
create index job_serving on job (serves_job_id) where serves_job_id is not null;

create table job_need (
  job_id uuid not null references job,
  needs_job_id uuid not null references job,
  primary key (job_id, needs_job_id)
);
create index job_need_reverse on job_need (needs_job_id);

create table job_labware (
  job_id uuid not null references job,
  labware_id uuid not null references labware,
  role text not null,
  at text not null check (at in ('device', 'anywhere')),
  primary key (job_id, labware_id)
);
create index job_labware_reverse on job_labware (labware_id);

-- The life of a dispatch, the same table as libs/device/transitions.ts.
create table dispatch_transition (
  from_state text not null,
  to_state text not null,
  primary key (from_state, to_state)
);
insert into dispatch_transition values
  ('blocked', 'queued'), ('queued', 'leased'), ('leased', 'queued'), ('leased', 'started'), ('started', 'succeeded'),
  ('started', 'failed'), ('started', 'unknown'), ('unknown', 'succeeded'), ('unknown', 'failed'),
  ('blocked', 'withdrawn'), ('queued', 'withdrawn'), ('leased', 'withdrawn');

create table dispatch (
  id uuid primary key,
  -- Tenant, site and capability are its job's, repeated for the queue's index.
  tenant_id uuid not null,
  site_id uuid not null,
  job_id uuid not null references job,
  attempt integer not null check (attempt > 0),
  state text not null check (state in ('blocked', 'queued', 'leased', 'started', 'succeeded', 'failed', 'unknown', 'withdrawn')),
  capability text not null,
  fencing_token bigint,
  device_id uuid references device,
  lease_expires_at timestamptz,
  heartbeat_at timestamptz,
  -- A virtual device says until when, in lab time, it is busy.
  until_lab_at timestamptz,
  worklist_sha256 bytea,
  queued_at timestamptz,
  leased_at timestamptz,
  started_at timestamptz,
  started_lab_at timestamptz,
  settled_at timestamptz,
  settled_lab_at timestamptz,
  progress jsonb,
  outcome jsonb,
  resolution jsonb,
  -- An outcome that came after the dispatch was settled otherwise.
  late_outcome jsonb,
  unique (job_id, attempt),
  foreign key (tenant_id, worklist_sha256) references file (tenant_id, sha256),
  check ((state in ('leased', 'started')) <= (fencing_token is not null and device_id is not null)),
  check ((state in ('succeeded', 'failed', 'withdrawn')) = (settled_at is not null))
) with (fillfactor = 70);
create index dispatch_queue on dispatch (site_id, capability, queued_at, id) where state = 'queued';
create index dispatch_held on dispatch (site_id) where state in ('leased', 'started', 'unknown');
create index dispatch_blocked on dispatch (site_id) where state = 'blocked';
-- One device does one thing at a time.
create unique index dispatch_one_per_device on dispatch (device_id) where state in ('leased', 'started');
-- Two attempts of one job are never alive together.
create unique index dispatch_one_alive on dispatch (job_id) where state in ('blocked', 'queued', 'leased', 'started', 'unknown');

create function check_dispatch_transition() returns trigger language plpgsql as $$
begin
  if new.state <> old.state and not exists (
    select 1 from dispatch_transition t where t.from_state = old.state and t.to_state = new.state) then
    raise exception 'dispatch % cannot go from % to %', old.id, old.state, new.state using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger dispatch_transition_check before update of state on dispatch
  for each row execute function check_dispatch_transition();

create table planned_transfer (
  dispatch_id uuid not null references dispatch,
  ordinal integer not null check (ordinal > 0),
  from_labware_id uuid not null references labware,
  from_well text not null,
  to_labware_id uuid not null references labware,
  to_well text not null,
  volume_pl bigint not null check (volume_pl > 0),
  primary key (dispatch_id, ordinal)
);
create index planned_transfer_from on planned_transfer (from_labware_id, from_well);

create table dispatch_file (
  dispatch_id uuid not null references dispatch,
  tenant_id uuid not null references tenant,
  sha256 bytea not null,
  name text not null,
  primary key (dispatch_id, name, sha256),
  foreign key (tenant_id, sha256) references file (tenant_id, sha256)
);

-- What a planner says a transfer will make; becomes a sample when it happened.
create table planned_sample (
  dispatch_id uuid not null references dispatch,
  labware_id uuid not null references labware,
  well text not null,
  sample_id uuid not null,
  kind text not null,
  construct_id uuid,
  clone_id uuid,
  code text,
  primary key (dispatch_id, labware_id, well)
);

create table sample (
  id uuid primary key,
  tenant_id uuid not null references tenant,
  labware_id uuid not null references labware,
  well text not null,
  use_number integer not null default 1,
  kind text not null,
  construct_id uuid,
  clone_id uuid,
  code text,
  concentration_ng_per_ul real,
  concentration_basis text,
  made_by_dispatch_id uuid references dispatch,
  created_at timestamptz not null default now(),
  lab_created_at timestamptz,
  unique (labware_id, well, use_number)
);
create index sample_by_construct on sample (construct_id) where construct_id is not null;
create index sample_by_code on sample (tenant_id, code) where code is not null;

create table sample_parent (
  sample_id uuid not null references sample,
  parent_id uuid not null references sample,
  dispatch_id uuid not null references dispatch,
  ordinal integer not null,
  primary key (sample_id, parent_id, dispatch_id, ordinal)
);
create index sample_parent_reverse on sample_parent (parent_id);

create table sample_verdict (
  id bigint generated always as identity primary key,
  tenant_id uuid not null references tenant,
  sample_id uuid not null references sample,
  verdict text not null check (verdict in ('void', 'grew', 'no-growth', 'perfect', 'wrong-sequence', 'accepted', 'held')),
  reason text not null,
  evidence jsonb not null default '{}',
  actor_id uuid not null references actor,
  at timestamptz not null default now(),
  unique (sample_id, verdict)
);
create trigger sample_verdict_append_only before update or delete on sample_verdict
  for each row execute function refuse_change();

create table ledger (
  id bigint generated always as identity primary key,
  tenant_id uuid not null,
  -- Null for what was received from outside.
  dispatch_id uuid references dispatch,
  ordinal integer,
  from_labware_id uuid references labware,
  from_well text,
  to_labware_id uuid references labware,
  to_well text,
  low_pl bigint not null check (low_pl >= 0),
  high_pl bigint not null check (high_pl >= low_pl),
  basis text not null check (basis in ('actual', 'assumed', 'resolved', 'received')),
  posted_at timestamptz not null default now(),
  unique (dispatch_id, ordinal)
);
create index ledger_to on ledger (to_labware_id, to_well);
create index ledger_from on ledger (from_labware_id, from_well);
create trigger ledger_append_only before update or delete on ledger for each row execute function refuse_change();

-- Measurements --------------------------------------------------------------------------------------------------------
create table measurement (
  id uuid primary key,
  tenant_id uuid not null references tenant,
  campaign_id uuid not null references campaign,
  round integer not null,
  labware_id uuid not null references labware,
  well text not null,
  sample_id uuid references sample,
  role text not null check (role in ('sample', 'blank', 'negative', 'reference')),
  construct_id uuid,
  clone_id uuid,
  culture_id uuid,
  control_id text,
  readout text not null,
  unit text not null,
  value double precision,
  state text not null check (state in ('ok', 'flagged', 'held', 'void')),
  flags text[] not null default '{}',
  reason text,
  -- Where it was read: the job's dispatch, the file and its lines.
  dispatch_id uuid not null references dispatch,
  file_sha256 bytea not null,
  file_lines int4range,
  created_at timestamptz not null default now(),
  unique (campaign_id, round, labware_id, well, readout)
);
create index measurement_by_construct on measurement (campaign_id, construct_id);

create table construct_value (
  campaign_id uuid not null references campaign,
  round integer not null,
  construct_id uuid not null references construct,
  readout text not null,
  tenant_id uuid not null references tenant,
  unit text not null,
  mean double precision not null,
  sd double precision,
  standard_error double precision,
  low double precision,
  high double precision,
  clones integer not null,
  cultures integer not null,
  wells integer not null,
  plates integer not null,
  flags text[] not null default '{}',
  primary key (campaign_id, round, construct_id, readout)
);

-- Bridge to Temporal --------------------------------------------------------------------------------------------------
create table outbox (
  id uuid primary key,
  tenant_id uuid not null,
  site_id uuid not null,
  campaign_id uuid not null references campaign,
  -- Address: the campaign itself (round null), or one of its stages.
  round integer,
  stage text,
  kind text not null check (kind in ('start', 'signal', 'update', 'cancel')),
  name text not null,
  version smallint not null default 1,
  payload jsonb not null,
  created_at timestamptz not null default now(),
  -- A relay that took the row has until then to send it; afterwards another may.
  claimed_until timestamptz,
  sent_at timestamptz,
  handled_at timestamptz,
  attempts integer not null default 0,
  last_error text
) with (fillfactor = 70);
create index outbox_unsent on outbox (created_at, id) where sent_at is null;
create index outbox_unhandled on outbox (site_id) where handled_at is null;

create table lab_timer (
  id uuid primary key,
  tenant_id uuid not null references tenant,
  site_id uuid not null references site,
  campaign_id uuid not null references campaign,
  round integer,
  stage text,
  key text not null,
  due_lab_at timestamptz not null,
  fired_at timestamptz,
  cancelled_at timestamptz,
  unique (campaign_id, key)
);
create index lab_timer_due on lab_timer (site_id, due_lab_at) where fired_at is null and cancelled_at is null;

create table incident (
  id uuid primary key,
  tenant_id uuid not null references tenant,
  site_id uuid not null references site,
  campaign_id uuid,
  kind text not null,
  subject text not null,
  message text not null,
  dispatch_id uuid references dispatch,
  device_id uuid references device,
  opened_at timestamptz not null default now(),
  resolved_at timestamptz,
  resolved_by uuid references actor,
  resolution text
);
create index incident_open on incident (site_id) where resolved_at is null;
create index incident_by_dispatch on incident (dispatch_id) where dispatch_id is not null;

create table workflow_archive (
  tenant_id uuid not null references tenant,
  workflow_id text not null,
  run_id text not null,
  history jsonb not null,
  archived_at timestamptz not null default now(),
  primary key (workflow_id, run_id)
);
