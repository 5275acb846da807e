-- What the migrations make, dumped by db/dump-schema.ts. Not edited by hand.
-- Migrations: 6fdc93b0d222912ba6875349139331f473d82399c3379097e7340ff381e26b02

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

CREATE OR REPLACE FUNCTION public.admit_jobs(p_jobs uuid[], p_actor uuid)
 RETURNS uuid[]
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
declare
  v_freed constant uuid[] := array(
    select d.job_id from unnest(p_jobs) with ordinality w (id, place) join dispatch d on d.job_id = w.id
    where d.state = 'blocked' and needs_met(d.job_id) order by w.place);
begin
  if v_freed = '{}' then return v_freed; end if;
  perform prepare_places(v_freed);
  update dispatch d set state = 'queued', queued_at = clock_timestamp(), campaign_id = j.campaign_id, rank = j.rank,
    routed_device_id = j.routed_device_id, not_before = j.earliest_start_at, fair_tag = t.tag, urgent_at = t.urgent,
    timed = t.waits, parked = t.stops, change = jsonb_build_object('by', p_actor,
      'earliestStartAt', iso_time(j.earliest_start_at), 'dueAt', iso_time(j.due_at))
  from take_places(v_freed) t join job j on j.id = t.job
  where d.job_id = j.id and d.state = 'blocked';
  return v_freed;
end $function$
;

CREATE OR REPLACE FUNCTION public.announce_jobs(p_jobs uuid[])
 RETURNS void
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
begin
  perform case when not (d.timed or d.parked or d.deck and d.routed_device_id is null) then pg_notify('job_ready',
      coalesce('d:' || d.routed_device_id, 'c:' || d.site_id || ':' || d.capability || ':' || d.job_id)) end,
    case when d.deck then pg_notify('lab_changed', d.site_id::text) end
  from dispatch d where d.job_id = any (p_jobs) and d.state = 'queued';
end $function$
;

CREATE OR REPLACE FUNCTION public.append_event(p_tenant uuid, p_stream text, p_kind text, p_actor uuid, p_campaign uuid, p_lab_at timestamp with time zone, p_payload jsonb)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  insert into event (tenant_id, stream, seq, kind, actor_id, campaign_id, lab_at, payload)
  select p_tenant, p_stream,
    coalesce((select max(seq) from event where tenant_id = p_tenant and stream = p_stream), 0) + 1,
    p_kind, p_actor, p_campaign, p_lab_at, p_payload;
end $function$
;

CREATE OR REPLACE FUNCTION public.apply_holds(p_jobs uuid[])
 RETURNS void
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
begin
  if not exists (
    select 1 from job_need n join job p on p.id = n.needs_job_id where n.job_id = any (p_jobs) and p.hold_min_ms is not null
  ) then return; end if;
  update job j set earliest_start_at = h.earliest, due_at = h.due
  from (
    select n.job_id, max(d.settled_lab_at + p.hold_min_ms * interval '1 millisecond') as earliest,
      min(d.settled_lab_at + p.hold_max_ms * interval '1 millisecond') as due
    from job_need n
    join job p on p.id = n.needs_job_id
    join dispatch d on d.job_id = p.id and d.state = 'succeeded'
    where n.job_id = any (p_jobs) and p.hold_min_ms is not null
    group by n.job_id
  ) h
  where j.id = h.job_id;
  perform set_hold_timers(p_jobs);
end $function$
;

CREATE OR REPLACE FUNCTION public.attach_files(p_tenant uuid, p_dispatch uuid, p_files jsonb)
 RETURNS jsonb
 LANGUAGE plpgsql
AS $function$
declare
  v_missing jsonb;
begin
  if p_files is null or p_files = '[]' then return null; end if;
  select jsonb_agg(jsonb_build_object('sha256', f.sha256, 'chunks', to_jsonb(gone.chunks))) into v_missing
  from jsonb_to_recordset(p_files) as f (sha256 text, bytes bigint, name text, "mediaType" text)
  cross join lateral (
    select complete_file(p_tenant, decode(f.sha256, 'hex'), f.bytes, f.name, f."mediaType") as chunks) gone
  where gone.chunks <> '{}';
  if v_missing is not null then return v_missing; end if;
  insert into dispatch_file (dispatch_id, tenant_id, sha256, name)
  select p_dispatch, p_tenant, decode(f.sha256, 'hex'), f.name
  from jsonb_to_recordset(p_files) as f (sha256 text, name text)
  on conflict do nothing;
  update upload set completed_at = now() where tenant_id = p_tenant and owner_kind = 'dispatch' and owner_id = p_dispatch
    and completed_at is null and sha256 in (select decode(f ->> 'sha256', 'hex') from jsonb_array_elements(p_files) f);
  return null;
end $function$
;

CREATE OR REPLACE FUNCTION public.become_unknown(p_dispatch dispatch, p_policies jsonb)
 RETURNS void
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
declare
  v_job job;
  v_device device;
  v_actor constant uuid := system_actor(p_dispatch.tenant_id);
  v_policy jsonb;
  v_message text;
begin
  select * into v_job from job where id = p_dispatch.job_id;
  select * into v_device from device where id = p_dispatch.device_id for update;
  v_policy := case when v_device.kind = 'person' then '{"hold": "none"}'
    else coalesce(p_policies -> v_job.capability, '{"hold": "until-cleared", "checklist": ["deck", "tips", "door"]}') end;
  v_message := format('%s fell silent after it started %s (%s)', v_device.code, v_job.step_key, v_job.spec ->> 'summary');
  update dispatch set state = 'unknown', change = jsonb_build_object('by', v_actor, 'device', v_device.code)
  where id = p_dispatch.id;
  update labware set in_use_by = null, held = true, held_reason = v_message, held_by = p_dispatch.id
  where id in (select labware_id from job_labware where job_id = v_job.id) and not held;
  if v_policy ->> 'hold' <> 'none' then
    update device set state = case state when 'out-of-service' then state else 'quarantined' end, state_reason = v_message,
      quarantined_by = p_dispatch.id, hold = v_policy ->> 'hold',
      hold_checklist = array(select jsonb_array_elements_text(coalesce(v_policy -> 'checklist', '[]')))
    where id = v_device.id;
    perform append_event(v_job.tenant_id, 'device/' || v_device.id, 'deviceStateChanged', v_actor, null,
      lab_now(v_job.site_id), jsonb_build_object('state', 'quarantined', 'reason', v_message, 'hold', v_policy ->> 'hold'));
  end if;
  perform open_incident(v_job, p_dispatch, 'job-unknown', v_message || '; say whether it happened');
  perform tell_workflow(v_job, p_dispatch.id, p_dispatch.attempt, 'unknown', v_message);
  perform pg_notify('lab_changed', v_job.site_id::text);
end $function$
;

CREATE OR REPLACE FUNCTION public.bind_material(p_dispatch dispatch)
 RETURNS jsonb
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
declare
  v_answer jsonb;
begin
  -- The device is told where on its deck each labware stands, and how it is closed.
  select jsonb_build_object('spec', j.spec || jsonb_build_object('labware', l.known)) into v_answer
  from job j cross join lateral (
    select jsonb_agg(l.entry || jsonb_strip_nulls(
      jsonb_build_object('position', coalesce(jl.position, w.position), 'seal', w.seal, 'lid', w.lid)) order by l.place) as known
    from jsonb_array_elements(j.spec -> 'labware') with ordinality as l (entry, place)
    join labware w on w.id = (l.entry ->> 'labwareId')::uuid
    join job_labware jl on jl.job_id = j.id and jl.labware_id = w.id) l
  where j.id = p_dispatch.job_id and l.known is not null;
  if v_answer is null then return '{}'; end if;
  insert into dispatch_lot (dispatch_id, labware_id, lot_id)
  select p_dispatch.id, w.id, w.lot_id from job_labware jl join labware w on w.id = jl.labware_id
  where jl.job_id = p_dispatch.job_id and w.lot_id is not null on conflict (dispatch_id, labware_id) do update set lot_id = excluded.lot_id;
  if not exists (select 1 from dispatch_tip where dispatch_id = p_dispatch.id) then return v_answer; end if;
  -- Fuller racks last: what was begun is used up first.
  insert into dispatch_rack (dispatch_id, labware_id, count)
  select p_dispatch.id, x.labware_id, least(x.tips, t.count - x.before)
  from dispatch_tip t
  join (
    select r.*, coalesce(sum(r.tips) over (partition by r.kind order by r.tips, r.barcode rows between unbounded preceding and 1 preceding), 0)::int as before
    from tips_on((select place_id from device where id = p_dispatch.device_id)) r where r.tips > 0
  ) x on x.kind = t.kind and x.before < t.count
  where t.dispatch_id = p_dispatch.id on conflict do nothing;
  return v_answer || coalesce((
    select jsonb_build_object('tips', jsonb_agg(jsonb_build_object('kind', w.kind, 'rack', w.barcode, 'position', w.position, 'count', r.count) order by w.kind, w.barcode))
    from dispatch_rack r join labware w on w.id = r.labware_id where r.dispatch_id = p_dispatch.id having count(*) > 0), '{}');
end $function$
;

CREATE OR REPLACE FUNCTION public.cancel_hold_timer(p_job uuid)
 RETURNS void
 LANGUAGE sql
AS $function$
  update lab_timer t set cancelled_at = now() from job j
  where j.id = p_job and j.due_at is not null and t.campaign_id = j.campaign_id and t.key = j.step_key
    and t.fired_at is null and t.cancelled_at is null
$function$
;

CREATE OR REPLACE FUNCTION public.candidates_of(p_device device, p_lab timestamp with time zone, p_passed uuid[], p_limit integer)
 RETURNS TABLE(dispatch_id uuid, urgent boolean)
 LANGUAGE plpgsql
 STABLE
 SET enable_seqscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
 SET enable_bitmapscan TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
begin
  return query
  select c.id, c.urgent
  from (
    select u.id, true as urgent, u.urgent_at, 0 as rank, 1::bigint as turn, u.queued_at
    from unnest(p_device.capabilities) able (capability) cross join lateral (
      select d.id, d.urgent_at, d.queued_at from dispatch d
      where d.site_id = p_device.site_id and d.capability = able.capability and d.deck = false
        and d.state = 'queued' and not d.parked and not d.timed
        and d.urgent_at <= p_lab and d.routed_device_id is null and coalesce((select p.status in ('submitted', 'running') from campaign p where p.id = d.campaign_id), true)
        and not exists (
          select 1 from job_labware jl join labware w on w.id = jl.labware_id
          where jl.job_id = d.job_id and (w.held or w.discarded or w.in_use_by is not null or w.ready_at > p_lab
            or (jl.at = 'device' and w.place_id is distinct from p_device.place_id)))
        and d.id <> all (p_passed)
      order by d.urgent_at, d.id limit p_limit) u
    union all
    select d.id, true, d.urgent_at, 0, 1, d.queued_at from dispatch d
    where d.routed_device_id = p_device.id and d.state = 'queued' and not d.parked and not d.timed
      and d.urgent_at <= p_lab and coalesce((select p.status in ('submitted', 'running') from campaign p where p.id = d.campaign_id), true)
        and not exists (
          select 1 from job_labware jl join labware w on w.id = jl.labware_id
          where jl.job_id = d.job_id and (w.held or w.discarded or w.in_use_by is not null or w.ready_at > p_lab
            or (jl.at = 'device' and w.place_id is distinct from p_device.place_id)))
        and d.id <> all (p_passed)
    union all
    select f.id, false, null, f.rank, row_number() over (partition by able.capability order by f.rank, f.fair_tag, f.id),
      f.queued_at
    from unnest(p_device.capabilities) able (capability) cross join lateral (
      (select d.id, d.rank, d.fair_tag, d.queued_at from dispatch d
      where d.site_id = p_device.site_id and d.capability = able.capability and d.deck = false
        and d.state = 'queued' and not d.parked and not d.timed and d.routed_device_id is null and coalesce((select p.status in ('submitted', 'running') from campaign p where p.id = d.campaign_id), true)
        and not exists (
          select 1 from job_labware jl join labware w on w.id = jl.labware_id
          where jl.job_id = d.job_id and (w.held or w.discarded or w.in_use_by is not null or w.ready_at > p_lab
            or (jl.at = 'device' and w.place_id is distinct from p_device.place_id)))
        and d.id <> all (p_passed)
      order by d.rank, d.fair_tag, d.id limit p_limit)
      union all
      (select d.id, d.rank, d.fair_tag, d.queued_at from dispatch d
      where d.routed_device_id = p_device.id and d.capability = able.capability
        and d.state = 'queued' and not d.parked and not d.timed and coalesce((select p.status in ('submitted', 'running') from campaign p where p.id = d.campaign_id), true)
        and not exists (
          select 1 from job_labware jl join labware w on w.id = jl.labware_id
          where jl.job_id = d.job_id and (w.held or w.discarded or w.in_use_by is not null or w.ready_at > p_lab
            or (jl.at = 'device' and w.place_id is distinct from p_device.place_id)))
        and d.id <> all (p_passed)
      order by d.rank, d.fair_tag, d.id limit p_limit)
    ) f
  ) c
  order by c.urgent desc, c.urgent_at, c.rank, c.turn, c.queued_at, c.id;
