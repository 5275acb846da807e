-- What the migrations make, dumped by db/dump-schema.ts. Not edited by hand.
-- Migrations: 5bf7d9af0114091d2f434ca4a2d35337fbd383e8c7f0a66c3094c34be5a1ec46

create sequence fencing_token;

create type job_state as ("stepKey" text, "jobId" uuid, "dispatchId" uuid, attempt integer, state text, problem text);

create table access_token (
  id uuid not null,
  tenant_id uuid not null,
  actor_id uuid not null,
  sha256 bytea not null,
  created_at timestamp with time zone not null default now(),
  revoked_at timestamp with time zone,
  replaces_id uuid,
  used_at timestamp with time zone,
  ends_at timestamp with time zone,
  constraint access_token_sha256_check CHECK ((octet_length(sha256) = 32)),
  constraint access_token_actor_id_fkey FOREIGN KEY (actor_id) REFERENCES actor(id),
  constraint access_token_replaces_id_fkey FOREIGN KEY (replaces_id) REFERENCES access_token(id),
  constraint access_token_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id),
  constraint access_token_pkey PRIMARY KEY (id),
  constraint access_token_sha256_key UNIQUE (sha256)
);

create table actor (
  id uuid not null,
  tenant_id uuid not null,
  kind text not null,
  name text not null,
  roles text[] not null default '{}'::text[],
  created_at timestamp with time zone not null default now(),
  constraint actor_kind_check CHECK ((kind = ANY (ARRAY['person'::text, 'device'::text, 'system'::text]))),
  constraint actor_roles_check CHECK ((roles <@ ARRAY['scientist'::text, 'operator'::text, 'pi'::text, 'ops'::text, 'biosafety'::text])),
  constraint actor_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id),
  constraint actor_pkey PRIMARY KEY (id),
  constraint actor_tenant_id_kind_name_key UNIQUE (tenant_id, kind, name)
);

create table campaign (
  id uuid not null,
  tenant_id uuid not null,
  site_id uuid not null,
  slug text not null,
  status text not null,
  owner_id uuid not null,
  revision integer not null default 1,
  epoch integer not null default 1,
  current_round integer not null default 0,
  current_stage text,
  progress jsonb not null default '{}'::jsonb,
  outcome jsonb,
  created_at timestamp with time zone not null default now(),
  finished_at timestamp with time zone,
  weight double precision not null default 1,
  constraint campaign_status_check CHECK ((status = ANY (ARRAY['submitted'::text, 'running'::text, 'paused'::text, 'finished'::text, 'aborted'::text, 'failed'::text]))),
  constraint campaign_weight_check CHECK (((weight > (0)::double precision) AND (weight <= (1000)::double precision))),
  constraint campaign_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES actor(id),
  constraint campaign_site_id_fkey FOREIGN KEY (site_id) REFERENCES site(id),
  constraint campaign_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id),
  constraint campaign_pkey PRIMARY KEY (id),
  constraint campaign_tenant_id_slug_key UNIQUE (tenant_id, slug)
);

create table campaign_revision (
  campaign_id uuid not null,
  revision integer not null,
  tenant_id uuid not null,
  source_text text not null,
  sha256 bytea not null,
  document jsonb not null,
  document_version smallint not null default 1,
  actor_id uuid not null,
  reason text,
  created_at timestamp with time zone not null default now(),
  constraint campaign_revision_revision_check CHECK ((revision > 0)),
  constraint campaign_revision_actor_id_fkey FOREIGN KEY (actor_id) REFERENCES actor(id),
  constraint campaign_revision_campaign_id_fkey FOREIGN KEY (campaign_id) REFERENCES campaign(id),
  constraint campaign_revision_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id),
  constraint campaign_revision_pkey PRIMARY KEY (campaign_id, revision)
);

create table campaign_share (
  site_id uuid not null,
  capability text not null,
  flow_id uuid not null,
  priority smallint not null,
  finish double precision not null,
  constraint campaign_share_site_id_fkey FOREIGN KEY (site_id) REFERENCES site(id),
  constraint campaign_share_pkey PRIMARY KEY (site_id, capability, flow_id, priority)
) with (fillfactor=50);

create table construct (
  id uuid not null,
  tenant_id uuid not null,
  sequence_sha256 bytea not null,
  kind text not null,
  name text not null,
  topology text not null,
  sequence text not null,
  parts jsonb not null,
  created_at timestamp with time zone not null default now(),
  constraint construct_kind_check CHECK ((kind = ANY (ARRAY['unit'::text, 'construct'::text, 'vector'::text]))),
  constraint construct_topology_check CHECK ((topology = ANY (ARRAY['circular'::text, 'linear'::text]))),
  constraint construct_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id),
  constraint construct_pkey PRIMARY KEY (id),
  constraint construct_tenant_id_sequence_sha256_key UNIQUE (tenant_id, sequence_sha256)
);

create table construct_value (
  campaign_id uuid not null,
  round integer not null,
  construct_id uuid not null,
  readout text not null,
  tenant_id uuid not null,
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
  flags text[] not null default '{}'::text[],
  constraint construct_value_campaign_id_fkey FOREIGN KEY (campaign_id) REFERENCES campaign(id),
  constraint construct_value_construct_id_fkey FOREIGN KEY (construct_id) REFERENCES construct(id),
  constraint construct_value_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id),
  constraint construct_value_pkey PRIMARY KEY (campaign_id, round, construct_id, readout)
);

create table decision (
  id uuid not null,
  tenant_id uuid not null,
  campaign_id uuid not null,
  kind text not null,
  gate text,
  request_id text not null,
  reason text not null,
  payload jsonb not null default '{}'::jsonb,
  actor_id uuid not null,
  state text not null default 'pending'::text,
  refusal text,
  created_at timestamp with time zone not null default now(),
  settled_at timestamp with time zone,
  constraint decision_kind_check CHECK ((kind = ANY (ARRAY['pause'::text, 'resume'::text, 'abort'::text, 'approve'::text, 'amend'::text]))),
  constraint decision_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'applied'::text, 'refused'::text]))),
  constraint decision_actor_id_fkey FOREIGN KEY (actor_id) REFERENCES actor(id),
  constraint decision_campaign_id_fkey FOREIGN KEY (campaign_id) REFERENCES campaign(id),
  constraint decision_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id),
  constraint decision_pkey PRIMARY KEY (id),
  constraint decision_campaign_id_request_id_key UNIQUE (campaign_id, request_id)
);

create table design (
  campaign_id uuid not null,
  round integer not null,
  design_index bigint not null,
  tenant_id uuid not null,
  position integer not null,
  construct_id uuid not null,
  choice jsonb not null,
  arm text not null,
  reason text not null,
  predicted jsonb,
  status text not null default 'designed'::text,
  status_reason text,
  frozen_at timestamp with time zone not null default now(),
  constraint design_status_check CHECK ((status = ANY (ARRAY['designed'::text, 'built'::text, 'failed-assembly'::text, 'failed-transformation'::text, 'failed-sequence'::text, 'failed-growth'::text, 'measured'::text, 'held'::text]))),
  constraint design_campaign_id_fkey FOREIGN KEY (campaign_id) REFERENCES campaign(id),
  constraint design_construct_id_fkey FOREIGN KEY (construct_id) REFERENCES construct(id),
  constraint design_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id),
  constraint design_pkey PRIMARY KEY (campaign_id, round, design_index)
);