end $function$
;

CREATE OR REPLACE FUNCTION public.check_dispatch_transition()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if new.state <> old.state and not exists (
    select 1 from dispatch_transition t where t.from_state = old.state and t.to_state = new.state) then
    raise exception 'dispatch % cannot go from % to %', old.id, old.state, new.state using errcode = 'check_violation';
  end if;
  return new;
end $function$
;

CREATE OR REPLACE FUNCTION public.claim_dispatch(p_tenant uuid, p_device text, p_actor uuid, p_any_device boolean, p_lease_ms integer, p_hint uuid DEFAULT NULL::uuid)
 RETURNS jsonb
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
declare
  v_device device;
  v_dispatch dispatch;
  v_lab timestamptz;
  v_why text;
  v_hours boolean;
  v_candidate record;
  v_found boolean;
  v_limit integer := 16;
  v_labware uuid[];
  v_passed uuid[] := '{}';
begin
  select * into v_device from device where tenant_id = p_tenant and code = p_device;
  if not found then return '{"status": "not-found"}'; end if;
  if v_device.actor_id <> p_actor and not p_any_device then return '{"status": "forbidden"}'; end if;
  -- Devices that poll are written down together, by the api that holds their polls.
  if v_device.last_seen_at is null or v_device.last_seen_at < now() - interval '30 seconds' then
    update device set last_seen_at = now() where id = v_device.id;
  end if;

  select * into v_dispatch from dispatch where device_id = v_device.id and state in ('leased', 'started') for update;
  if found and (v_dispatch.state = 'started' or v_dispatch.by_hand) then
    return jsonb_build_object('status', 'busy', 'dispatchId', v_dispatch.id, 'fencingToken', v_dispatch.fencing_token::text);
  elsif found and v_dispatch.state = 'leased' then
    -- It asks again, so the answer with that lease never reached it.
    perform return_to_queue(v_dispatch, p_actor, 'the device asked for work again');
  end if;
  if v_device.state = 'quarantined' and to_jsonb(v_device) ->> 'hold' = 'after-self-test' then
    return jsonb_build_object('status', 'self-test', 'reason', v_device.state_reason);
  end if;

  v_lab := lab_now(v_device.site_id);
  v_why := device_refusal(v_device, v_lab);
  if v_why is null then
    if (select true from dispatch where site_id = v_device.site_id and state = 'queued' and timed and not_before <= v_lab
        order by not_before limit 1) then
      perform promote_timed(v_device.site_id, 500);
    end if;
    v_hours := exists (select 1 from opening_hours where site_id = v_device.site_id);
    if p_hint is not null then
      v_dispatch := first_in_line(v_device, p_hint, v_lab);
      if v_dispatch.id is not null and not (v_hours and hours_defer(v_dispatch, v_lab)) then
        v_labware := lock_labware(v_dispatch.job_id, v_device.place_id, v_lab, false);
        if v_labware is not null and material_problem(v_dispatch.job_id, v_device.place_id) is null then
          return grant_lease(v_dispatch.id, v_device, v_labware, v_lab, p_actor, p_lease_ms, true, false);
        end if;
      end if;
    end if;
    loop
      v_found := false;
      for v_candidate in select * from candidates_of(v_device, v_lab, v_passed, v_limit) loop
        v_found := true;
        continue when v_candidate.dispatch_id = any (v_passed);
        v_passed := v_passed || v_candidate.dispatch_id;
        -- What another device takes at this moment is passed over, never waited for.
        select * into v_dispatch from dispatch where id = v_candidate.dispatch_id and state = 'queued' and not parked
          and not timed and (routed_device_id is null or routed_device_id = v_device.id) for update skip locked;
        continue when not found;
        continue when v_hours and hours_defer(v_dispatch, v_lab);
        v_labware := lock_labware(v_dispatch.job_id, v_device.place_id, v_lab, false);
        continue when v_labware is null or material_problem(v_dispatch.job_id, v_device.place_id) is not null;
        return grant_lease(v_dispatch.id, v_device, v_labware, v_lab, p_actor, p_lease_ms, not v_candidate.urgent, false);
      end loop;
      exit when not v_found;
      v_limit := 4 * v_limit;
    end loop;
  end if;
  return jsonb_build_object('status', 'none', 'deviceId', v_device.id, 'siteId', v_device.site_id,
    'capabilities', to_jsonb(v_device.capabilities), 'inService', v_why is null);
end $function$
;

CREATE OR REPLACE FUNCTION public.clock_next(p_site uuid)
 RETURNS timestamp with time zone
 LANGUAGE sql
 STABLE
AS $function$
  select least(
    (select min(due_lab_at) from lab_timer where site_id = p_site and fired_at is null and cancelled_at is null),
    (select min(until_lab_at) from dispatch where site_id = p_site and state = 'started'),
    -- Holds of jobs and opening times of what waits for them.
    (select min(not_before) from dispatch where site_id = p_site and state = 'queued' and timed),
    (select min(w.ready_at) from labware w
     where w.site_id = p_site and w.ready_at > lab_now(p_site) and exists (
       select 1 from job_labware jl join dispatch d on d.job_id = jl.job_id and d.state = 'queued' where jl.labware_id = w.id)))
$function$
;

CREATE OR REPLACE FUNCTION public.clock_obstacles(p_site uuid)
 RETURNS TABLE(kind text, subject text)
 LANGUAGE sql
 STABLE
 SET jit TO 'off'
AS $function$
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
$function$
;

CREATE OR REPLACE FUNCTION public.close_unknown(p_job job, p_dispatch dispatch, p_actor uuid, p_resolution text, p_release_device boolean)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
declare
  v_device device;
begin
  update incident set resolved_at = now(), resolved_by = p_actor, resolution = p_resolution
  where dispatch_id = p_dispatch.id and kind = 'job-unknown' and resolved_at is null;
  if p_release_device then
    select * into v_device from device where id = p_dispatch.device_id and quarantined_by = p_dispatch.id
      and state = 'quarantined' for update;
    if found then perform reinstate_device(v_device, p_actor, p_resolution, '{}'); end if;
  end if;
end $function$
;

CREATE OR REPLACE FUNCTION public.complete_file(p_tenant uuid, p_sha256 bytea, p_bytes bigint, p_name text, p_media_type text)
 RETURNS integer[]
 LANGUAGE plpgsql
AS $function$
declare
  v_chunks constant integer := (p_bytes + 1048575) / 1048576;
  v_missing integer[];
  v_digest bytea;
begin
  if exists (select 1 from file where tenant_id = p_tenant and sha256 = p_sha256) then return '{}'; end if;
  select array_agg(i order by i) into v_missing from generate_series(0, v_chunks - 1) i
  where not exists (select 1 from file_chunk c where c.tenant_id = p_tenant and c.sha256 = p_sha256 and c.index = i);
  if v_missing is not null then return v_missing; end if;
  select sha256(coalesce(string_agg(content, ''::bytea order by index), ''::bytea)) into v_digest
  from file_chunk c where c.tenant_id = p_tenant and c.sha256 = p_sha256;
  if v_digest <> p_sha256 then
    delete from file_chunk c where c.tenant_id = p_tenant and c.sha256 = p_sha256;
    return array(select generate_series(0, greatest(v_chunks, 1) - 1));
  end if;
  insert into file (tenant_id, sha256, bytes, media_type, name)
  values (p_tenant, p_sha256, p_bytes, p_media_type, p_name) on conflict do nothing;
  return '{}';
end $function$
;

CREATE OR REPLACE FUNCTION public.device_refusal(p_device device, p_lab timestamp with time zone)
 RETURNS text
 LANGUAGE plpgsql
 STABLE
AS $function$
begin
  if p_device.state = 'draining' then
    return 'draining: it finishes what it has' || coalesce('; ' || p_device.state_reason, '');
  elsif p_device.state <> 'in-service' then
    return p_device.state || coalesce(': ' || p_device.state_reason, '');
  elsif p_device.condition = 'busy-foreign' then
    return 'busy with work that is not Anneal''s' || coalesce(': ' || p_device.condition_message, '');
  elsif exists (select 1 from opening_hours where site_id = p_device.site_id) and not is_open(p_device, p_lab) then
    return 'closed' || coalesce(
      ' until ' || site_time(p_device.site_id, first_within(device_times(p_device, p_lab), p_lab)), '');
  end if;
  return null;
end $function$
;

CREATE OR REPLACE FUNCTION public.device_times(p_device device, p_at timestamp with time zone)
 RETURNS tstzmultirange
 LANGUAGE sql
 STABLE
AS $function$
  select coalesce(open_times(p_device.site_id, p_device.id, p_at),
    case when p_device.kind = 'person' then open_times(p_device.site_id, null, p_at) end, '{(,)}')
$function$
;

CREATE OR REPLACE FUNCTION public.earliest_start(p_job job, p_at timestamp with time zone, p_depth integer DEFAULT 0)
 RETURNS timestamp with time zone
 LANGUAGE plpgsql
 STABLE
AS $function$
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
end $function$
;

CREATE OR REPLACE FUNCTION public.enqueue_block(p jsonb)
 RETURNS SETOF job_state
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
declare
  v_tenant constant uuid := p ->> 'tenantId';
  v_site constant uuid := p ->> 'siteId';
  v_campaign constant uuid := p ->> 'campaignId';
  v_actor constant uuid := coalesce((p ->> 'actorId')::uuid, system_actor(v_tenant));
  v_jobs constant jsonb := p -> 'jobs';
  v_fresh uuid[];
  v_ready uuid[];
begin
  insert into labware (id, tenant_id, site_id, barcode, kind, place_id)
  select distinct on (l."labwareId") l."labwareId", v_tenant, v_site, l.barcode, l.kind, place.id
  from jsonb_array_elements(v_jobs) j
  cross join jsonb_to_recordset(j -> 'spec' -> 'labware') as l ("labwareId" uuid, barcode text, kind text)
  join place on place.site_id = v_site and place.code = 'consumables'
  where not exists (select 1 from labware known where known.id = l."labwareId")
  on conflict do nothing;

  with made as (
    insert into job (id, tenant_id, site_id, campaign_id, round, stage, step_key, block_key, tells_success, serves_job_id,
      capability, spec, hold_min_ms, hold_max_ms, priority, rank)
    select (j ->> 'id')::uuid, v_tenant, v_site, v_campaign, (p ->> 'round')::int, p ->> 'stage', j ->> 'stepKey',
      p ->> 'blockKey', (j ->> 'tellsSuccess')::boolean, (j ->> 'servesJobId')::uuid, j -> 'spec' ->> 'capability',
      j -> 'spec', (j ->> 'holdMinMs')::bigint, (j ->> 'holdMaxMs')::bigint, (j ->> 'priority')::smallint,
      (j ->> 'rank')::int
    from jsonb_array_elements(v_jobs) j
    on conflict do nothing
    returning id
  ) select array_agg(id) into v_fresh from made;

  if v_fresh is not null then
    -- Holds the needed jobs still, so that none settles between the look at its state and the commit of this block.
    perform 1 from job where id in (
      select need::uuid from jsonb_array_elements(v_jobs) j cross join jsonb_array_elements_text(j -> 'needs') need
    ) and id <> all (v_fresh) order by id for share;

    insert into job_need (job_id, needs_job_id)
    select (j ->> 'id')::uuid, need::uuid
    from jsonb_array_elements(v_jobs) j cross join jsonb_array_elements_text(j -> 'needs') need
    where (j ->> 'id')::uuid = any (v_fresh)
    on conflict do nothing;

    insert into job_labware (job_id, labware_id, role, at)
    select (j ->> 'id')::uuid, l."labwareId", l.role, l.at
    from jsonb_array_elements(v_jobs) j
    cross join jsonb_to_recordset(j -> 'spec' -> 'labware') as l ("labwareId" uuid, role text, at text)
    where (j ->> 'id')::uuid = any (v_fresh)
    on conflict do nothing;

    v_ready := array(
      select (j ->> 'id')::uuid from jsonb_array_elements(v_jobs) with ordinality as t (j, place)
      where (j ->> 'id')::uuid = any (v_fresh) and needs_met((j ->> 'id')::uuid) order by place);
    perform prepare_places(v_ready);
    insert into dispatch (id, tenant_id, site_id, job_id, attempt, state, capability, worklist_sha256, queued_at, campaign_id,
      rank, routed_device_id, deck, not_before, fair_tag, urgent_at, timed, parked, change)
    select (t.j ->> 'dispatchId')::uuid, v_tenant, v_site, made.id, 1,
      case when place.job is null then 'blocked' else 'queued' end, made.capability,
      decode(t.j ->> 'worklistSha256', 'hex'), case when place.job is null then null else clock_timestamp() end, v_campaign,
      made.rank, made.routed_device_id, needs_deck(made.id), made.earliest_start_at, place.tag, place.urgent,
      coalesce(place.waits, false), coalesce(place.stops, false), jsonb_build_object('by', v_actor)
    from jsonb_array_elements(v_jobs) with ordinality as t (j, n)
    join job made on made.id = (t.j ->> 'id')::uuid
    left join take_places(v_ready) place on place.job = made.id
    where made.id = any (v_fresh)
    order by t.n;

    insert into planned_transfer (dispatch_id, ordinal, from_labware_id, from_well, to_labware_id, to_well, volume_pl)
    select (j ->> 'dispatchId')::uuid, (t ->> 0)::int, (t ->> 1)::uuid, t ->> 2, (t ->> 3)::uuid, t ->> 4, (t ->> 5)::bigint
    from jsonb_array_elements(v_jobs) j cross join jsonb_array_elements(j -> 'transfers') t
    where (j ->> 'id')::uuid = any (v_fresh);

    insert into planned_sample (dispatch_id, labware_id, well, sample_id, kind, construct_id, clone_id, code)
    select (j ->> 'dispatchId')::uuid, s."labwareId", s.well, s."sampleId", s.kind, s."constructId", s."cloneId", s.code
    from jsonb_array_elements(v_jobs) j
    cross join jsonb_to_recordset(j -> 'products') as s (
      "labwareId" uuid, well text, "sampleId" uuid, kind text, "constructId" uuid, "cloneId" uuid, code text)
    where (j ->> 'id')::uuid = any (v_fresh)
    on conflict do nothing;

    perform refuse_material(reserve_material(v_fresh));
    perform announce_jobs(v_ready);
  end if;

  perform mark_handled(array(select value::uuid from jsonb_array_elements_text(p -> 'handledEventIds')));
  return query select * from job_states(array(
    select (j ->> 'id')::uuid from jsonb_array_elements(v_jobs) with ordinality as t (j, place) order by place));