create table device (
  id uuid not null,
  tenant_id uuid not null,
  site_id uuid not null,
  code text not null,
  name text not null,
  kind text not null,
  capabilities text[] not null,
  place_id uuid,
  actor_id uuid not null,
  state text not null default 'in-service'::text,
  state_reason text,
  quarantined_by uuid,
  simulated boolean not null default false,
  last_seen_at timestamp with time zone,
  condition text not null default 'ready'::text,
  condition_message text,
  hold text,
  hold_checklist text[] not null default '{}'::text[],
  constraint device_condition_check CHECK ((condition = ANY (ARRAY['ready'::text, 'busy-foreign'::text]))),
  constraint device_hold_check CHECK ((hold = ANY (ARRAY['until-cleared'::text, 'after-self-test'::text]))),
  constraint device_state_check CHECK ((state = ANY (ARRAY['in-service'::text, 'draining'::text, 'quarantined'::text, 'out-of-service'::text]))),
  constraint device_actor_id_fkey FOREIGN KEY (actor_id) REFERENCES actor(id),
  constraint device_place_id_fkey FOREIGN KEY (place_id) REFERENCES place(id),
  constraint device_site_id_fkey FOREIGN KEY (site_id) REFERENCES site(id),
  constraint device_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id),
  constraint device_pkey PRIMARY KEY (id),
  constraint device_tenant_id_code_key UNIQUE (tenant_id, code)
) with (fillfactor=70);

create table dispatch (
  id uuid not null,
  tenant_id uuid not null,
  site_id uuid not null,
  job_id uuid not null,
  attempt integer not null,
  state text not null,
  capability text not null,
  fencing_token bigint,
  device_id uuid,
  lease_expires_at timestamp with time zone,
  heartbeat_at timestamp with time zone,
  until_lab_at timestamp with time zone,
  worklist_sha256 bytea,
  queued_at timestamp with time zone,
  leased_at timestamp with time zone,
  started_at timestamp with time zone,
  started_lab_at timestamp with time zone,
  settled_at timestamp with time zone,
  settled_lab_at timestamp with time zone,
  progress jsonb,
  outcome jsonb,
  resolution jsonb,
  late_outcome jsonb,
  campaign_id uuid,
  rank integer not null default 0,
  routed_device_id uuid,
  deck boolean not null default false,
  fair_tag double precision,
  virtual_at double precision,
  urgent_at timestamp with time zone,
  not_before timestamp with time zone,
  timed boolean not null default false,
  parked boolean not null default false,
  by_hand boolean not null default false,
  change jsonb,
  constraint dispatch_attempt_check CHECK ((attempt > 0)),
  constraint dispatch_check CHECK (((state = ANY (ARRAY['leased'::text, 'started'::text])) <= ((fencing_token IS NOT NULL) AND (device_id IS NOT NULL)))),
  constraint dispatch_check1 CHECK (((state = ANY (ARRAY['succeeded'::text, 'failed'::text, 'withdrawn'::text])) = (settled_at IS NOT NULL))),
  constraint dispatch_state_check CHECK ((state = ANY (ARRAY['blocked'::text, 'queued'::text, 'leased'::text, 'started'::text, 'succeeded'::text, 'failed'::text, 'unknown'::text, 'withdrawn'::text]))),
  constraint dispatch_device_id_fkey FOREIGN KEY (device_id) REFERENCES device(id),
  constraint dispatch_job_id_fkey FOREIGN KEY (job_id) REFERENCES job(id),
  constraint dispatch_tenant_id_worklist_sha256_fkey FOREIGN KEY (tenant_id, worklist_sha256) REFERENCES file(tenant_id, sha256),
  constraint dispatch_pkey PRIMARY KEY (id),
  constraint dispatch_job_id_attempt_key UNIQUE (job_id, attempt)
) with (fillfactor=70);

create table dispatch_file (
  dispatch_id uuid not null,
  tenant_id uuid not null,
  sha256 bytea not null,
  name text not null,
  constraint dispatch_file_dispatch_id_fkey FOREIGN KEY (dispatch_id) REFERENCES dispatch(id),
  constraint dispatch_file_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id),
  constraint dispatch_file_tenant_id_sha256_fkey FOREIGN KEY (tenant_id, sha256) REFERENCES file(tenant_id, sha256),
  constraint dispatch_file_pkey PRIMARY KEY (dispatch_id, name, sha256)
);

create table dispatch_lot (
  dispatch_id uuid not null,
  labware_id uuid not null,
  lot_id uuid not null,
  constraint dispatch_lot_dispatch_id_fkey FOREIGN KEY (dispatch_id) REFERENCES dispatch(id),
  constraint dispatch_lot_labware_id_fkey FOREIGN KEY (labware_id) REFERENCES labware(id),
  constraint dispatch_lot_lot_id_fkey FOREIGN KEY (lot_id) REFERENCES lot(id),
  constraint dispatch_lot_pkey PRIMARY KEY (dispatch_id, labware_id)
);

create table dispatch_rack (
  dispatch_id uuid not null,
  labware_id uuid not null,
  count integer not null,
  constraint dispatch_rack_count_check CHECK ((count > 0)),
  constraint dispatch_rack_dispatch_id_fkey FOREIGN KEY (dispatch_id) REFERENCES dispatch(id),
  constraint dispatch_rack_labware_id_fkey FOREIGN KEY (labware_id) REFERENCES labware(id),
  constraint dispatch_rack_pkey PRIMARY KEY (dispatch_id, labware_id)
);

create table dispatch_tip (
  dispatch_id uuid not null,
  kind text not null,
  count integer not null,
  constraint dispatch_tip_count_check CHECK ((count > 0)),
  constraint dispatch_tip_dispatch_id_fkey FOREIGN KEY (dispatch_id) REFERENCES dispatch(id),
  constraint dispatch_tip_pkey PRIMARY KEY (dispatch_id, kind)
);

create table dispatch_transition (
  from_state text not null,
  to_state text not null,
  event text not null,
  reason text not null,
  constraint dispatch_transition_pkey PRIMARY KEY (from_state, to_state)
);

create table enrolment_code (
  id uuid not null,
  tenant_id uuid not null,
  device_id uuid not null,
  sha256 bytea not null,
  issued_by uuid not null,
  created_at timestamp with time zone not null default now(),
  expires_at timestamp with time zone not null,
  used_at timestamp with time zone,
  ended_at timestamp with time zone,
  constraint enrolment_code_check CHECK ((expires_at > created_at)),
  constraint enrolment_code_check1 CHECK (((used_at IS NULL) OR (ended_at IS NULL))),
  constraint enrolment_code_sha256_check CHECK ((octet_length(sha256) = 32)),
  constraint enrolment_code_device_id_fkey FOREIGN KEY (device_id) REFERENCES device(id),
  constraint enrolment_code_issued_by_fkey FOREIGN KEY (issued_by) REFERENCES actor(id),
  constraint enrolment_code_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id),
  constraint enrolment_code_pkey PRIMARY KEY (id),
  constraint enrolment_code_sha256_key UNIQUE (sha256)
);

create table event (
  tenant_id uuid not null,
  stream text not null,
  seq integer not null,
  position bigint not null generated always as identity,
  transaction_id bigint not null default ((pg_current_xact_id())::text)::bigint,
  kind text not null,
  version smallint not null default 1,
  actor_id uuid not null,
  campaign_id uuid,
  at timestamp with time zone not null default now(),
  lab_at timestamp with time zone,
  payload jsonb not null,
  constraint event_seq_check CHECK ((seq > 0)),
  constraint event_actor_id_fkey FOREIGN KEY (actor_id) REFERENCES actor(id),
  constraint event_pkey PRIMARY KEY (tenant_id, stream, seq)
);

create table file (
  tenant_id uuid not null,
  sha256 bytea not null,
  bytes bigint not null,
  media_type text not null,
  name text not null,
  created_at timestamp with time zone not null default now(),
  constraint file_bytes_check CHECK ((bytes >= 0)),
  constraint file_sha256_check CHECK ((octet_length(sha256) = 32)),
  constraint file_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id),
  constraint file_pkey PRIMARY KEY (tenant_id, sha256)
);

create table file_chunk (
  tenant_id uuid not null,
  sha256 bytea not null,
  index integer not null,
  content bytea not null,
  constraint file_chunk_content_check CHECK ((octet_length(content) <= 1048576)),
  constraint file_chunk_index_check CHECK ((index >= 0)),
  constraint file_chunk_pkey PRIMARY KEY (tenant_id, sha256, index)
);

create table idempotency_key (
  tenant_id uuid not null,
  key text not null,
  body_sha256 bytea not null,
  response jsonb not null,
  created_at timestamp with time zone not null default now(),
  constraint idempotency_key_key_check CHECK (((length(key) >= 1) AND (length(key) <= 200))),
  constraint idempotency_key_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id),
  constraint idempotency_key_pkey PRIMARY KEY (tenant_id, key)
);

create table incident (
  id uuid not null,
  tenant_id uuid not null,
  site_id uuid not null,
  campaign_id uuid,
  kind text not null,
  subject text not null,
  message text not null,
  dispatch_id uuid,
  device_id uuid,
  opened_at timestamp with time zone not null default now(),
  resolved_at timestamp with time zone,
  resolved_by uuid,
  resolution text,
  group_id uuid,
  constraint incident_device_id_fkey FOREIGN KEY (device_id) REFERENCES device(id),
  constraint incident_dispatch_id_fkey FOREIGN KEY (dispatch_id) REFERENCES dispatch(id),
  constraint incident_resolved_by_fkey FOREIGN KEY (resolved_by) REFERENCES actor(id),
  constraint incident_site_id_fkey FOREIGN KEY (site_id) REFERENCES site(id),
  constraint incident_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id),
  constraint incident_pkey PRIMARY KEY (id)
);

create table job (
  id uuid not null,
  tenant_id uuid not null,
  site_id uuid not null,
  campaign_id uuid,
  round integer,
  stage text,
  step_key text not null,
  block_key text,
  tells_success boolean not null default false,
  serves_job_id uuid,
  capability text not null,
  spec jsonb not null,
  spec_version smallint not null default 1,
  hold_min_ms bigint,
  hold_max_ms bigint,
  rank integer not null default 0,
  priority smallint not null default 3,
  earliest_start_at timestamp with time zone,
  due_at timestamp with time zone,
  routed_device_id uuid,
  waiting_for text,
  created_at timestamp with time zone not null default now(),
  route_pinned boolean not null default false,
  constraint job_priority_check CHECK (((priority >= 1) AND (priority <= 5))),
  constraint job_campaign_id_fkey FOREIGN KEY (campaign_id) REFERENCES campaign(id),
  constraint job_routed_device_id_fkey FOREIGN KEY (routed_device_id) REFERENCES device(id),
  constraint job_serves_job_id_fkey FOREIGN KEY (serves_job_id) REFERENCES job(id),
  constraint job_site_id_fkey FOREIGN KEY (site_id) REFERENCES site(id),
  constraint job_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id),
  constraint job_pkey PRIMARY KEY (id),
  constraint job_tenant_id_campaign_id_step_key_key UNIQUE NULLS NOT DISTINCT (tenant_id, campaign_id, step_key)
);

create table job_labware (
  job_id uuid not null,
  labware_id uuid not null,
  role text not null,
  at text not null,
  seal text,
  lid boolean,
  position integer,
  constraint job_labware_at_check CHECK ((at = ANY (ARRAY['device'::text, 'anywhere'::text]))),
  constraint job_labware_position_check CHECK (("position" > 0)),
  constraint job_labware_seal_check CHECK ((seal = ANY (ARRAY['none'::text, 'foil'::text, 'breathable'::text, 'no-foil'::text]))),
  constraint job_labware_job_id_fkey FOREIGN KEY (job_id) REFERENCES job(id),
  constraint job_labware_labware_id_fkey FOREIGN KEY (labware_id) REFERENCES labware(id),
  constraint job_labware_pkey PRIMARY KEY (job_id, labware_id)
);

create table job_need (
  job_id uuid not null,
  needs_job_id uuid not null,
  constraint job_need_job_id_fkey FOREIGN KEY (job_id) REFERENCES job(id),
  constraint job_need_needs_job_id_fkey FOREIGN KEY (needs_job_id) REFERENCES job(id),
  constraint job_need_pkey PRIMARY KEY (job_id, needs_job_id)
);

create table lab_clock (
  site_id uuid not null,
  tenant_id uuid not null,
  mode text not null,
  now_at timestamp with time zone,
  revision bigint not null default 0,
  constraint lab_clock_check CHECK (((mode = 'virtual'::text) = (now_at IS NOT NULL))),
  constraint lab_clock_mode_check CHECK ((mode = ANY (ARRAY['wall'::text, 'virtual'::text]))),
  constraint lab_clock_site_id_fkey FOREIGN KEY (site_id) REFERENCES site(id),
  constraint lab_clock_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id),
  constraint lab_clock_pkey PRIMARY KEY (site_id)
);

create table lab_timer (
  id uuid not null,
  tenant_id uuid not null,
  site_id uuid not null,
  campaign_id uuid not null,
  round integer,
  stage text,
  key text not null,
  due_lab_at timestamp with time zone not null,
  fired_at timestamp with time zone,
  cancelled_at timestamp with time zone,
  constraint lab_timer_campaign_id_fkey FOREIGN KEY (campaign_id) REFERENCES campaign(id),
  constraint lab_timer_site_id_fkey FOREIGN KEY (site_id) REFERENCES site(id),
  constraint lab_timer_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id),
  constraint lab_timer_pkey PRIMARY KEY (id),
  constraint lab_timer_campaign_id_key_key UNIQUE (campaign_id, key)
);