end $function$
;

CREATE OR REPLACE FUNCTION public.explain_refusal(p_tenant uuid, p_dispatch uuid, p_token bigint, p_actor uuid, p_any_device boolean, p_what text)
 RETURNS jsonb
 LANGUAGE plpgsql
AS $function$
declare
  v_job job;
  v_dispatch dispatch;
  v_device device;
begin
  select j.* into v_job from job j join dispatch d on d.job_id = j.id
  where d.id = p_dispatch and d.tenant_id = p_tenant for no key update of j;
  if not found then return '{"status": "not-found"}'; end if;
  select * into v_dispatch from dispatch where id = p_dispatch for update;
  if v_dispatch.fencing_token is distinct from p_token then
    perform append_event(p_tenant, 'job/' || v_job.id, 'staleReportRefused', p_actor, v_job.campaign_id,
      lab_now(v_job.site_id), jsonb_build_object('stepKey', v_job.step_key, 'dispatchId', p_dispatch, 'what', p_what,
        'fencingToken', p_token::text, 'current', v_dispatch.fencing_token::text));
    return jsonb_build_object('status', 'token-superseded', 'state', v_dispatch.state);
  end if;
  select * into v_device from device where id = v_dispatch.device_id;
  if v_device.id is not null and v_device.actor_id <> p_actor and not p_any_device then
    return '{"status": "forbidden"}';
  end if;
  if p_what = 'start' and v_dispatch.state = 'leased' then
    return jsonb_build_object('status', 'not-leasable', 'state', v_device.state, 'reason', v_device.state_reason);
  end if;
  return jsonb_build_object('status', 'illegal-transition', 'state', v_dispatch.state);
end $function$
;

CREATE OR REPLACE FUNCTION public.failure_facts(p_job job, p_dispatch uuid)
 RETURNS jsonb
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
AS $function$
begin
  return (
    select jsonb_strip_nulls(jsonb_build_object(
      'verdict', case when not d.resolution ? 'by' then d.resolution ->> 'verdict' end,
      'partialFile', case when d.capability = 'read-plate' and not p_job.spec ? 'repeatableWithinMs'
        and exists (select 1 from dispatch_file f where f.dispatch_id = d.id) then true end))
    from dispatch d where d.id = p_dispatch);
end $function$
;

CREATE OR REPLACE FUNCTION public.fire_lab_timers(p_site uuid)
 RETURNS integer
 LANGUAGE plpgsql
AS $function$
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
end $function$
;

CREATE OR REPLACE FUNCTION public.first_in_line(p_device device, p_hint uuid, p_lab timestamp with time zone)
 RETURNS dispatch
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET enable_bitmapscan TO 'off'
 SET enable_sort TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
declare
  v_capability constant text := (select capability from job where id = p_hint and capability = any (p_device.capabilities));
  v_dispatch dispatch;
begin
  if v_capability is null or (
    select true from dispatch d where d.site_id = p_device.site_id and d.capability = v_capability and d.deck = false
      and d.state = 'queued' and not d.parked and not d.timed and d.urgent_at <= p_lab order by d.urgent_at limit 1)
  then return null; end if;
  select d.* into v_dispatch from dispatch d
  where d.site_id = p_device.site_id and d.capability = v_capability and d.deck = false
    and d.state = 'queued' and not d.parked and not d.timed and d.routed_device_id is null
  order by d.rank, d.fair_tag, d.id limit 1 for update skip locked;
  if not coalesce((select c.status in ('submitted', 'running') from campaign c where c.id = v_dispatch.campaign_id), true)
  then return null; end if;
  return v_dispatch;
end $function$
;

CREATE OR REPLACE FUNCTION public.first_within(p_times tstzmultirange, p_at timestamp with time zone)
 RETURNS timestamp with time zone
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select min(greatest(coalesce(lower(r), p_at), p_at)) from unnest(p_times) r where upper(r) is null or upper(r) > p_at
$function$
;

CREATE OR REPLACE FUNCTION public.follow_campaign()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  perform park_campaign(new.id, new.status not in ('submitted', 'running'));
  return null;
end $function$
;

CREATE OR REPLACE FUNCTION public.follow_device()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if exists (select 1 from opening_hours where site_id = new.site_id) then perform forget_deferrals(new.site_id); end if;
  return null;
end $function$
;

CREATE OR REPLACE FUNCTION public.follow_job()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  update dispatch set rank = new.rank, routed_device_id = new.routed_device_id,
    not_before = new.earliest_start_at, timed = coalesce(new.earliest_start_at > lab_now(site_id), false),
    urgent_at = urgent_from(new.due_at, greatest(lab_now(site_id), new.earliest_start_at))
  where job_id = new.id and state in ('blocked', 'queued');
  return null;
end $function$
;

CREATE OR REPLACE FUNCTION public.follow_labware()
 RETURNS trigger
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
declare
  v_jobs uuid[];
begin
  if not exists (select 1 from device where place_id = new.place_id) then return null; end if;
  v_jobs := array(
    select j.id from job_labware jl join dispatch d on d.job_id = jl.job_id and d.state = 'queued' join job j on j.id = d.job_id
    where jl.labware_id = new.id and jl.at = 'device' and j.routed_device_id is null
    order by d.fair_tag limit 50 for no key update of j skip locked);
  if v_jobs <> '{}' then
    perform route_where_it_stands(v_jobs), announce_jobs(v_jobs);
  end if;
  return null;
end $function$
;

CREATE OR REPLACE FUNCTION public.forget_deferrals(p_site uuid)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  update dispatch d set not_before = j.earliest_start_at, timed = coalesce(j.earliest_start_at > lab_now(p_site), false)
  from job j
  where j.id = d.job_id and d.site_id = p_site and d.state = 'queued' and d.timed
    and d.not_before is distinct from j.earliest_start_at;
  perform pg_notify('job_ready', 's:' || p_site), pg_notify('lab_changed', p_site::text);
end $function$
;

CREATE OR REPLACE FUNCTION public.free_material(p_dispatch uuid)
 RETURNS void
 LANGUAGE sql
AS $function$
  delete from dispatch_rack where dispatch_id = p_dispatch;
  delete from dispatch_lot where dispatch_id = p_dispatch;
$function$
;

CREATE OR REPLACE FUNCTION public.free_position(p_place uuid)
 RETURNS integer
 LANGUAGE sql
 STABLE
AS $function$
  select min(n) from place p cross join generate_series(1, p.capacity) n
  where p.id = p_place and p.kind = 'deck'
    and not exists (select 1 from labware w where w.place_id = p.id and w.position = n and not w.discarded)
    and not exists (select 1 from dispatch d join job j on j.id = d.job_id join job_labware jl on jl.job_id = j.id
      where d.site_id = p.site_id and d.state in ('blocked', 'queued', 'leased', 'started', 'unknown')
        and j.capability = 'move-labware' and j.spec -> 'parameters' ->> 'place' = p.code and jl.position = n)
$function$
;

CREATE OR REPLACE FUNCTION public.grant_lease(p_dispatch uuid, p_device device, p_labware uuid[], p_lab timestamp with time zone, p_actor uuid, p_lease_ms integer, p_fair boolean, p_by_hand boolean)
 RETURNS jsonb
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
declare
  v_dispatch dispatch;
  v_job job;
begin
  if p_labware <> '{}' then update labware set in_use_by = p_dispatch where id = any (p_labware); end if;
  update dispatch set state = 'leased', device_id = p_device.id, fencing_token = nextval('fencing_token'),
    leased_at = now(), heartbeat_at = now(), lease_expires_at = now() + p_lease_ms * interval '1 millisecond',
    virtual_at = case when p_fair then fair_tag else virtual_at end, by_hand = p_by_hand,
    change = jsonb_build_object('by', p_actor, 'device', p_device.code)
      || case when p_by_hand then '{"byHand": true}' else '{}'::jsonb end
  where id = p_dispatch returning * into v_dispatch;
  select * into v_job from job where id = v_dispatch.job_id;
  return jsonb_build_object('status', 'leased', 'job', jsonb_build_object(
    'protocolVersion', 1, 'dispatchId', p_dispatch, 'jobId', v_job.id, 'stepKey', v_job.step_key,
    'attempt', v_dispatch.attempt, 'fencingToken', v_dispatch.fencing_token::text, 'leaseMs', p_lease_ms,
    'spec', v_job.spec, 'labNow', iso_time(p_lab)
  ) || coalesce(bind_material(v_dispatch), '{}') || coalesce((
    select jsonb_build_object('worklist', jsonb_build_object('sha256', encode(f.sha256, 'hex'), 'bytes', f.bytes,
      'name', f.name, 'mediaType', f.media_type))
    from file f where f.tenant_id = v_dispatch.tenant_id and f.sha256 = v_dispatch.worklist_sha256), '{}'));
end $function$
;

CREATE OR REPLACE FUNCTION public.group_incident()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  perform pg_advisory_xact_lock(hashtextextended('incidents/' || new.site_id, 0));
  new.group_id := coalesce((
    select group_id from incident
    where site_id = new.site_id and kind = 'job-unknown' and resolved_at is null and group_id is not null
      and (opened_at > now() - interval '1 minute' or device_id = new.device_id)
    order by opened_at desc, id desc limit 1), new.id);
  return new;
end $function$
;

CREATE OR REPLACE FUNCTION public.hold_contradicted(p_job job, p_dispatch dispatch, p_said int4multirange, p_posted int4multirange, p_actor uuid)
 RETURNS void
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
AS $function$
declare
  v_wrong constant int4multirange := (p_said - p_posted) + (p_posted - p_said);
  v_reason constant text := format('%s was settled as %s, but its device reported otherwise', p_job.step_key, p_dispatch.state);
  v_labware uuid[];
begin
  if isempty(v_wrong) then return; end if;
  insert into ledger (tenant_id, dispatch_id, ordinal, from_labware_id, from_well, to_labware_id, to_well, low_pl, high_pl, basis)
  select p_job.tenant_id, dispatch_id, ordinal, from_labware_id, from_well, to_labware_id, to_well, 0, volume_pl, 'assumed'
  from planned_transfer where dispatch_id = p_dispatch.id and ordinal <@ (p_said - p_posted)
  on conflict (dispatch_id, ordinal) do nothing;
  insert into sample_verdict (tenant_id, sample_id, verdict, reason, evidence, actor_id)
  select distinct on (s.id) p_job.tenant_id, s.id, 'held', v_reason,
    jsonb_build_object('dispatchId', p_dispatch.id, 'ordinal', t.ordinal), p_actor
  from planned_transfer t
  cross join lateral (select x.id from sample x where x.labware_id = t.to_labware_id and x.well = t.to_well
    order by x.use_number desc limit 1) s
  where t.dispatch_id = p_dispatch.id and t.ordinal <@ v_wrong
  on conflict do nothing;
  v_labware := array(
    select distinct to_labware_id from planned_transfer where dispatch_id = p_dispatch.id and ordinal <@ v_wrong);
  perform return_to_queue(d, system_actor(d.tenant_id), 'its labware is held: ' || v_reason)
  from (select x.* from dispatch x where x.state = 'leased' and x.job_id in (
    select job_id from job_labware where labware_id = any (v_labware)) order by x.id for update) d;
  update labware set held = true, held_reason = v_reason, held_by = p_dispatch.id where not held and id = any (v_labware);
  perform pg_notify('lab_changed', p_job.site_id::text);
end $function$
;

CREATE OR REPLACE FUNCTION public.hours_defer(p_dispatch dispatch, p_lab timestamp with time zone)
 RETURNS boolean
 LANGUAGE plpgsql
AS $function$
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
end $function$
;

CREATE OR REPLACE FUNCTION public.hours_reason(p_job job, p_at timestamp with time zone, p_start timestamp with time zone)
 RETURNS text
 LANGUAGE plpgsql
 STABLE
AS $function$
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
end $function$
;

CREATE OR REPLACE FUNCTION public.is_open(p_device device, p_at timestamp with time zone)
 RETURNS boolean
 LANGUAGE sql
 STABLE
AS $function$
  select device_times(p_device, p_at) @> p_at
$function$
;

CREATE OR REPLACE FUNCTION public.iso_time(at timestamp with time zone)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select to_char(at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
$function$
;

CREATE OR REPLACE FUNCTION public.job_states(p_jobs uuid[])
 RETURNS SETOF job_state
 LANGUAGE sql
 STABLE
AS $function$
  select j.step_key, j.id, d.id, d.attempt, d.state,
    coalesce(d.outcome -> 'problem' ->> 'message', d.resolution ->> 'reason')
  from unnest(p_jobs) with ordinality as wanted (id, place)
  join job j on j.id = wanted.id
  cross join lateral (select * from dispatch x where x.job_id = j.id order by x.attempt desc limit 1) d
  order by wanted.place
$function$
;

CREATE OR REPLACE FUNCTION public.job_times(p_job job, p_at timestamp with time zone)
 RETURNS tstzmultirange
 LANGUAGE sql
 STABLE
AS $function$
  select coalesce((
      select range_agg(r) from device v cross join lateral unnest(device_times(v, p_at)) r
      where v.site_id = p_job.site_id and v.state = 'in-service' and case when p_job.routed_device_id is null
        then p_job.capability = any (v.capabilities) else v.id = p_job.routed_device_id end), '{(,)}')
    * case when (p_job.spec ->> 'attended')::boolean then staffed_times(p_job.site_id, p_at) else '{(,)}' end
$function$
;

CREATE OR REPLACE FUNCTION public.jobs_ahead(p_jobs uuid[])
 RETURNS TABLE(job_id uuid, needed uuid, steps integer)
 LANGUAGE sql
 STABLE
AS $function$
  with recursive ahead (job_id, needed, steps) as (
    select n.job_id, n.needs_job_id, 1 from job_need n where n.job_id = any (p_jobs)
    union
    select a.job_id, n.needs_job_id, a.steps + 1
    from ahead a
    join dispatch d on d.job_id = a.needed and d.state in ('blocked', 'queued', 'leased', 'started', 'unknown')
    join job_need n on n.job_id = a.needed
  )
  select job_id, needed, min(steps) from ahead group by job_id, needed
$function$
;

CREATE OR REPLACE FUNCTION public.keep_balances()
 RETURNS trigger
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
begin
  insert into well_balance as b (labware_id, well, low_pl, high_pl)
  select labware_id, well, sum(low)::bigint, sum(high)::bigint
  from (
    select to_labware_id as labware_id, to_well as well, low_pl as low, high_pl as high from posted where to_labware_id is not null
    union all
    select from_labware_id, from_well, -high_pl, -low_pl from posted where from_labware_id is not null
  ) moves group by labware_id, well order by labware_id, well
  on conflict (labware_id, well) do update set low_pl = b.low_pl + excluded.low_pl, high_pl = b.high_pl + excluded.high_pl;
  return null;
end $function$
;

CREATE OR REPLACE FUNCTION public.keep_late_outcome(p_job job, p_dispatch dispatch, p_done int4multirange, p_outcome jsonb, p_actor uuid)
 RETURNS jsonb
 LANGUAGE plpgsql
AS $function$
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
end $function$
;

CREATE OR REPLACE FUNCTION public.lab_now(site uuid)
 RETURNS timestamp with time zone
 LANGUAGE sql
 STABLE
AS $function$
  select case when mode = 'wall' then clock_timestamp() else now_at end from lab_clock where site_id = site
$function$
;

CREATE OR REPLACE FUNCTION public.lease_by_hand(p_tenant uuid, p_job uuid, p_device text, p_actor uuid, p_lease_ms integer)
 RETURNS jsonb
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
declare
  v_device device;
  v_dispatch dispatch;
  v_busy text;
  v_lab timestamptz;
  v_labware uuid[];
begin
  select * into v_device from device where tenant_id = p_tenant and code = p_device for no key update;
  if not found then return '{"status": "not-found"}'; end if;
  perform 1 from job where id = p_job and tenant_id = p_tenant for no key update;
  if not found then return '{"status": "not-found"}'; end if;
  select * into v_dispatch from dispatch where job_id = p_job order by attempt desc limit 1 for update;
  if v_dispatch.state <> 'queued' then
    return jsonb_build_object('status', 'illegal-transition', 'state', v_dispatch.state);
  end if;
  v_lab := lab_now(v_device.site_id);
  select j.step_key into v_busy from dispatch d join job j on j.id = d.job_id
  where d.device_id = v_device.id and d.state in ('leased', 'started');
  if found then
    return jsonb_build_object('status', 'not-leasable', 'state', 'busy', 'reason', 'it works on ' || v_busy);
  elsif v_device.state <> 'in-service' then
    return jsonb_build_object('status', 'not-leasable', 'state', v_device.state, 'reason', v_device.state_reason);
  end if;
  v_labware := lock_labware(p_job, null, v_lab, true);
  if v_labware is null then
    return jsonb_build_object('status', 'not-leasable', 'state', 'not given the job', 'reason', (
      select string_agg(w.barcode || case when w.discarded then ' is discarded' when w.held then ' is held' else ' is in use' end, ', ')
      from job_labware jl join labware w on w.id = jl.labware_id
      where jl.job_id = p_job and (w.held or w.discarded or w.in_use_by is not null)));
  end if;
  return grant_lease(v_dispatch.id, v_device, v_labware, v_lab, p_actor, p_lease_ms, false, true);
end $function$
;

CREATE OR REPLACE FUNCTION public.leave_position()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  new.position := null;
  return new;
end $function$
;

CREATE OR REPLACE FUNCTION public.lock_labware(p_job uuid, p_place uuid, p_lab timestamp with time zone, p_by_hand boolean)
 RETURNS uuid[]
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
declare
  v_needed constant bigint := (select count(*) from job_labware where job_id = p_job);
  v_labware uuid[];
begin
  if v_needed = 0 then return '{}'; end if;
  select array_agg(x.id) into v_labware from (
    select w.id from job_labware jl join labware w on w.id = jl.labware_id
    where jl.job_id = p_job and w.in_use_by is null and not w.held and not w.discarded
      and (p_by_hand or ((jl.at <> 'device' or w.place_id = p_place) and (w.ready_at is null or w.ready_at <= p_lab)))
    for no key update of w skip locked) x;
  return case when cardinality(v_labware) = v_needed then v_labware end;
end $function$
;

CREATE OR REPLACE FUNCTION public.lot_problem(p_labware labware, p_at timestamp with time zone, p_thaws integer)
 RETURNS text
 LANGUAGE sql
 STABLE
AS $function$
  select case
    when l.expires_at <= p_at then format('lot %s of %s in %s expired %s', l.code, l.material, p_labware.barcode, iso_time(l.expires_at))
    when p_labware.opened_at + l.opened_life_days * interval '1 day' <= p_at
      then format('%s of lot %s was opened %s and is good for %s days', p_labware.barcode, l.code, iso_time(p_labware.opened_at), l.opened_life_days)
    when p_thaws > l.max_thaws
      then format('%s of lot %s would be thawed %s times, %s at most', p_labware.barcode, l.code, p_thaws, l.max_thaws) end
  from lot l where l.id = p_labware.lot_id
$function$
;

CREATE OR REPLACE FUNCTION public.lot_refusal(p_dispatches uuid[])
 RETURNS jsonb
 LANGUAGE sql
 STABLE
AS $function$
  select jsonb_build_object('status', 'lot-expired', 'stepKey', j.step_key, 'labware', w.barcode, 'kind', w.kind,
    'lot', l.code, 'material', l.material, 'reason', found.problem)
  from dispatch d
  join job j on j.id = d.job_id
  join job_labware jl on jl.job_id = d.job_id
  join labware w on w.id = jl.labware_id and w.lot_id is not null
  join lot l on l.id = w.lot_id
  join place p on p.id = w.place_id
  cross join lateral (select lot_problem(w, greatest(lab_now(d.site_id), j.earliest_start_at),
    w.thaw_count + (p.kind = 'freezer')::int) as problem) found
  where d.id = any (p_dispatches) and found.problem is not null
    and exists (select 1 from planned_transfer t where t.dispatch_id = d.id and t.from_labware_id = w.id)
  order by j.step_key, w.barcode limit 1
$function$
;

CREATE OR REPLACE FUNCTION public.mark_handled(p_events uuid[])
 RETURNS void
 LANGUAGE sql
AS $function$
  update outbox set handled_at = now() where id = any (p_events) and handled_at is null
$function$
;

CREATE OR REPLACE FUNCTION public.material_problem(p_job uuid, p_place uuid)
 RETURNS text
 LANGUAGE plpgsql
 STABLE
 SET enable_seqscan TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
declare
  v_problems text[];
begin
  if not exists (select 1 from job_labware where job_id = p_job) then return null; end if;
  select array_agg(x.problem order by x.barcode) filter (where x.problem is not null) into v_problems
  from (
    select w.barcode, case
      when jl.at = 'device' and w.unconfirmed is not null then format('a scan of %s at %s (%s)', w.barcode, p.code, w.unconfirmed)
      when jl.seal = 'none' and w.seal <> 'none' then format('%s is sealed with %s: peel it first', w.barcode, w.seal)
      when jl.seal = 'no-foil' and w.seal = 'foil' then format('%s is sealed with foil: peel it first', w.barcode)
      when jl.seal in ('foil', 'breathable') and w.seal <> jl.seal then format('%s has no %s seal: seal it first', w.barcode, jl.seal)
      when jl.lid <> w.lid then format('%s has %s: %s first', w.barcode, case when w.lid then 'its lid on' else 'no lid' end,
        case when w.lid then 'take it off' else 'put it on' end)
      when w.lot_id is not null and jl.role = 'source' then lot_problem(w, lab_now(w.site_id), w.thaw_count) end as problem
    from job_labware jl join labware w on w.id = jl.labware_id join place p on p.id = w.place_id
    where jl.job_id = p_job and (w.unconfirmed is not null or jl.seal is not null or jl.lid is not null or w.lot_id is not null)
  ) x;
  v_problems := v_problems || refill_problems(p_job) || tip_problems(p_job, p_place);
  if coalesce(cardinality(v_problems), 0) = 0 then return null; end if;
  return 'waiting for: ' || array_to_string(v_problems, '; ');
end $function$
;

CREATE OR REPLACE FUNCTION public.microlitres(p_pl numeric)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select trim_scale(round(p_pl / 1000000, 6))::text
$function$
;

CREATE OR REPLACE FUNCTION public.needs_deck(p_job uuid)
 RETURNS boolean
 LANGUAGE sql
 STABLE
AS $function$
  select coalesce((select true from job_labware where job_id = p_job and at = 'device' limit 1), false)
$function$
;

CREATE OR REPLACE FUNCTION public.needs_met(p_job uuid)
 RETURNS boolean
 LANGUAGE sql
 STABLE
AS $function$
  select not exists (
    select 1 from job_need n where n.job_id = p_job and not exists (
      select 1 from dispatch d where d.job_id = n.needs_job_id and d.state = 'succeeded'))
$function$
;

CREATE OR REPLACE FUNCTION public.next_open(p_site uuid, p_capability text, p_attended boolean, p_at timestamp with time zone)
 RETURNS timestamp with time zone
 LANGUAGE sql
 STABLE
AS $function$
  select first_within(job_times(
    jsonb_populate_record(null::job, jsonb_build_object('site_id', p_site, 'capability', p_capability,
      'spec', jsonb_build_object('attended', p_attended))), p_at), p_at)
$function$
;

CREATE OR REPLACE FUNCTION public.note_expectations(p_jobs uuid[])
 RETURNS void
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
declare
  v_closed boolean;
  v_tips boolean;
  v_decks boolean;
begin
  select bool_or(j.spec @? '$.labware[*].seal' or j.spec @? '$.labware[*].lid'), bool_or(j.spec ? 'tips'),
    bool_or(j.capability = 'move-labware' and exists (
      select 1 from place p where p.site_id = j.site_id and p.code = j.spec -> 'parameters' ->> 'place' and p.kind = 'deck'))
  into v_closed, v_tips, v_decks from job j where j.id = any (p_jobs);

  if v_closed then
    update job_labware jl set seal = l.seal, lid = l.lid
    from job j cross join jsonb_to_recordset(j.spec -> 'labware') as l ("labwareId" uuid, seal text, lid boolean)
    where j.id = any (p_jobs) and jl.job_id = j.id and jl.labware_id = l."labwareId" and (l.seal is not null or l.lid is not null);
  end if;
  if v_tips then
    -- A later attempt uses no more tips than the wells it still takes from.
    insert into dispatch_tip (dispatch_id, kind, count)
    select d.id, t.kind, case when d.attempt = 1 then t.count else least(t.count, left_over.wells) end
    from job j
    join dispatch d on d.job_id = j.id and d.state in ('blocked', 'queued')
    cross join jsonb_to_recordset(j.spec -> 'tips') as t (kind text, count integer)
    cross join lateral (select count(distinct (x.from_labware_id, x.from_well))::int as wells
      from planned_transfer x where x.dispatch_id = d.id) left_over
    where j.id = any (p_jobs) and t.count > 0 and (d.attempt = 1 or left_over.wells > 0)
    on conflict do nothing;
  end if;
  if v_decks then
    perform plan_position(j.id) from job j
    where j.id = any (p_jobs) and j.capability = 'move-labware' and j.spec -> 'parameters' ? 'place' order by j.created_at, j.id;
  end if;
end $function$
;

CREATE OR REPLACE FUNCTION public.open_incident(p_job job, p_dispatch dispatch, p_kind text, p_message text)
 RETURNS void
 LANGUAGE sql
AS $function$
  insert into incident (id, tenant_id, site_id, campaign_id, kind, subject, message, dispatch_id, device_id)
  values (uuidv7(), p_job.tenant_id, p_job.site_id, p_job.campaign_id, p_kind, p_job.step_key, p_message, p_dispatch.id,
    p_dispatch.device_id)
$function$
;

CREATE OR REPLACE FUNCTION public.open_times(p_site uuid, p_device uuid, p_at timestamp with time zone)
 RETURNS tstzmultirange
 LANGUAGE sql
 STABLE
AS $function$
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
$function$
;

CREATE OR REPLACE FUNCTION public.ordinals(ranges jsonb)
 RETURNS int4multirange
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select coalesce(range_agg(int4range((r ->> 0)::int, (r ->> 1)::int, '[]')), '{}'::int4multirange)
  from jsonb_array_elements(coalesce(ranges, '[]')) r
$function$
;

CREATE OR REPLACE FUNCTION public.park_campaign(p_campaign uuid, p_stops boolean)
 RETURNS void
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
begin
  if p_stops then
    update dispatch set parked = true where id in (
      select id from dispatch where campaign_id = p_campaign and state = 'queued' and not parked for update skip locked);
  else
    update dispatch set parked = false where id in (
      select id from dispatch where campaign_id = p_campaign and state = 'queued' and parked for update skip locked);
  end if;
end $function$
;

CREATE OR REPLACE FUNCTION public.park_campaigns()
 RETURNS void
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
begin
  perform park_campaign(c.id, true) from campaign c
  where c.status not in ('submitted', 'running')
    and (select true from dispatch d where d.campaign_id = c.id and d.state = 'queued' and not d.parked
      order by d.queued_at limit 1);
  perform park_campaign(c.id, false) from campaign c
  where c.status in ('submitted', 'running')
    and (select true from dispatch d where d.campaign_id = c.id and d.state = 'queued' and d.parked
      order by d.queued_at limit 1);
end $function$
;

CREATE OR REPLACE FUNCTION public.plan_position(p_job uuid)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
declare
  v_position integer;
begin
  select free_position(p.id) into v_position
  from job j join place p on p.site_id = j.site_id and p.code = j.spec -> 'parameters' ->> 'place'
  where j.id = p_job and p.kind = 'deck' and not exists (
    select 1 from job_labware jl join labware w on w.id = jl.labware_id
    where jl.job_id = j.id and (jl.position is not null or w.place_id = p.id));
  if v_position is null then return; end if;
  update job_labware set position = v_position
  where job_id = p_job and labware_id = (select labware_id from job_labware where job_id = p_job order by role, labware_id limit 1);
  update job set spec = jsonb_set(jsonb_set(spec, '{parameters,position}', to_jsonb(v_position)), '{summary}',
    to_jsonb((spec ->> 'summary') || ', slot ' || v_position)) where id = p_job;
end $function$
;

CREATE OR REPLACE FUNCTION public.post_transfers(p_job job, p_dispatch dispatch, p_done int4multirange, p_uncertain int4multirange, p_basis text, p_actor uuid, p_lab timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
declare
  v_actual constant jsonb := coalesce(p_dispatch.outcome -> 'transfers' -> 'actualPl', '{}'::jsonb);
  v_contradictions text;
begin
  with moved as materialized (
    select t.*, case when jsonb_typeof(v_actual -> t.ordinal::text) = 'number'
      then least(greatest((v_actual ->> t.ordinal::text)::numeric, 0), 1e15)::bigint else t.volume_pl end as pl, t.ordinal <@ p_done as sure
    from planned_transfer t
    where t.dispatch_id = p_dispatch.id and (t.ordinal <@ p_done or t.ordinal <@ p_uncertain)
  ), wells as materialized (
    select labware_id, well, sum(out_low) as out_low, sum(out_high) as out_high, sum(in_low) as in_low, sum(in_high) as in_high
    from (
      select from_labware_id as labware_id, from_well as well, case when sure then pl else 0 end as out_low, pl as out_high,
        0 as in_low, 0 as in_high from moved
      union all
      select to_labware_id, to_well, 0, 0, case when sure then pl else 0 end, pl from moved
    ) ends group by labware_id, well
  ), bad as materialized (
    select x.labware_id, x.well, w.barcode, w.seal,
      greatest(b.high, 0) + x.in_high as out_cap, x.out_low as out_sum, x.out_low > greatest(b.high, 0) + x.in_high as overdrawn,
      k.max_pl - greatest(b.low, 0) as in_cap, x.in_low as in_sum,
      coalesce(greatest(b.low, 0) + x.in_low - x.out_high > k.max_pl, false) as overfull
    from wells x join labware w on w.id = x.labware_id left join labware_kind k on k.id = w.kind
    cross join lateral (select coalesce(max(low_pl), 0) as low, coalesce(max(high_pl), 0) as high
      from well_balance y where y.labware_id = x.labware_id and y.well = x.well) b
    where x.out_low > greatest(b.high, 0) + x.in_high or greatest(b.low, 0) + x.in_low - x.out_high > k.max_pl
      or (w.seal <> 'none' and x.in_low + x.out_low > 0)
  ), posted as (
    insert into ledger (tenant_id, dispatch_id, ordinal, from_labware_id, from_well, to_labware_id, to_well, low_pl, high_pl, basis)
    select p_job.tenant_id, m.dispatch_id, m.ordinal, m.from_labware_id, m.from_well, m.to_labware_id, m.to_well,
      case when not m.sure then 0 else least(m.pl,
        -- What must have moved at least, when all other transfers of that well were whole.
        case when f.seal <> 'none' then 0 when f.overdrawn then greatest(0, f.out_cap - (f.out_sum - m.pl)) end,
        case when t.seal <> 'none' then 0 when t.overfull then greatest(0, t.in_cap - (t.in_sum - m.pl)) end) end,
      m.pl, p_basis
    from moved m
    left join bad f on f.labware_id = m.from_labware_id and f.well = m.from_well
    left join bad t on t.labware_id = m.to_labware_id and t.well = m.to_well
  )
  select string_agg(case
      when seal <> 'none' then format('%s %s: moved through %s', barcode, well, seal)
      when overdrawn then format('%s %s: %s µl were taken, at most %s µl can have been in it', barcode, well, microlitres(out_sum), microlitres(out_cap))
      else format('%s %s: %s µl were added, only %s µl fit', barcode, well, microlitres(in_sum), microlitres(in_cap)) end,
    '; ' order by barcode, length(well), well) into v_contradictions
  from (select * from bad order by barcode, length(well), well limit 8) b;
  if v_contradictions is not null then
    perform open_incident(p_job, p_dispatch, 'ledger-contradiction',
      format('%s was reported as done, but the ledger cannot be right then: %s; look at the wells, then resolve this',
        p_job.step_key, v_contradictions));
  end if;

  insert into sample (id, tenant_id, labware_id, well, use_number, kind, construct_id, clone_id, code, made_by_dispatch_id, lab_created_at)
  select s.sample_id, p_job.tenant_id, s.labware_id, s.well,
    coalesce((select max(x.use_number) from sample x where x.labware_id = s.labware_id and x.well = s.well), 0) + 1,
    s.kind, s.construct_id, s.clone_id, s.code, p_dispatch.id, p_lab
  from planned_sample s
  where s.dispatch_id = p_dispatch.id
    and not exists (select 1 from sample known where known.id = s.sample_id)
    and case
      when exists (select 1 from planned_transfer t where t.dispatch_id = p_dispatch.id and t.to_labware_id = s.labware_id
        and t.to_well = s.well)
      then exists (select 1 from planned_transfer t where t.dispatch_id = p_dispatch.id and t.to_labware_id = s.labware_id
        and t.to_well = s.well and (t.ordinal <@ p_done or t.ordinal <@ p_uncertain))
      -- A product no transfer of this job makes: made when the job succeeds.
      else p_dispatch.state = 'succeeded' end
  on conflict do nothing;

  insert into sample_parent (sample_id, parent_id, dispatch_id, ordinal)
  select child.id, parent.id, p_dispatch.id, t.ordinal
  from planned_transfer t
  cross join lateral (select s.id from sample s where s.labware_id = t.to_labware_id and s.well = t.to_well
    order by s.use_number desc limit 1) child
  cross join lateral (select s.id from sample s where s.labware_id = t.from_labware_id and s.well = t.from_well
    order by s.use_number desc limit 1) parent
  where t.dispatch_id = p_dispatch.id and (t.ordinal <@ p_done or t.ordinal <@ p_uncertain) and child.id <> parent.id
  on conflict do nothing;

  if not isempty(p_uncertain) then
    insert into sample_verdict (tenant_id, sample_id, verdict, reason, evidence, actor_id)
    select distinct on (s.id) p_job.tenant_id, s.id, 'void', 'a transfer into it may or may not have happened',
      jsonb_build_object('dispatchId', p_dispatch.id, 'ordinal', t.ordinal), p_actor
    from planned_transfer t
    cross join lateral (select x.id from sample x where x.labware_id = t.to_labware_id and x.well = t.to_well
      order by x.use_number desc limit 1) s
    where t.dispatch_id = p_dispatch.id and t.ordinal <@ p_uncertain
    on conflict do nothing;
  end if;
end $function$
;

CREATE OR REPLACE FUNCTION public.prepare_places(p_jobs uuid[])
 RETURNS void
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
begin
  perform apply_holds(p_jobs);
  if exists (select 1 from unnest(p_jobs) job where needs_deck(job)) then perform route_where_it_stands(p_jobs); end if;
end $function$
;

CREATE OR REPLACE FUNCTION public.promote_timed(p_site uuid, p_limit integer)
 RETURNS void
 LANGUAGE sql
 SET enable_seqscan TO 'off'
AS $function$
  update dispatch set timed = false where id in (
    select id from dispatch where site_id = p_site and state = 'queued' and timed and not_before <= lab_now(p_site)
    order by not_before limit p_limit for update skip locked)
$function$
;

CREATE OR REPLACE FUNCTION public.queue_attempt(p_job uuid, p_dispatch uuid, p_attempt integer, p_worklist bytea, p_nothing_left boolean, p_actor uuid)
 RETURNS void
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
declare
  v_ready constant uuid[] := case when needs_met(p_job) and not p_nothing_left then array[p_job] else '{}' end;
begin
  perform prepare_places(v_ready);
  insert into dispatch (id, tenant_id, site_id, job_id, attempt, state, capability, worklist_sha256, queued_at, campaign_id,
    rank, routed_device_id, deck, not_before, fair_tag, urgent_at, timed, parked, change)
  select p_dispatch, j.tenant_id, j.site_id, j.id, p_attempt,
    case when p_nothing_left then 'unknown' when place.job is null then 'blocked' else 'queued' end,
    j.capability, p_worklist, case when needs_met(j.id) then now() end, j.campaign_id, j.rank, j.routed_device_id,
    needs_deck(j.id), j.earliest_start_at, place.tag, place.urgent, coalesce(place.waits, false),
    coalesce(place.stops, false), jsonb_build_object('by', p_actor)
  from job j left join take_places(v_ready) place on place.job = j.id
  where j.id = p_job;
end $function$
;

CREATE OR REPLACE FUNCTION public.record_dispatches()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if exists (select 1 from made where change ->> 'by' is null) then
    raise exception 'a dispatch is made, but nobody says who asks for it' using errcode = 'check_violation';
  end if;
  insert into event (tenant_id, stream, seq, kind, actor_id, campaign_id, lab_at, payload)
  select d.tenant_id, 'job/' || d.job_id,
    case when d.attempt = 1 then 1
      else coalesce((select max(seq) from event e where e.tenant_id = d.tenant_id and e.stream = 'job/' || d.job_id), 0) + 1 end,
    'jobQueued', (d.change ->> 'by')::uuid, j.campaign_id, lab_now(d.site_id),
    jsonb_build_object('stepKey', j.step_key, 'dispatchId', d.id, 'attempt', d.attempt, 'to', d.state, 'state', d.state,
      'reason', coalesce(d.change ->> 'reason', 'asked for'))
  from made d join job j on j.id = d.job_id;
  return null;
end $function$
;

CREATE OR REPLACE FUNCTION public.record_transition()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
declare
  v_known dispatch_transition;
begin
  if new.state = old.state then return new; end if;
  select * into v_known from dispatch_transition where from_state = old.state and to_state = new.state;
  if not found then
    raise exception 'dispatch % cannot go from % to %', old.id, old.state, new.state using errcode = 'check_violation';
  elsif new.change ->> 'by' is null or new.change is not distinct from old.change then
    raise exception 'dispatch % goes from % to %, but nobody says who changes it', old.id, old.state, new.state
      using errcode = 'check_violation';
  end if;
  insert into event (tenant_id, stream, seq, kind, actor_id, campaign_id, lab_at, payload)
  select new.tenant_id, 'job/' || new.job_id,
    coalesce((select max(seq) from event where tenant_id = new.tenant_id and stream = 'job/' || new.job_id), 0) + 1,
    v_known.event, (new.change ->> 'by')::uuid, j.campaign_id,
    coalesce(case new.state when 'started' then new.started_lab_at when 'queued' then null else new.settled_lab_at end,
      lab_now(new.site_id)),
    jsonb_strip_nulls(jsonb_build_object('stepKey', j.step_key, 'dispatchId', new.id, 'attempt', new.attempt,
      'from', old.state, 'to', new.state, 'fencingToken', new.fencing_token::text,
      'reason', coalesce(new.change ->> 'reason', v_known.reason))) || (new.change - '{by,reason}'::text[])
  from job j where j.id = new.job_id;
  new.change := null;
  return new;
end $function$
;

CREATE OR REPLACE FUNCTION public.refill_problems(p_job uuid)
 RETURNS text[]
 LANGUAGE sql
 STABLE
AS $function$
  select array_agg(format('%s µl more in %s %s (refill it)',
    microlitres(x.pl + coalesce(k.dead_pl, 0) - greatest(coalesce(b.low_pl, 0), 0)), w.barcode, x.well) order by w.barcode, x.well)
  from (
    select t.from_labware_id as labware_id, t.from_well as well, sum(t.volume_pl) as pl
    from dispatch d join job_labware jl on jl.job_id = d.job_id
    join labware stock on stock.id = jl.labware_id and stock.content_role is not null
    join planned_transfer t on t.dispatch_id = d.id and t.from_labware_id = stock.id
    where d.job_id = p_job and d.state = 'queued' group by 1, 2
  ) x join labware w on w.id = x.labware_id left join labware_kind k on k.id = w.kind
  left join well_balance b on b.labware_id = x.labware_id and b.well = x.well
  where greatest(coalesce(b.low_pl, 0), 0) < x.pl + coalesce(k.dead_pl, 0)
$function$
;

CREATE OR REPLACE FUNCTION public.refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  raise exception '% is append-only: % refused', tg_table_name, tg_op using errcode = 'restrict_violation';
end $function$
;

CREATE OR REPLACE FUNCTION public.refuse_material(p_refusal jsonb)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  if p_refusal is not null then
    raise exception 'material refused: %', p_refusal ->> 'status' using errcode = 'AN422', detail = p_refusal::text;
  end if;
end $function$
;

CREATE OR REPLACE FUNCTION public.reinstate_device(p_device device, p_actor uuid, p_reason text, p_beside jsonb)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  update device set state = 'in-service', state_reason = null, quarantined_by = null, hold = null, hold_checklist = '{}'
  where id = p_device.id;
  update incident set resolved_at = now(), resolved_by = p_actor, resolution = p_reason
  where device_id = p_device.id and kind = 'self-test-failed' and resolved_at is null;
  perform append_event(p_device.tenant_id, 'device/' || p_device.id, 'deviceStateChanged', p_actor, null,
    lab_now(p_device.site_id), jsonb_build_object('state', 'in-service', 'reason', p_reason) || p_beside);
  perform pg_notify('job_ready', 'd:' || p_device.id), pg_notify('lab_changed', p_device.site_id::text);
end $function$
;

CREATE OR REPLACE FUNCTION public.release_device(p_device uuid, p_actor uuid, p_reason text, p_cleared text[])
 RETURNS jsonb
 LANGUAGE plpgsql
AS $function$
declare
  v_device device;
  v_missing text[];
begin
  select * into v_device from device where id = p_device for update;
  if not found then return '{"status": "not-found"}'; end if;
  v_missing := array(select item from unnest(v_device.hold_checklist) item where item <> all (coalesce(p_cleared, '{}')));
  if v_device.hold is not null and v_missing <> '{}' then
    return jsonb_build_object('status', 'not-cleared', 'device', v_device.code, 'hold', v_device.hold,
      'missing', to_jsonb(v_missing));
  end if;
  perform reinstate_device(v_device, p_actor, p_reason, jsonb_build_object('cleared', to_jsonb(coalesce(p_cleared, '{}'))));
  return '{"status": "released", "state": "in-service"}';
end $function$
;

CREATE OR REPLACE FUNCTION public.release_jobs(p_jobs uuid[], p_actor uuid)
 RETURNS integer
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
declare
  v_freed constant uuid[] := admit_jobs(p_jobs, p_actor);
begin
  if v_freed = '{}' then return 0; end if;
  perform announce_jobs(v_freed);
  return cardinality(v_freed);
end $function$
;

CREATE OR REPLACE FUNCTION public.repeatable_until(p_job job)
 RETURNS timestamp with time zone
 LANGUAGE sql
 STABLE
AS $function$
  select case when p_job.serves_job_id is null then
    (p_job.spec ->> 'repeatableWithinMs')::bigint * interval '1 millisecond' + coalesce(
      (select max(d.settled_lab_at) from job_need n join dispatch d on d.job_id = n.needs_job_id and d.state = 'succeeded'
       where n.job_id = p_job.id),
      (select min(e.lab_at) from event e where e.tenant_id = p_job.tenant_id and e.stream = 'job/' || p_job.id)) end
$function$
;

CREATE OR REPLACE FUNCTION public.report_outcome(p_tenant uuid, p_dispatch uuid, p_token bigint, p_actor uuid, p_any_device boolean, p_outcome jsonb)
 RETURNS jsonb
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
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
  v_missing := attach_files(p_tenant, p_dispatch, p_outcome -> 'files');
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
end $function$
;

CREATE OR REPLACE FUNCTION public.report_self_test(p_tenant uuid, p_device text, p_actor uuid, p_any_device boolean, p_passed boolean, p_message text)
 RETURNS jsonb
 LANGUAGE plpgsql
AS $function$
declare
  v_device device;
begin
  select * into v_device from device where tenant_id = p_tenant and code = p_device for update;
  if not found then return '{"status": "not-found"}'; end if;
  if v_device.actor_id <> p_actor and not p_any_device then return '{"status": "forbidden"}'; end if;
  perform append_event(p_tenant, 'device/' || v_device.id, case when p_passed then 'selfTestPassed' else 'selfTestFailed' end,
    p_actor, null, lab_now(v_device.site_id), jsonb_build_object('message', p_message));
  if p_passed and v_device.state = 'quarantined' and v_device.hold = 'after-self-test' then
    perform reinstate_device(v_device, p_actor, 'self-test passed: ' || p_message, '{}');
  elsif not p_passed then
    update device set state = case state when 'out-of-service' then state else 'quarantined' end,
      state_reason = 'self-test failed: ' || p_message, quarantined_by = null, hold = coalesce(hold, 'after-self-test'),
      hold_checklist = case when hold is null then '{self-test}' else hold_checklist end
    where id = v_device.id;
    insert into incident (id, tenant_id, site_id, kind, subject, message, device_id)
    select uuidv7(), p_tenant, v_device.site_id, 'self-test-failed', v_device.code,
      format('%s failed its self-test: %s', v_device.code, p_message), v_device.id
    where not exists (
      select 1 from incident where device_id = v_device.id and kind = 'self-test-failed' and resolved_at is null);
    perform append_event(p_tenant, 'device/' || v_device.id, 'deviceStateChanged', p_actor, null, lab_now(v_device.site_id),
      jsonb_build_object('state', 'quarantined', 'reason', 'self-test failed: ' || p_message));
    perform pg_notify('lab_changed', v_device.site_id::text);
  end if;
  select * into v_device from device where id = v_device.id;
  return jsonb_strip_nulls(jsonb_build_object('status', 'noted', 'state', v_device.state, 'hold', v_device.hold));
end $function$
;

CREATE OR REPLACE FUNCTION public.reserve_material(p_jobs uuid[])
 RETURNS jsonb
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
declare
  v_moving uuid[];
begin
  if not exists (select 1 from job_labware where job_id = any (p_jobs)) then return null; end if;
  perform note_expectations(p_jobs);
  select array_agg(d.id) into v_moving from dispatch d
  where d.job_id = any (p_jobs) and d.state in ('blocked', 'queued')
    and exists (select 1 from planned_transfer t where t.dispatch_id = d.id);
  if v_moving is null then return null; end if;
  perform pg_advisory_xact_lock(hashtextextended('material/' || labware_id, 0)) from (
    select distinct unnest(array[t.from_labware_id, t.to_labware_id]) as labware_id
    from planned_transfer t where t.dispatch_id = any (v_moving) order by 1) l;
  return coalesce(volume_refusal(v_moving), seal_refusal(v_moving), lot_refusal(v_moving));
end $function$
;

CREATE OR REPLACE FUNCTION public.resolve_dispatch(p_tenant uuid, p_dispatch uuid, p_actor uuid, p_resolution jsonb)
 RETURNS jsonb
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
declare
  v_job job;
  v_dispatch dispatch;
  v_plan int4multirange;
  v_done int4multirange := '{}';
  v_uncertain int4multirange := '{}';
  v_verdict constant text := p_resolution ->> 'verdict';
  v_state constant text := case v_verdict when 'happened' then 'succeeded' else 'failed' end;
begin
  select j.* into v_job from job j join dispatch d on d.job_id = j.id
  where d.id = p_dispatch and d.tenant_id = p_tenant for no key update of j;
  if not found then return '{"status": "not-found"}'; end if;
  select * into v_dispatch from dispatch where id = p_dispatch for update;
  if v_dispatch.resolution = p_resolution then
    return jsonb_build_object('status', 'settled', 'state', v_dispatch.state);
  elsif v_dispatch.state in ('succeeded', 'failed') then
    return jsonb_build_object('status', 'already-decided', 'state', v_dispatch.state);
  elsif v_dispatch.state <> 'unknown' then
    return jsonb_build_object('status', 'illegal-transition', 'state', v_dispatch.state);
  end if;
  select coalesce(range_agg(int4range(ordinal, ordinal, '[]')), '{}') into v_plan
  from planned_transfer where dispatch_id = p_dispatch;
  if v_verdict = 'happened' then
    v_done := v_plan;
  elsif v_verdict = 'partly' then
    v_done := ordinals(p_resolution -> 'done') * v_plan;
    v_uncertain := ordinals(p_resolution -> 'uncertain') * v_plan - v_done;
  end if;
  perform settle_dispatch(v_job, p_dispatch, v_state, v_done, v_uncertain, 'resolved',
    case v_state when 'succeeded' then 'unknownResolvedHappened' else 'unknownResolvedNot' end,
    case v_state when 'failed' then p_resolution ->> 'reason' end, jsonb_build_object('resolution', p_resolution), p_actor);
  update incident set group_id = (p_resolution ->> 'groupId')::uuid
  where dispatch_id = p_dispatch and kind = 'job-unknown' and resolved_at is null and p_resolution ? 'groupId';
  perform close_unknown(v_job, v_dispatch, p_actor, v_verdict || ': ' || (p_resolution ->> 'reason'), false);
  return jsonb_build_object('status', 'settled', 'state', v_state);
end $function$
;

CREATE OR REPLACE FUNCTION public.resolve_dispatches(p_tenant uuid, p_dispatches uuid[], p_actor uuid, p_resolution jsonb)
 RETURNS jsonb
 LANGUAGE plpgsql
AS $function$
declare
  v_id uuid;
  v_dispatch dispatch;
  v_ordered uuid[];
begin
  perform 1 from job where id in (select job_id from dispatch where id = any (p_dispatches) and tenant_id = p_tenant)
  order by id for no key update;
  v_ordered := array(select id from dispatch where id = any (p_dispatches) and tenant_id = p_tenant order by job_id, id);
  foreach v_id in array p_dispatches loop
    if v_id <> all (v_ordered) then return jsonb_build_object('status', 'not-found', 'dispatchId', v_id); end if;
  end loop;
  foreach v_id in array v_ordered loop
    select * into v_dispatch from dispatch where id = v_id for update;
    if v_dispatch.state <> 'unknown' and v_dispatch.resolution is distinct from p_resolution then
      return jsonb_build_object('dispatchId', v_id, 'state', v_dispatch.state, 'status',
        case when v_dispatch.state in ('succeeded', 'failed') then 'already-decided' else 'illegal-transition' end);
    end if;
  end loop;
  foreach v_id in array v_ordered loop
    perform resolve_dispatch(p_tenant, v_id, p_actor, p_resolution);
  end loop;
  return jsonb_build_object('status', 'settled', 'count', cardinality(v_ordered),
    'state', (select state from dispatch where id = v_ordered[1]));
end $function$
;

CREATE OR REPLACE FUNCTION public.return_to_queue(p_dispatch dispatch, p_actor uuid, p_reason text)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
declare
  v_job job;
begin
  update dispatch set state = 'queued', device_id = null, lease_expires_at = null, heartbeat_at = null, leased_at = null, by_hand = false,
    change = jsonb_build_object('by', p_actor, 'reason', p_reason)
  where id = p_dispatch.id;
  select * into v_job from job where id = p_dispatch.job_id;
  update labware set in_use_by = null
  where in_use_by = p_dispatch.id and id in (select labware_id from job_labware where job_id = v_job.id);
  perform free_material(p_dispatch.id);
  perform announce_jobs(array[v_job.id]);
end $function$
;

CREATE OR REPLACE FUNCTION public.route_where_it_stands(p_jobs uuid[])
 RETURNS void
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
begin
  update job j set routed_device_id = v.id
  from (
    select jl.job_id, (array_agg(w.place_id))[1] as place_id
    from job_labware jl join labware w on w.id = jl.labware_id
    where jl.job_id = any (p_jobs) and jl.at = 'device'
    group by jl.job_id having count(distinct w.place_id) = 1
  ) l
  join lateral (
    select d.id from device d join job wanted on wanted.id = l.job_id
    where d.place_id = l.place_id and d.state = 'in-service' and wanted.capability = any (d.capabilities)
    order by d.code limit 1
  ) v on true
  where j.id = l.job_id and j.routed_device_id is null;
end $function$
;

CREATE OR REPLACE FUNCTION public.seal_refusal(p_dispatches uuid[])
 RETURNS jsonb
 LANGUAGE sql
 STABLE
AS $function$
  select jsonb_build_object('status', 'sealed', 'stepKey', j.step_key, 'labware', w.barcode, 'kind', w.kind, 'seal', found.seal)
  from dispatch d
  join job j on j.id = d.job_id
  join job_labware jl on jl.job_id = d.job_id and jl.seal = 'none'
  join labware w on w.id = jl.labware_id
  cross join lateral (select coalesce((
    select e.seal
    from jobs_ahead(array[d.job_id]) a
    join job_labware own on own.job_id = a.needed and own.labware_id = w.id
    join job p on p.id = a.needed
    join dispatch o on o.job_id = p.id and o.state in ('blocked', 'queued', 'leased', 'started', 'unknown')
    cross join jsonb_to_recordset(p.spec -> 'effects') as e (role text, seal text)
    where e.role = own.role and e.seal is not null order by a.steps limit 1), w.seal) as seal) found
  where d.id = any (p_dispatches) and found.seal <> 'none'
  order by j.step_key, w.barcode limit 1
$function$
;

CREATE OR REPLACE FUNCTION public.set_hold_timers(p_jobs uuid[])
 RETURNS void
 LANGUAGE sql
AS $function$
  insert into lab_timer (id, tenant_id, site_id, campaign_id, round, stage, key, due_lab_at)
  select uuidv7(), j.tenant_id, j.site_id, j.campaign_id, j.round, j.stage, j.step_key, j.due_at
  from job j where j.id = any (p_jobs) and j.due_at is not null and j.campaign_id is not null
  on conflict (campaign_id, key) do update set due_lab_at = excluded.due_lab_at, cancelled_at = null
    where lab_timer.fired_at is null
$function$
;

CREATE OR REPLACE FUNCTION public.settle_dispatch(p_job job, p_dispatch uuid, p_state text, p_done int4multirange, p_uncertain int4multirange, p_basis text, p_event text, p_problem text, p_report jsonb, p_actor uuid)
 RETURNS void
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
declare
  v_dispatch dispatch;
  v_lab constant timestamptz := lab_now(p_job.site_id);
  v_next uuid[];
begin
  update dispatch set state = p_state, settled_at = now(), settled_lab_at = v_lab, lease_expires_at = null,
    change = jsonb_strip_nulls(jsonb_build_object('by', p_actor, 'problem', p_problem,
      'reason', coalesce(p_report -> 'resolution' ->> 'reason', p_problem))) || p_report,
    outcome = coalesce(p_report -> 'outcome', outcome), resolution = coalesce(p_report -> 'resolution', resolution)
  where id = p_dispatch returning * into v_dispatch;
  if p_done <> '{}' or p_uncertain <> '{}' or exists (select 1 from planned_sample where dispatch_id = p_dispatch) then
    perform post_transfers(p_job, v_dispatch, p_done, p_uncertain, p_basis, p_actor, v_lab);
  end if;
  perform settle_material(p_job, v_dispatch, p_done, p_uncertain, v_lab);
  perform settle_labware(p_job, v_dispatch, p_actor, v_lab);
  perform tell_workflow(p_job, p_dispatch, v_dispatch.attempt, p_state, p_problem);
  if p_state = 'succeeded' then
    select array_agg(job_id) into v_next from job_need where needs_job_id = p_job.id;
    if v_next is not null then
      perform 1 from job where id = any (v_next) order by id for no key update;
      perform release_jobs(v_next, p_actor);
    end if;
  end if;
end $function$
;

CREATE OR REPLACE FUNCTION public.settle_labware(p_job job, p_dispatch dispatch, p_actor uuid, p_lab timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
declare
  v_succeeded constant boolean := p_dispatch.state = 'succeeded';
  -- A move made by the system changes no hold; a step of a protocol ends the hold before it and may begin one.
  v_step constant boolean := v_succeeded and p_job.serves_job_id is null and p_job.campaign_id is not null;
  v_late text[];
  v_found boolean;
  -- A person's hands and eyes confirm what they moved; a scan confirms whoever's.
  v_by_person constant boolean := exists (select 1 from actor where id = p_actor and kind = 'person')
    or exists (select 1 from device where id = p_dispatch.device_id and kind = 'person');
  -- Another labware, or one the wrong way round, stands where this one should.
  v_mistaken constant boolean := not v_succeeded
    and coalesce(p_dispatch.outcome -> 'problem' ->> 'code' in ('wrong-barcode', 'wrong-orientation'), false);
begin
  select array_agg(w.barcode) into v_late from job_labware jl join labware w on w.id = jl.labware_id
  where jl.job_id = p_job.id and v_step and w.due_at < p_dispatch.started_lab_at and jl.role <> 'source';
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
end $function$
;

CREATE OR REPLACE FUNCTION public.settle_material(p_job job, p_dispatch dispatch, p_done int4multirange, p_uncertain int4multirange, p_lab timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
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
end $function$
;

CREATE OR REPLACE FUNCTION public.site_time(p_site uuid, p_at timestamp with time zone)
 RETURNS text
 LANGUAGE sql
 STABLE
AS $function$
  select to_char(p_at at time zone time_zone,
    case when p_at < lab_now(p_site) + interval '6 days' then 'Dy HH24:MI' else 'Dy YYYY-MM-DD HH24:MI' end)
  from site where id = p_site
$function$
;

CREATE OR REPLACE FUNCTION public.staffed_times(p_site uuid, p_at timestamp with time zone)
 RETURNS tstzmultirange
 LANGUAGE sql
 STABLE
AS $function$
  select case
    when not exists (
      select 1 from opening_hours h left join device v on v.id = h.device_id
      where h.site_id = p_site and (h.device_id is null or v.kind = 'person')) then '{(,)}'
    when exists (select 1 from device where site_id = p_site and kind = 'person') then coalesce((
      select range_agg(r) from device v cross join lateral unnest(device_times(v, p_at)) r
      where v.site_id = p_site and v.kind = 'person' and v.state = 'in-service'), '{}')
    else open_times(p_site, null, p_at) end
$function$
;

CREATE OR REPLACE FUNCTION public.start_dispatch(p_tenant uuid, p_dispatch uuid, p_token bigint, p_actor uuid, p_any_device boolean, p_lease_ms integer, p_duration_ms bigint)
 RETURNS jsonb
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
declare
  v_dispatch dispatch;
  v_lab timestamptz;
begin
  select lab_now(site_id) into v_lab from dispatch where id = p_dispatch and tenant_id = p_tenant;
  update dispatch d set state = 'started', started_at = now(), started_lab_at = v_lab, heartbeat_at = now(),
    lease_expires_at = now() + p_lease_ms * interval '1 millisecond',
    until_lab_at = v_lab + p_duration_ms * interval '1 millisecond',
    change = jsonb_build_object('by', p_actor, 'device', v.code,
      'untilLabTime', iso_time(v_lab + p_duration_ms * interval '1 millisecond'))
  from device v
  where d.id = p_dispatch and d.tenant_id = p_tenant and d.fencing_token = p_token and d.state = 'leased'
    and v.id = d.device_id and (v.actor_id = p_actor or p_any_device) and v.state in ('in-service', 'draining')
  returning d.* into v_dispatch;
  if not found then return explain_refusal(p_tenant, p_dispatch, p_token, p_actor, p_any_device, 'start'); end if;
  perform cancel_hold_timer(v_dispatch.job_id);
  return jsonb_build_object('status', 'started', 'labNow', iso_time(v_lab),
    'untilLabTime', iso_time(v_dispatch.until_lab_at), 'leaseMs', p_lease_ms);
end $function$
;

CREATE OR REPLACE FUNCTION public.sweep_blocked()
 RETURNS integer
 LANGUAGE plpgsql
AS $function$
declare
  v_stray uuid[];
  v_released integer := 0;
begin
  select array_agg(d.job_id) into v_stray from dispatch d where d.state = 'blocked' and needs_met(d.job_id);
  if v_stray is null then return 0; end if;
  perform 1 from job where id = any (v_stray) order by id for no key update;
  return release_jobs(v_stray, (select system_actor(tenant_id) from job where id = v_stray[1]));
end $function$
;

CREATE OR REPLACE FUNCTION public.sweep_leases(p_lease_ms integer, p_policies jsonb)
 RETURNS TABLE(lapsed integer, unknown integer)
 LANGUAGE plpgsql
AS $function$
declare
  v_dispatch dispatch;
begin
  lapsed := 0;
  unknown := 0;
  if pg_postmaster_start_time() + p_lease_ms * interval '1 millisecond' < now() then
    for v_dispatch in
      select * from dispatch where state in ('leased', 'started') and lease_expires_at < now()
      order by id limit 200 for update skip locked
    loop
      if v_dispatch.state = 'leased' then
        perform return_to_queue(v_dispatch, system_actor(v_dispatch.tenant_id), 'no sign of life');
        lapsed := lapsed + 1;
      else
        perform become_unknown(v_dispatch, p_policies);
        unknown := unknown + 1;
      end if;
    end loop;
  end if;
  return next;
end $function$
;

CREATE OR REPLACE FUNCTION public.system_actor(p_tenant uuid)
 RETURNS uuid
 LANGUAGE sql
 STABLE
AS $function$
  select id from actor where tenant_id = p_tenant and kind = 'system' and name = 'anneal'
$function$
;

CREATE OR REPLACE FUNCTION public.take_places(p_jobs uuid[])
 RETURNS TABLE(job uuid, tag double precision, urgent timestamp with time zone, waits boolean, stops boolean)
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
begin
  return query
  with wanted as materialized (
    select j.id, w.place, j.site_id, j.capability, coalesce(j.campaign_id, served.campaign_id, j.site_id) as flow, j.priority,
      j.earliest_start_at, j.due_at, lab_now(j.site_id) as lab,
      j.campaign_id is not null and c.status not in ('submitted', 'running') as stops,
      greatest((j.spec ->> 'durationMs')::float8, 1000) / (coalesce(c.weight, 1) * power(4, 3 - j.priority)) as cost
    from unnest(p_jobs) with ordinality w (id, place)
    join job j on j.id = w.id
    left join job served on served.id = j.serves_job_id
    left join campaign c on c.id = coalesce(j.campaign_id, served.campaign_id)
  ), flows as materialized (
    select w.site_id, w.capability, w.flow, w.priority, sum(w.cost) as cost, virtual_time(w.site_id, w.capability) as now
    from wanted w group by 1, 2, 3, 4
  ), taken as (
    insert into campaign_share as known (site_id, capability, flow_id, priority, finish)
    select f.site_id, f.capability, f.flow, f.priority, f.now + f.cost from flows f order by 1, 2, 3, 4
    on conflict (site_id, capability, flow_id, priority) do update set finish = (
      select greatest(known.finish, f.now) + f.cost from flows f
      where (f.site_id, f.capability, f.flow, f.priority)
        = (known.site_id, known.capability, known.flow_id, known.priority))
    returning known.*
  )
  select w.id,
    t.finish - f.cost + sum(w.cost) over (partition by w.site_id, w.capability, w.flow, w.priority order by w.place),
    urgent_from(w.due_at, greatest(w.lab, w.earliest_start_at)), coalesce(w.earliest_start_at > w.lab, false), w.stops
  from wanted w
  join flows f on (f.site_id, f.capability, f.flow, f.priority) = (w.site_id, w.capability, w.flow, w.priority)
  join taken t on (t.site_id, t.capability, t.flow_id, t.priority) = (w.site_id, w.capability, w.flow, w.priority);
end $function$
;

CREATE OR REPLACE FUNCTION public.tell_workflow(p_job job, p_dispatch uuid, p_attempt integer, p_state text, p_problem text)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
declare
  v_id constant uuid := uuidv7();
begin
  if p_job.campaign_id is null or (p_state = 'succeeded' and not p_job.tells_success) then return; end if;
  insert into outbox (id, tenant_id, site_id, campaign_id, round, stage, kind, name, payload)
  values (v_id, p_job.tenant_id, p_job.site_id, p_job.campaign_id, p_job.round, p_job.stage, 'signal', 'jobSettled',
    jsonb_strip_nulls(jsonb_build_object('eventId', v_id, 'jobId', p_job.id, 'stepKey', p_job.step_key,
      'attempt', p_attempt, 'state', p_state, 'problem', p_problem,
      'blockEnded', p_state = 'succeeded' and p_job.tells_success))
    || case p_state when 'failed' then failure_facts(p_job, p_dispatch) else '{}' end);
  perform pg_notify('outbox', '');
end $function$
;

CREATE OR REPLACE FUNCTION public.tip_problems(p_job uuid, p_place uuid)
 RETURNS text[]
 LANGUAGE sql
 STABLE
AS $function$
  select array_agg(format('%s box%s p%s on %s%s', short.boxes, case when short.boxes > 1 then 'es' else '' end, k.tip_ul, p.code,
    case when not exists (select 1 from labware w cross join lateral tips_in(w) left_over
      where w.site_id = d.site_id and w.kind = t.kind and not w.discarded and left_over.tips > 0 and w.place_id <> p.id)
    then format(' (none in the lab: receive labware of kind %s)', t.kind) else '' end) order by t.kind)
  from dispatch d
  join dispatch_tip t on t.dispatch_id = d.id
  join labware_kind k on k.id = t.kind
  join place p on p.id = p_place
  cross join lateral (select coalesce(sum(r.tips), 0) as there from tips_on(p_place) r where r.kind = t.kind) racks
  cross join lateral (select ceil((t.count - racks.there) / k.wells::numeric)::int as boxes) short
  where d.job_id = p_job and d.state in ('blocked', 'queued', 'leased') and racks.there < t.count
    and exists (select 1 from labware x where x.site_id = d.site_id and x.kind like 'tips-%')
$function$
;

CREATE OR REPLACE FUNCTION public.tip_room(p_place place)
 RETURNS integer
 LANGUAGE sql
 STABLE
AS $function$
  select case when p_place.kind = 'deck'
    and exists (select 1 from labware x where x.site_id = p_place.site_id and x.kind like 'tips-%')
    and exists (select 1 from device d where d.place_id = p_place.id and 'transfer-liquid' = any (d.capabilities))
  then least(4, p_place.capacity / 4) else 0 end
$function$
;

CREATE OR REPLACE FUNCTION public.tips_in(p_rack labware)
 RETURNS TABLE(tips integer)
 LANGUAGE sql
 STABLE
AS $function$
  select greatest(0, k.wells - coalesce((select sum(u.high) from tip_use u where u.labware_id = p_rack.id), 0) - coalesce((
    select sum(r.count) from dispatch_rack r join dispatch d on d.id = r.dispatch_id
    where r.labware_id = p_rack.id and d.state in ('leased', 'started', 'unknown')), 0))::int
  from labware_kind k where k.id = p_rack.kind and k.tip_ul is not null
$function$
;

CREATE OR REPLACE FUNCTION public.tips_on(p_place uuid)
 RETURNS TABLE(labware_id uuid, barcode text, kind text, tips integer)
 LANGUAGE sql
 STABLE
AS $function$
  select w.id, w.barcode, w.kind, t.tips
  from labware w cross join lateral tips_in(w) t
  where w.place_id = p_place and w.kind like 'tips-%' and not w.discarded and not w.held and w.unconfirmed is null
$function$
;

CREATE OR REPLACE FUNCTION public.urgent_from(p_due timestamp with time zone, p_since timestamp with time zone)
 RETURNS timestamp with time zone
 LANGUAGE sql
 STABLE
AS $function$
  select least(p_due - interval '1 hour', p_since + interval '12 hours')
$function$
;

CREATE OR REPLACE FUNCTION public.virtual_time(p_site uuid, p_capability text)
 RETURNS double precision
 LANGUAGE sql
 STABLE
AS $function$
  select coalesce(max(virtual_at), 0) from dispatch
  where site_id = p_site and capability = p_capability and virtual_at is not null
$function$
;

CREATE OR REPLACE FUNCTION public.volume_refusal(p_dispatches uuid[])
 RETURNS jsonb
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
declare
  v_refusal jsonb;
begin
  with fresh as materialized (
    select d.id, d.job_id from dispatch d where d.id = any (p_dispatches)
  ), ahead as materialized (
    select a.job_id, a.needed from jobs_ahead(array(select job_id from fresh)) a
  ), touched as materialized (
    select distinct unnest(array[t.from_labware_id, t.to_labware_id]) as labware_id
    from planned_transfer t where t.dispatch_id = any (p_dispatches)
  ), open as materialized (
    select d.id, d.job_id from (select distinct jl.job_id from touched x join job_labware jl on jl.labware_id = x.labware_id) j
    join dispatch d on d.job_id = j.job_id and d.state in ('blocked', 'queued', 'leased', 'started', 'unknown')
    union select id, job_id from fresh
  ), moves as materialized (
    select job_id, labware_id, well, sum(out_pl) as out_pl, sum(in_pl) as in_pl
    from (
      select o.job_id, t.from_labware_id as labware_id, t.from_well as well, t.volume_pl as out_pl, 0 as in_pl
      from open o join planned_transfer t on t.dispatch_id = o.id
      union all
      select o.job_id, t.to_labware_id, t.to_well, 0, t.volume_pl
      from open o join planned_transfer t on t.dispatch_id = o.id
    ) ends group by job_id, labware_id, well
  ), balance as (
    select own.job_id, own.labware_id, own.well, own.out_pl, own.in_pl,
      coalesce(sum(other.in_pl) filter (where before), 0) as in_before,
      coalesce(sum(other.out_pl) filter (where before), 0) as out_before,
      coalesce(sum(other.in_pl) filter (where not after), 0) as in_maybe,
      coalesce(sum(other.out_pl) filter (where not after), 0) as out_maybe
    from fresh f join moves own on own.job_id = f.job_id
    left join moves other on other.labware_id = own.labware_id and other.well = own.well and other.job_id <> own.job_id
    left join lateral (select
      exists (select 1 from ahead a where a.job_id = own.job_id and a.needed = other.job_id) as before,
      exists (select 1 from ahead a where a.job_id = other.job_id and a.needed = own.job_id) as after) o on true
    group by own.job_id, own.labware_id, own.well, own.out_pl, own.in_pl
  ), judged as (
    select x.*, j.step_key, w.barcode, w.kind, k.max_pl, coalesce(k.dead_pl, 0) as dead_pl,
      greatest(coalesce(b.low_pl, 0), 0) + x.in_before + x.in_pl - x.out_maybe as available,
      greatest(coalesce(b.high_pl, 0), 0) + x.in_maybe - x.out_before as held
    from balance x join labware w on w.id = x.labware_id join job j on j.id = x.job_id
    left join labware_kind k on k.id = w.kind
    left join well_balance b on b.labware_id = x.labware_id and b.well = x.well
  ), wrong as (
    select *, case when out_pl > available then 'over-draw' when out_pl > 0 and out_pl > available - dead_pl then 'dead-volume'
      else 'overfill' end as status
    from judged where (out_pl > 0 and out_pl > available - dead_pl) or (in_pl > 0 and held + in_pl > max_pl)
  )
  select jsonb_build_object('status', status, 'stepKey', step_key, 'labware', barcode, 'kind', kind, 'well', well,
    'neededPl', case status when 'overfill' then in_pl else out_pl end,
    'availablePl', case status when 'overfill' then max_pl - held else greatest(available, 0) end,
    'deadPl', dead_pl, 'capacityPl', max_pl, 'wells', (select count(*) from wrong))
  into v_refusal
  from wrong order by step_key, barcode, length(well), well limit 1;
  return v_refusal;
end $function$
;

CREATE OR REPLACE FUNCTION public.well_volumes(p_labware uuid[])
 RETURNS TABLE(labware_id uuid, well text, low_pl bigint, high_pl bigint, reserved_pl bigint)
 LANGUAGE sql
 STABLE
AS $function$
  select labware_id, well, greatest(sum(low), 0)::bigint, greatest(sum(high), 0)::bigint, sum(reserved)::bigint
  from (
    select b.labware_id, b.well, b.low_pl as low, b.high_pl as high, 0 as reserved
    from well_balance b where b.labware_id = any (p_labware)
    union all
    -- By the jobs of the labware: what it gave in its life is no business of what is open.
    select t.from_labware_id, t.from_well, 0, 0, t.volume_pl
    from (
      select distinct d.id from job_labware jl join dispatch d on d.job_id = jl.job_id
      where jl.labware_id = any (p_labware) and d.state in ('blocked', 'queued', 'leased', 'started', 'unknown')
    ) open
    join planned_transfer t on t.dispatch_id = open.id and t.from_labware_id = any (p_labware)
  ) moves
  group by labware_id, well
$function$
;

CREATE OR REPLACE FUNCTION public.why_waiting(p_dispatch dispatch)
 RETURNS text
 LANGUAGE sql
 STABLE
AS $function$
  select coalesce(
    case when p_dispatch.parked or c.status not in ('submitted', 'running') then 'its campaign does not run' end,
    case when j.earliest_start_at > lab_now(j.site_id) then 'not before ' || iso_time(j.earliest_start_at) || ' lab time' end,
    case when p_dispatch.timed then j.waiting_for end,
    (select case when w.held then w.barcode || ' is held: ' || coalesce(w.held_reason, 'no reason given')
        when w.discarded then w.barcode || ' is discarded'
        else w.barcode || ' is on hold until ' || iso_time(w.ready_at) || ' lab time' end
     from job_labware jl join labware w on w.id = jl.labware_id
     where jl.job_id = j.id and (w.held or w.discarded or w.ready_at > lab_now(j.site_id))
     order by w.held desc, w.discarded desc, w.barcode limit 1),
    nullif(concat_ws('; ', j.waiting_for,
      material_problem(j.id, (select place_id from device where id = p_dispatch.routed_device_id))), ''))
  from job j left join campaign c on c.id = j.campaign_id where j.id = p_dispatch.job_id
$function$
;

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