create table labware (
  id uuid not null,
  tenant_id uuid not null,
  site_id uuid not null,
  barcode text not null,
  kind text not null,
  content_role text,
  place_id uuid not null,
  home_place_id uuid,
  seal text not null default 'none'::text,
  lid boolean not null default false,
  held boolean not null default false,
  held_reason text,
  held_by uuid,
  in_use_by uuid,
  discarded boolean not null default false,
  ready_at timestamp with time zone,
  due_at timestamp with time zone,
  created_at timestamp with time zone not null default now(),
  lot_id uuid,
  opened_at timestamp with time zone,
  thaw_count integer not null default 0,
  position integer,
  unconfirmed text,
  confirmed_at timestamp with time zone,
  confirmed_by uuid,
  confirmed_how text,
  constraint labware_confirmed_how_check CHECK ((confirmed_how = ANY (ARRAY['scan'::text, 'person'::text]))),
  constraint labware_position_check CHECK (("position" > 0)),
  constraint labware_seal_check CHECK ((seal = ANY (ARRAY['none'::text, 'foil'::text, 'breathable'::text]))),
  constraint labware_thaw_count_check CHECK ((thaw_count >= 0)),
  constraint labware_confirmed_by_fkey FOREIGN KEY (confirmed_by) REFERENCES actor(id),
  constraint labware_home_place_id_fkey FOREIGN KEY (home_place_id) REFERENCES place(id),
  constraint labware_lot_id_fkey FOREIGN KEY (lot_id) REFERENCES lot(id),
  constraint labware_place_id_fkey FOREIGN KEY (place_id) REFERENCES place(id),
  constraint labware_site_id_fkey FOREIGN KEY (site_id) REFERENCES site(id),
  constraint labware_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id),
  constraint labware_pkey PRIMARY KEY (id),
  constraint labware_tenant_id_barcode_key UNIQUE (tenant_id, barcode)
) with (fillfactor=70);

create table ledger (
  id bigint not null generated always as identity,
  tenant_id uuid not null,
  dispatch_id uuid,
  ordinal integer,
  from_labware_id uuid,
  from_well text,
  to_labware_id uuid,
  to_well text,
  low_pl bigint not null,
  high_pl bigint not null,
  basis text not null,
  posted_at timestamp with time zone not null default now(),
  constraint ledger_basis_check CHECK ((basis = ANY (ARRAY['actual'::text, 'assumed'::text, 'resolved'::text, 'received'::text]))),
  constraint ledger_check CHECK ((high_pl >= low_pl)),
  constraint ledger_low_pl_check CHECK ((low_pl >= 0)),
  constraint ledger_dispatch_id_fkey FOREIGN KEY (dispatch_id) REFERENCES dispatch(id),
  constraint ledger_from_labware_id_fkey FOREIGN KEY (from_labware_id) REFERENCES labware(id),
  constraint ledger_to_labware_id_fkey FOREIGN KEY (to_labware_id) REFERENCES labware(id),
  constraint ledger_pkey PRIMARY KEY (id),
  constraint ledger_dispatch_id_ordinal_key UNIQUE (dispatch_id, ordinal)
);

create table lot (
  id uuid not null,
  tenant_id uuid not null,
  code text not null,
  material text not null,
  received_at timestamp with time zone not null,
  expires_at timestamp with time zone,
  opened_life_days integer,
  max_thaws integer,
  constraint lot_max_thaws_check CHECK ((max_thaws >= 0)),
  constraint lot_opened_life_days_check CHECK ((opened_life_days > 0)),
  constraint lot_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id),
  constraint lot_pkey PRIMARY KEY (id),
  constraint lot_tenant_id_code_key UNIQUE (tenant_id, code)
);

create table measurement (
  id uuid not null,
  tenant_id uuid not null,
  campaign_id uuid not null,
  round integer not null,
  labware_id uuid not null,
  well text not null,
  sample_id uuid,
  role text not null,
  construct_id uuid,
  clone_id uuid,
  culture_id uuid,
  control_id text,
  readout text not null,
  unit text not null,
  value double precision,
  state text not null,
  flags text[] not null default '{}'::text[],
  reason text,
  dispatch_id uuid not null,
  file_sha256 bytea not null,
  file_lines int4range,
  created_at timestamp with time zone not null default now(),
  constraint measurement_role_check CHECK ((role = ANY (ARRAY['sample'::text, 'blank'::text, 'negative'::text, 'reference'::text]))),
  constraint measurement_state_check CHECK ((state = ANY (ARRAY['ok'::text, 'flagged'::text, 'held'::text, 'void'::text]))),
  constraint measurement_campaign_id_fkey FOREIGN KEY (campaign_id) REFERENCES campaign(id),
  constraint measurement_dispatch_id_fkey FOREIGN KEY (dispatch_id) REFERENCES dispatch(id),
  constraint measurement_labware_id_fkey FOREIGN KEY (labware_id) REFERENCES labware(id),
  constraint measurement_sample_id_fkey FOREIGN KEY (sample_id) REFERENCES sample(id),
  constraint measurement_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id),
  constraint measurement_pkey PRIMARY KEY (id),
  constraint measurement_campaign_id_round_labware_id_well_readout_key UNIQUE (campaign_id, round, labware_id, well, readout)
);

create table opening_hours (
  id bigint not null generated always as identity,
  tenant_id uuid not null,
  site_id uuid not null,
  device_id uuid,
  weekday smallint,
  day date,
  opens time without time zone,
  closes time without time zone,
  constraint opening_hours_check CHECK (((weekday IS NULL) <> (day IS NULL))),
  constraint opening_hours_check1 CHECK (((opens IS NULL) = (closes IS NULL))),
  constraint opening_hours_check2 CHECK ((opens < closes)),
  constraint opening_hours_check3 CHECK (((opens IS NOT NULL) OR (day IS NOT NULL))),
  constraint opening_hours_weekday_check CHECK (((weekday >= 1) AND (weekday <= 7))),
  constraint opening_hours_device_id_fkey FOREIGN KEY (device_id) REFERENCES device(id),
  constraint opening_hours_site_id_fkey FOREIGN KEY (site_id) REFERENCES site(id),
  constraint opening_hours_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id),
  constraint opening_hours_pkey PRIMARY KEY (id)
);

create table outbox (
  id uuid not null,
  tenant_id uuid not null,
  site_id uuid not null,
  campaign_id uuid not null,
  round integer,
  stage text,
  kind text not null,
  name text not null,
  version smallint not null default 1,
  payload jsonb not null,
  created_at timestamp with time zone not null default now(),
  claimed_until timestamp with time zone,
  sent_at timestamp with time zone,
  handled_at timestamp with time zone,
  attempts integer not null default 0,
  last_error text,
  constraint outbox_kind_check CHECK ((kind = ANY (ARRAY['start'::text, 'signal'::text, 'update'::text, 'cancel'::text]))),
  constraint outbox_campaign_id_fkey FOREIGN KEY (campaign_id) REFERENCES campaign(id),
  constraint outbox_pkey PRIMARY KEY (id)
) with (fillfactor=70);

create table place (
  id uuid not null,
  tenant_id uuid not null,
  site_id uuid not null,
  code text not null,
  kind text not null,
  capacity integer not null,
  temperature_c real,
  constraint place_capacity_check CHECK ((capacity > 0)),
  constraint place_kind_check CHECK ((kind = ANY (ARRAY['deck'::text, 'incubator'::text, 'storage'::text, 'freezer'::text, 'consumables'::text, 'bench'::text, 'waste'::text]))),
  constraint place_site_id_fkey FOREIGN KEY (site_id) REFERENCES site(id),
  constraint place_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id),
  constraint place_pkey PRIMARY KEY (id),
  constraint place_site_id_code_key UNIQUE (site_id, code)
);

create table planned_sample (
  dispatch_id uuid not null,
  labware_id uuid not null,
  well text not null,
  sample_id uuid not null,
  kind text not null,
  construct_id uuid,
  clone_id uuid,
  code text,
  constraint planned_sample_dispatch_id_fkey FOREIGN KEY (dispatch_id) REFERENCES dispatch(id),
  constraint planned_sample_labware_id_fkey FOREIGN KEY (labware_id) REFERENCES labware(id),
  constraint planned_sample_pkey PRIMARY KEY (dispatch_id, labware_id, well)
);

create table planned_transfer (
  dispatch_id uuid not null,
  ordinal integer not null,
  from_labware_id uuid not null,
  from_well text not null,
  to_labware_id uuid not null,
  to_well text not null,
  volume_pl bigint not null,
  constraint planned_transfer_ordinal_check CHECK ((ordinal > 0)),
  constraint planned_transfer_volume_pl_check CHECK ((volume_pl > 0)),
  constraint planned_transfer_dispatch_id_fkey FOREIGN KEY (dispatch_id) REFERENCES dispatch(id),
  constraint planned_transfer_from_labware_id_fkey FOREIGN KEY (from_labware_id) REFERENCES labware(id),
  constraint planned_transfer_to_labware_id_fkey FOREIGN KEY (to_labware_id) REFERENCES labware(id),
  constraint planned_transfer_pkey PRIMARY KEY (dispatch_id, ordinal)
);

create table protocol (
  tenant_id uuid not null,
  id text not null,
  version text not null,
  stage text not null,
  sha256 bytea not null,
  source_text text not null,
  document jsonb not null,
  document_version smallint not null default 1,
  actor_id uuid not null,
  created_at timestamp with time zone not null default now(),
  constraint protocol_stage_check CHECK ((stage = ANY (ARRAY['build'::text, 'test'::text]))),
  constraint protocol_actor_id_fkey FOREIGN KEY (actor_id) REFERENCES actor(id),
  constraint protocol_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id),
  constraint protocol_pkey PRIMARY KEY (tenant_id, id, version)
);

create table round (
  id uuid not null,
  tenant_id uuid not null,
  campaign_id uuid not null,
  number integer not null,
  kind text not null,
  revision integer not null,
  status text not null,
  pins jsonb not null,
  lab_started_at timestamp with time zone,
  lab_finished_at timestamp with time zone,
  summary jsonb,
  constraint round_kind_check CHECK ((kind = ANY (ARRAY['explore'::text, 'confirm'::text]))),
  constraint round_number_check CHECK ((number > 0)),
  constraint round_status_check CHECK ((status = ANY (ARRAY['running'::text, 'finished'::text, 'aborted'::text, 'failed'::text]))),
  constraint round_campaign_id_fkey FOREIGN KEY (campaign_id) REFERENCES campaign(id),
  constraint round_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id),
  constraint round_pkey PRIMARY KEY (id),
  constraint round_campaign_id_number_key UNIQUE (campaign_id, number)
);

create table sample (
  id uuid not null,
  tenant_id uuid not null,
  labware_id uuid not null,
  well text not null,
  use_number integer not null default 1,
  kind text not null,
  construct_id uuid,
  clone_id uuid,
  code text,
  concentration_ng_per_ul real,
  concentration_basis text,
  made_by_dispatch_id uuid,
  created_at timestamp with time zone not null default now(),
  lab_created_at timestamp with time zone,
  constraint sample_labware_id_fkey FOREIGN KEY (labware_id) REFERENCES labware(id),
  constraint sample_made_by_dispatch_id_fkey FOREIGN KEY (made_by_dispatch_id) REFERENCES dispatch(id),
  constraint sample_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id),
  constraint sample_pkey PRIMARY KEY (id),
  constraint sample_labware_id_well_use_number_key UNIQUE (labware_id, well, use_number)
);

create table sample_parent (
  sample_id uuid not null,
  parent_id uuid not null,
  dispatch_id uuid not null,
  ordinal integer not null,
  constraint sample_parent_dispatch_id_fkey FOREIGN KEY (dispatch_id) REFERENCES dispatch(id),
  constraint sample_parent_parent_id_fkey FOREIGN KEY (parent_id) REFERENCES sample(id),
  constraint sample_parent_sample_id_fkey FOREIGN KEY (sample_id) REFERENCES sample(id),
  constraint sample_parent_pkey PRIMARY KEY (sample_id, parent_id, dispatch_id, ordinal)
);

create table sample_verdict (
  id bigint not null generated always as identity,
  tenant_id uuid not null,
  sample_id uuid not null,
  verdict text not null,
  reason text not null,
  evidence jsonb not null default '{}'::jsonb,
  actor_id uuid not null,
  at timestamp with time zone not null default now(),
  constraint sample_verdict_verdict_check CHECK ((verdict = ANY (ARRAY['void'::text, 'grew'::text, 'no-growth'::text, 'perfect'::text, 'wrong-sequence'::text, 'accepted'::text, 'held'::text]))),
  constraint sample_verdict_actor_id_fkey FOREIGN KEY (actor_id) REFERENCES actor(id),
  constraint sample_verdict_sample_id_fkey FOREIGN KEY (sample_id) REFERENCES sample(id),
  constraint sample_verdict_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id),
  constraint sample_verdict_pkey PRIMARY KEY (id),
  constraint sample_verdict_sample_id_verdict_key UNIQUE (sample_id, verdict)
);

create table site (
  id uuid not null,
  tenant_id uuid not null,
  slug text not null,
  name text not null,
  time_zone text not null default 'UTC'::text,
  constraint site_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id),
  constraint site_pkey PRIMARY KEY (id),
  constraint site_tenant_id_slug_key UNIQUE (tenant_id, slug)
);

create table stage_result (
  campaign_id uuid not null,
  round integer not null,
  stage text not null,
  tenant_id uuid not null,
  result jsonb not null,
  lab_finished_at timestamp with time zone,
  finished_at timestamp with time zone not null default now(),
  constraint stage_result_stage_check CHECK ((stage = ANY (ARRAY['design'::text, 'build'::text, 'test'::text, 'learn'::text]))),
  constraint stage_result_campaign_id_fkey FOREIGN KEY (campaign_id) REFERENCES campaign(id),
  constraint stage_result_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id),
  constraint stage_result_pkey PRIMARY KEY (campaign_id, round, stage)
);

create table step_result (
  campaign_id uuid not null,
  step_key text not null,
  tenant_id uuid not null,
  planner text not null,
  version smallint not null default 1,
  inputs_sha256 bytea,
  result jsonb not null,
  created_at timestamp with time zone not null default now(),
  constraint step_result_campaign_id_fkey FOREIGN KEY (campaign_id) REFERENCES campaign(id),
  constraint step_result_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id),
  constraint step_result_pkey PRIMARY KEY (campaign_id, step_key)
);

create table tenant (
  id uuid not null,
  slug text not null,
  name text not null,
  created_at timestamp with time zone not null default now(),
  constraint tenant_pkey PRIMARY KEY (id),
  constraint tenant_slug_key UNIQUE (slug)
);

create table tip_use (
  id bigint not null generated always as identity,
  tenant_id uuid not null,
  dispatch_id uuid,
  labware_id uuid not null,
  low integer not null,
  high integer not null,
  basis text not null,
  posted_at timestamp with time zone not null default now(),
  constraint tip_use_basis_check CHECK ((basis = ANY (ARRAY['actual'::text, 'assumed'::text, 'resolved'::text]))),
  constraint tip_use_check CHECK ((high >= low)),
  constraint tip_use_low_check CHECK ((low >= 0)),
  constraint tip_use_dispatch_id_fkey FOREIGN KEY (dispatch_id) REFERENCES dispatch(id),
  constraint tip_use_labware_id_fkey FOREIGN KEY (labware_id) REFERENCES labware(id),
  constraint tip_use_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id),
  constraint tip_use_pkey PRIMARY KEY (id),
  constraint tip_use_dispatch_id_labware_id_key UNIQUE (dispatch_id, labware_id)
);

create table upload (
  tenant_id uuid not null,
  owner_kind text not null,
  owner_id uuid not null,
  sha256 bytea not null,
  bytes bigint not null,
  last_chunk_at timestamp with time zone not null default now(),
  completed_at timestamp with time zone,
  constraint upload_bytes_check CHECK ((bytes >= 0)),
  constraint upload_owner_kind_check CHECK ((owner_kind = ANY (ARRAY['dispatch'::text, 'submission'::text]))),
  constraint upload_sha256_check CHECK ((octet_length(sha256) = 32)),
  constraint upload_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id),
  constraint upload_pkey PRIMARY KEY (tenant_id, owner_kind, owner_id, sha256)
);

create table well_balance (
  labware_id uuid not null,
  well text not null,
  low_pl bigint not null,
  high_pl bigint not null,
  constraint well_balance_check CHECK ((high_pl >= low_pl)),
  constraint well_balance_labware_id_fkey FOREIGN KEY (labware_id) REFERENCES labware(id),
  constraint well_balance_pkey PRIMARY KEY (labware_id, well)
) with (fillfactor=70);

create table workflow_archive (
  tenant_id uuid not null,
  workflow_id text not null,
  run_id text not null,
  history jsonb not null,
  archived_at timestamp with time zone not null default now(),
  constraint workflow_archive_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id),
  constraint workflow_archive_pkey PRIMARY KEY (workflow_id, run_id)
);

CREATE INDEX access_token_by_actor ON public.access_token USING btree (actor_id) WHERE (revoked_at IS NULL);

CREATE INDEX device_by_place ON public.device USING btree (place_id);

CREATE INDEX dispatch_blocked ON public.dispatch USING btree (site_id) WHERE (state = 'blocked'::text);

CREATE INDEX dispatch_by_worklist ON public.dispatch USING btree (tenant_id, worklist_sha256) WHERE (worklist_sha256 IS NOT NULL);

CREATE INDEX dispatch_deck ON public.dispatch USING btree (site_id) WHERE ((state = 'queued'::text) AND deck);

CREATE INDEX dispatch_file_by_content ON public.dispatch_file USING btree (tenant_id, sha256);

CREATE INDEX dispatch_held ON public.dispatch USING btree (site_id) WHERE (state = ANY (ARRAY['leased'::text, 'started'::text, 'unknown'::text]));

CREATE INDEX dispatch_lot_reverse ON public.dispatch_lot USING btree (lot_id);

CREATE UNIQUE INDEX dispatch_one_alive ON public.dispatch USING btree (job_id) WHERE (state = ANY (ARRAY['blocked'::text, 'queued'::text, 'leased'::text, 'started'::text, 'unknown'::text]));

CREATE UNIQUE INDEX dispatch_one_per_device ON public.dispatch USING btree (device_id) WHERE (state = ANY (ARRAY['leased'::text, 'started'::text]));

CREATE INDEX dispatch_order ON public.dispatch USING btree (site_id, capability, deck, rank, fair_tag, id) WHERE ((state = 'queued'::text) AND (NOT parked) AND (NOT timed));

CREATE INDEX dispatch_parked ON public.dispatch USING btree (campaign_id, queued_at) WHERE ((state = 'queued'::text) AND parked);

CREATE INDEX dispatch_rack_reverse ON public.dispatch_rack USING btree (labware_id);

CREATE INDEX dispatch_routed ON public.dispatch USING btree (routed_device_id, capability, rank, fair_tag, id) WHERE ((state = 'queued'::text) AND (routed_device_id IS NOT NULL) AND (NOT parked) AND (NOT timed));

CREATE INDEX dispatch_timed ON public.dispatch USING btree (site_id, not_before) WHERE ((state = 'queued'::text) AND timed);

CREATE INDEX dispatch_unparked ON public.dispatch USING btree (campaign_id, queued_at) WHERE ((state = 'queued'::text) AND (NOT parked));

CREATE INDEX dispatch_urgent ON public.dispatch USING btree (site_id, capability, deck, urgent_at, id) WHERE ((state = 'queued'::text) AND (NOT parked) AND (NOT timed));

CREATE INDEX dispatch_virtual ON public.dispatch USING btree (site_id, capability, virtual_at) WHERE (virtual_at IS NOT NULL);

CREATE UNIQUE INDEX enrolment_code_open ON public.enrolment_code USING btree (device_id) WHERE ((used_at IS NULL) AND (ended_at IS NULL));

CREATE INDEX event_by_campaign ON public.event USING btree (campaign_id, transaction_id, "position") WHERE (campaign_id IS NOT NULL);

CREATE INDEX incident_by_dispatch ON public.incident USING btree (dispatch_id) WHERE (dispatch_id IS NOT NULL);

CREATE INDEX incident_by_group ON public.incident USING btree (group_id) WHERE (group_id IS NOT NULL);

CREATE INDEX incident_open ON public.incident USING btree (site_id) WHERE (resolved_at IS NULL);

CREATE INDEX job_by_campaign ON public.job USING btree (campaign_id, round, stage);

CREATE INDEX job_labware_reverse ON public.job_labware USING btree (labware_id);

CREATE INDEX job_need_reverse ON public.job_need USING btree (needs_job_id);

CREATE INDEX job_serving ON public.job USING btree (serves_job_id) WHERE (serves_job_id IS NOT NULL);

CREATE INDEX lab_timer_due ON public.lab_timer USING btree (site_id, due_lab_at) WHERE ((fired_at IS NULL) AND (cancelled_at IS NULL));

CREATE INDEX labware_by_lot ON public.labware USING btree (lot_id) WHERE (lot_id IS NOT NULL);

CREATE INDEX labware_by_place ON public.labware USING btree (place_id) WHERE (NOT discarded);

CREATE INDEX labware_of_tips ON public.labware USING btree (site_id, kind) WHERE (kind ~~ 'tips-%'::text);

CREATE UNIQUE INDEX labware_position ON public.labware USING btree (place_id, "position") WHERE (("position" IS NOT NULL) AND (NOT discarded));

CREATE INDEX labware_ready ON public.labware USING btree (site_id, ready_at) WHERE (ready_at IS NOT NULL);

CREATE INDEX ledger_from ON public.ledger USING btree (from_labware_id, from_well);

CREATE INDEX ledger_to ON public.ledger USING btree (to_labware_id, to_well);

CREATE INDEX measurement_by_construct ON public.measurement USING btree (campaign_id, construct_id);

CREATE INDEX opening_hours_of ON public.opening_hours USING btree (site_id, device_id);

CREATE INDEX outbox_unhandled ON public.outbox USING btree (site_id) WHERE (handled_at IS NULL);

CREATE INDEX outbox_unsent ON public.outbox USING btree (created_at, id) WHERE (sent_at IS NULL);

CREATE INDEX planned_transfer_from ON public.planned_transfer USING btree (from_labware_id, from_well);

CREATE INDEX sample_by_code ON public.sample USING btree (tenant_id, code) WHERE (code IS NOT NULL);

CREATE INDEX sample_by_construct ON public.sample USING btree (construct_id) WHERE (construct_id IS NOT NULL);

CREATE INDEX sample_parent_reverse ON public.sample_parent USING btree (parent_id);

CREATE INDEX tip_use_by_rack ON public.tip_use USING btree (labware_id);

CREATE INDEX upload_open ON public.upload USING btree (tenant_id) WHERE (completed_at IS NULL);

create view labware_kind as
 SELECT id,
    wells,
    (max_ul * (1000000)::bigint) AS max_pl,
    (dead_ul * (1000000)::bigint) AS dead_pl,
    tip_ul
   FROM ( VALUES ('echo-384'::text,384,65,20,NULL::integer), ('pcr-96'::text,96,200,1,NULL::integer), ('agar-48'::text,48,50,0,NULL::integer), ('deepwell-96'::text,96,2000,20,NULL::integer), ('read-96'::text,96,300,5,NULL::integer), ('storage-96'::text,96,300,5,NULL::integer), ('reservoir-12'::text,12,300000,1000,NULL::integer), ('tips-10'::text,96,10,0,10), ('tips-20'::text,96,20,0,20), ('tips-300'::text,96,300,0,300), ('tips-1000'::text,96,1000,0,1000)) kind(id, wells, max_ul, dead_ul, tip_ul);

-- function admit_jobs(p_jobs uuid[], p_actor uuid)

-- function announce_jobs(p_jobs uuid[])

-- function append_event(p_tenant uuid, p_stream text, p_kind text, p_actor uuid, p_campaign uuid, p_lab_at timestamp with time zone, p_payload jsonb)

-- function apply_holds(p_jobs uuid[])

-- function attach_files(p_tenant uuid, p_dispatch uuid, p_files jsonb)

-- function become_unknown(p_dispatch dispatch, p_policies jsonb)

-- function bind_material(p_dispatch dispatch, p_job job)

-- function cancel_hold_timer(p_job uuid)

-- function candidates_of(p_device device, p_lab timestamp with time zone, p_passed uuid[], p_limit integer)

-- function check_dispatch_transition()

-- function claim_dispatch(p_tenant uuid, p_device text, p_actor uuid, p_any_device boolean, p_lease_ms integer, p_hint uuid)

-- function clock_next(p_site uuid)

-- function clock_obstacles(p_site uuid)

-- function close_unknown(p_job job, p_dispatch dispatch, p_actor uuid, p_resolution text, p_release_device boolean)

-- function complete_file(p_tenant uuid, p_sha256 bytea, p_bytes bigint, p_name text, p_media_type text)

-- function device_refusal(p_device device, p_lab timestamp with time zone)

-- function device_times(p_device device, p_at timestamp with time zone)

-- function earliest_start(p_job job, p_at timestamp with time zone, p_depth integer)

-- function enqueue_block(p jsonb)

-- function explain_refusal(p_tenant uuid, p_dispatch uuid, p_token bigint, p_actor uuid, p_any_device boolean, p_what text)

-- function failure_facts(p_job job, p_dispatch uuid)

-- function fire_lab_timers(p_site uuid)

-- function first_in_line(p_device device, p_hint uuid, p_lab timestamp with time zone)

-- function first_within(p_times tstzmultirange, p_at timestamp with time zone)

-- function follow_campaign()

-- function follow_device()

-- function follow_job()

-- function follow_labware()

-- function forget_deferrals(p_site uuid)

-- function free_material(p_dispatch uuid)

-- function free_position(p_place uuid)

-- function grant_lease(p_dispatch uuid, p_device device, p_labware uuid[], p_lab timestamp with time zone, p_actor uuid, p_lease_ms integer, p_fair boolean, p_by_hand boolean)

-- function group_incident()

-- function hold_contradicted(p_job job, p_dispatch dispatch, p_said int4multirange, p_posted int4multirange, p_actor uuid)

-- function hours_defer(p_dispatch dispatch, p_lab timestamp with time zone)

-- function hours_reason(p_job job, p_at timestamp with time zone, p_start timestamp with time zone)

-- function is_open(p_device device, p_at timestamp with time zone)

-- function iso_time(at timestamp with time zone)

-- function job_states(p_jobs uuid[])

-- function job_times(p_job job, p_at timestamp with time zone)

-- function jobs_ahead(p_jobs uuid[])

-- function keep_balances()

-- function keep_late_outcome(p_job job, p_dispatch dispatch, p_done int4multirange, p_outcome jsonb, p_actor uuid)

-- function lab_now(site uuid)

-- function lease_by_hand(p_tenant uuid, p_job uuid, p_device text, p_actor uuid, p_lease_ms integer)

-- function leave_position()

-- function lock_labware(p_job uuid, p_place uuid, p_lab timestamp with time zone, p_by_hand boolean)

-- function lot_problem(p_labware labware, p_at timestamp with time zone, p_thaws integer)

-- function lot_refusal(p_dispatches uuid[])

-- function mark_handled(p_events uuid[])

-- function material_problem(p_job uuid, p_place uuid)

-- function microlitres(p_pl numeric)

-- function needs_deck(p_job uuid)

-- function needs_met(p_job uuid)

-- function next_open(p_site uuid, p_capability text, p_attended boolean, p_at timestamp with time zone)

-- function note_expectations(p_jobs uuid[])

-- function open_incident(p_job job, p_dispatch dispatch, p_kind text, p_message text)

-- function open_times(p_site uuid, p_device uuid, p_at timestamp with time zone)

-- function ordinals(ranges jsonb)

-- function park_campaign(p_campaign uuid, p_stops boolean)

-- function park_campaigns()

-- function plan_position(p_job uuid)

-- function post_transfers(p_job job, p_dispatch dispatch, p_done int4multirange, p_uncertain int4multirange, p_basis text, p_actor uuid, p_lab timestamp with time zone)

-- function prepare_places(p_jobs uuid[])

-- function promote_timed(p_site uuid, p_limit integer)

-- function queue_attempt(p_job uuid, p_dispatch uuid, p_attempt integer, p_worklist bytea, p_nothing_left boolean, p_actor uuid)

-- function record_dispatches()

-- function record_transition()

-- function refill_problems(p_job uuid)

-- function refuse_change()

-- function refuse_material(p_refusal jsonb)

-- function refuse_nobody()

-- function reinstate_device(p_device device, p_actor uuid, p_reason text, p_beside jsonb)

-- function release_device(p_device uuid, p_actor uuid, p_reason text, p_cleared text[])

-- function release_jobs(p_jobs uuid[], p_actor uuid)

-- function repeatable_until(p_job job)

-- function report_outcome(p_tenant uuid, p_dispatch uuid, p_token bigint, p_actor uuid, p_any_device boolean, p_outcome jsonb)

-- function report_self_test(p_tenant uuid, p_device text, p_actor uuid, p_any_device boolean, p_passed boolean, p_message text)

-- function reserve_material(p_jobs uuid[])

-- function resolve_dispatch(p_tenant uuid, p_dispatch uuid, p_actor uuid, p_resolution jsonb)

-- function resolve_dispatches(p_tenant uuid, p_dispatches uuid[], p_actor uuid, p_resolution jsonb)

-- function return_to_queue(p_dispatch dispatch, p_actor uuid, p_reason text)

-- function route_where_it_stands(p_jobs uuid[])

-- function seal_refusal(p_dispatches uuid[])

-- function set_hold_timers(p_jobs uuid[])

-- function settle_dispatch(p_job job, p_dispatch uuid, p_state text, p_done int4multirange, p_uncertain int4multirange, p_basis text, p_event text, p_problem text, p_report jsonb, p_actor uuid)

-- function settle_labware(p_job job, p_dispatch dispatch, p_actor uuid, p_lab timestamp with time zone)

-- function settle_material(p_job job, p_dispatch dispatch, p_done int4multirange, p_uncertain int4multirange, p_lab timestamp with time zone)

-- function site_time(p_site uuid, p_at timestamp with time zone)

-- function staffed_times(p_site uuid, p_at timestamp with time zone)

-- function start_dispatch(p_tenant uuid, p_dispatch uuid, p_token bigint, p_actor uuid, p_any_device boolean, p_lease_ms integer, p_duration_ms bigint)

-- function sweep_blocked()

-- function sweep_leases(p_lease_ms integer, p_policies jsonb)

-- function system_actor(p_tenant uuid)

-- function take_places(p_jobs uuid[])

-- function tell_workflow(p_job job, p_dispatch uuid, p_attempt integer, p_state text, p_problem text)

-- function tip_problems(p_job uuid, p_place uuid)

-- function tip_room(p_place place)

-- function tips_in(p_rack labware)

-- function tips_on(p_place uuid)

-- function urgent_from(p_due timestamp with time zone, p_since timestamp with time zone)

-- function volume_refusal(p_dispatches uuid[])

-- function well_volumes(p_labware uuid[])

-- function why_waiting(p_dispatch dispatch)

CREATE TRIGGER campaign_parks_jobs AFTER UPDATE OF status ON public.campaign FOR EACH ROW WHEN ((old.status IS DISTINCT FROM new.status)) EXECUTE FUNCTION follow_campaign();

CREATE TRIGGER campaign_revision_append_only BEFORE DELETE OR UPDATE ON public.campaign_revision FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER device_changes_hours AFTER INSERT OR UPDATE OF state, capabilities ON public.device FOR EACH ROW EXECUTE FUNCTION follow_device();

CREATE TRIGGER dispatch_made AFTER INSERT ON public.dispatch REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION record_dispatches();

CREATE TRIGGER dispatch_transition_check BEFORE UPDATE OF state ON public.dispatch FOR EACH ROW EXECUTE FUNCTION record_transition();

CREATE TRIGGER event_append_only BEFORE DELETE OR UPDATE ON public.event FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER event_no_truncate BEFORE TRUNCATE ON public.event FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER incident_group BEFORE INSERT ON public.incident FOR EACH ROW WHEN (((new.kind = 'job-unknown'::text) AND (new.group_id IS NULL))) EXECUTE FUNCTION group_incident();

CREATE TRIGGER job_place_in_queue AFTER UPDATE OF rank, routed_device_id, earliest_start_at, due_at ON public.job FOR EACH ROW WHEN (((((old.rank IS DISTINCT FROM new.rank) OR (old.routed_device_id IS DISTINCT FROM new.routed_device_id)) OR (old.earliest_start_at IS DISTINCT FROM new.earliest_start_at)) OR (old.due_at IS DISTINCT FROM new.due_at))) EXECUTE FUNCTION follow_job();

CREATE TRIGGER labware_leaves_position BEFORE UPDATE OF place_id ON public.labware FOR EACH ROW WHEN (((old.place_id IS DISTINCT FROM new.place_id) AND (old."position" IS NOT NULL) AND (NOT (new."position" IS DISTINCT FROM old."position")))) EXECUTE FUNCTION leave_position();

CREATE TRIGGER labware_routes_jobs AFTER UPDATE OF place_id ON public.labware FOR EACH ROW WHEN ((old.place_id IS DISTINCT FROM new.place_id)) EXECUTE FUNCTION follow_labware();

CREATE TRIGGER ledger_append_only BEFORE DELETE OR UPDATE ON public.ledger FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER ledger_balances AFTER INSERT ON public.ledger REFERENCING NEW TABLE AS posted FOR EACH STATEMENT EXECUTE FUNCTION keep_balances();

CREATE TRIGGER sample_verdict_append_only BEFORE DELETE OR UPDATE ON public.sample_verdict FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER tip_use_append_only BEFORE DELETE OR UPDATE ON public.tip_use FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- dispatch_transition: blocked to queued

-- dispatch_transition: blocked to withdrawn

-- dispatch_transition: leased to queued

-- dispatch_transition: leased to started

-- dispatch_transition: leased to withdrawn

-- dispatch_transition: queued to leased

-- dispatch_transition: queued to withdrawn

-- dispatch_transition: started to failed

-- dispatch_transition: started to succeeded

-- dispatch_transition: started to unknown

-- dispatch_transition: unknown to failed

-- dispatch_transition: unknown to succeeded
