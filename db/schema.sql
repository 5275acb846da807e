-- What the migrations make, dumped by db/dump-schema.ts. Not edited by hand.
-- Migrations: d9e55283e2e761196b87af91ecfb0fa6cf8a8d90c9790019ded314ca5ba440b1

create sequence fencing_token;

create type job_state as ("stepKey" text, "jobId" uuid, "dispatchId" uuid, attempt integer, state text, problem text);

create table access_token (
  id uuid not null,
  tenant_id uuid not null,
  actor_id uuid not null,
  sha256 bytea not null,
  created_at timestamp with time zone not null default now(),
  revoked_at timestamp with time zone,
  constraint access_token_sha256_check CHECK ((octet_length(sha256) = 32)),
  constraint access_token_actor_id_fkey FOREIGN KEY (actor_id) REFERENCES actor(id),
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
  constraint campaign_status_check CHECK ((status = ANY (ARRAY['submitted'::text, 'running'::text, 'paused'::text, 'finished'::text, 'aborted'::text, 'failed'::text]))),
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

create table dispatch_transition (
  from_state text not null,
  to_state text not null,
  constraint dispatch_transition_pkey PRIMARY KEY (from_state, to_state)
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
  constraint job_labware_at_check CHECK ((at = ANY (ARRAY['device'::text, 'anywhere'::text]))),
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
  constraint labware_seal_check CHECK ((seal = ANY (ARRAY['none'::text, 'foil'::text, 'breathable'::text]))),
  constraint labware_home_place_id_fkey FOREIGN KEY (home_place_id) REFERENCES place(id),
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
  constraint place_kind_check CHECK ((kind = ANY (ARRAY['deck'::text, 'incubator'::text, 'storage'::text, 'freezer'::text, 'consumables'::text, 'bench'::text]))),
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

create table workflow_archive (
  tenant_id uuid not null,
  workflow_id text not null,
  run_id text not null,
  history jsonb not null,
  archived_at timestamp with time zone not null default now(),
  constraint workflow_archive_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id),
  constraint workflow_archive_pkey PRIMARY KEY (workflow_id, run_id)
);

CREATE INDEX dispatch_blocked ON public.dispatch USING btree (site_id) WHERE (state = 'blocked'::text);

CREATE INDEX dispatch_held ON public.dispatch USING btree (site_id) WHERE (state = ANY (ARRAY['leased'::text, 'started'::text, 'unknown'::text]));

CREATE UNIQUE INDEX dispatch_one_alive ON public.dispatch USING btree (job_id) WHERE (state = ANY (ARRAY['blocked'::text, 'queued'::text, 'leased'::text, 'started'::text, 'unknown'::text]));

CREATE UNIQUE INDEX dispatch_one_per_device ON public.dispatch USING btree (device_id) WHERE (state = ANY (ARRAY['leased'::text, 'started'::text]));

CREATE INDEX dispatch_queue ON public.dispatch USING btree (site_id, capability, queued_at, id) WHERE (state = 'queued'::text);

CREATE INDEX event_by_campaign ON public.event USING btree (campaign_id, transaction_id, "position") WHERE (campaign_id IS NOT NULL);

CREATE INDEX incident_by_dispatch ON public.incident USING btree (dispatch_id) WHERE (dispatch_id IS NOT NULL);

CREATE INDEX incident_open ON public.incident USING btree (site_id) WHERE (resolved_at IS NULL);

CREATE INDEX job_by_campaign ON public.job USING btree (campaign_id, round, stage);

CREATE INDEX job_labware_reverse ON public.job_labware USING btree (labware_id);

CREATE INDEX job_need_reverse ON public.job_need USING btree (needs_job_id);

CREATE INDEX job_serving ON public.job USING btree (serves_job_id) WHERE (serves_job_id IS NOT NULL);

CREATE INDEX lab_timer_due ON public.lab_timer USING btree (site_id, due_lab_at) WHERE ((fired_at IS NULL) AND (cancelled_at IS NULL));

CREATE INDEX labware_by_place ON public.labware USING btree (place_id) WHERE (NOT discarded);

CREATE INDEX ledger_from ON public.ledger USING btree (from_labware_id, from_well);

CREATE INDEX ledger_to ON public.ledger USING btree (to_labware_id, to_well);

CREATE INDEX measurement_by_construct ON public.measurement USING btree (campaign_id, construct_id);

CREATE INDEX outbox_unhandled ON public.outbox USING btree (site_id) WHERE (handled_at IS NULL);

CREATE INDEX outbox_unsent ON public.outbox USING btree (created_at, id) WHERE (sent_at IS NULL);

CREATE INDEX planned_transfer_from ON public.planned_transfer USING btree (from_labware_id, from_well);

CREATE INDEX sample_by_code ON public.sample USING btree (tenant_id, code) WHERE (code IS NOT NULL);

CREATE INDEX sample_by_construct ON public.sample USING btree (construct_id) WHERE (construct_id IS NOT NULL);

CREATE INDEX sample_parent_reverse ON public.sample_parent USING btree (parent_id);

CREATE INDEX upload_open ON public.upload USING btree (tenant_id) WHERE (completed_at IS NULL);

create view waiting_work as
 SELECT d.id,
    d.job_id,
    d.site_id,
    d.capability,
    d.queued_at,
    j.priority,
    j.rank,
    j.routed_device_id,
    j.earliest_start_at,
    COALESCE((c.status = ANY (ARRAY['submitted'::text, 'running'::text])), true) AS campaign_runs,
    l.obstructed,
    l.ready_at,
    l.places,
    l.place_id
   FROM (((dispatch d
     JOIN job j ON ((j.id = d.job_id)))
     LEFT JOIN campaign c ON ((c.id = j.campaign_id)))
     CROSS JOIN LATERAL ( SELECT COALESCE(bool_or((w.held OR w.discarded OR (w.in_use_by IS NOT NULL))), false) AS obstructed,
            max(w.ready_at) AS ready_at,
            count(DISTINCT w.place_id) FILTER (WHERE (jl.at = 'device'::text)) AS places,
            (array_agg(w.place_id) FILTER (WHERE (jl.at = 'device'::text)))[1] AS place_id
           FROM (job_labware jl
             JOIN labware w ON ((w.id = jl.labware_id)))
          WHERE (jl.job_id = d.job_id)) l)
  WHERE (d.state = 'queued'::text);

CREATE OR REPLACE FUNCTION public.announce_jobs(p_jobs uuid[])
 RETURNS void
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
begin
  perform pg_notify('job_ready', coalesce('d:' || j.routed_device_id, 'c:' || j.site_id || ':' || j.capability || ':' || j.id)),
    -- With a limit the labware is looked up by job; a bare `exists` would read the whole table into a hash.
    case when (select true from job_labware jl where jl.job_id = j.id and jl.at = 'device' limit 1)
      then pg_notify('lab_changed', j.site_id::text) end
  from job j where j.id = any (p_jobs);
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

CREATE OR REPLACE FUNCTION public.become_unknown(p_dispatch dispatch, p_harmless text[])
 RETURNS void
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
declare
  v_job job;
  v_device device;
  v_actor constant uuid := system_actor(p_dispatch.tenant_id);
  v_message text;
begin
  select * into v_job from job where id = p_dispatch.job_id;
  select * into v_device from device where id = p_dispatch.device_id;
  v_message := format('%s fell silent after it started %s (%s)', v_device.code, v_job.step_key, v_job.spec ->> 'summary');
  update dispatch set state = 'unknown' where id = p_dispatch.id;
  update labware set in_use_by = null, held = true, held_reason = v_message, held_by = p_dispatch.id
  where id in (select labware_id from job_labware where job_id = v_job.id) and not held;
  if v_device.kind <> 'person' and v_job.capability <> all (p_harmless) then
    update device set state = 'quarantined', state_reason = v_message, quarantined_by = p_dispatch.id where id = v_device.id;
    perform append_event(v_job.tenant_id, 'device/' || v_device.id, 'deviceStateChanged', v_actor, null,
      lab_now(v_job.site_id), jsonb_build_object('state', 'quarantined', 'reason', v_message));
  end if;
  perform open_incident(v_job, p_dispatch, 'job-unknown', v_message || '; say whether it happened');
  perform append_event(v_job.tenant_id, 'job/' || v_job.id, 'jobBecameUnknown', v_actor, v_job.campaign_id,
    lab_now(v_job.site_id), jsonb_build_object('stepKey', v_job.step_key, 'dispatchId', p_dispatch.id,
      'attempt', p_dispatch.attempt, 'device', v_device.code));
  perform tell_workflow(v_job, p_dispatch.id, p_dispatch.attempt, 'unknown', v_message);
  perform pg_notify('lab_changed', v_job.site_id::text);
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

CREATE OR REPLACE FUNCTION public.claim_dispatch(p_tenant uuid, p_device text, p_actor uuid, p_any_device boolean, p_lease_ms integer)
 RETURNS jsonb
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
declare
  v_device device;
  v_open dispatch;
  v_dispatch dispatch;
  v_job job;
  v_lab timestamptz;
  v_id uuid;
  v_labware uuid[];
  v_candidates uuid[];
  v_passed uuid[] := '{}';
begin
  select * into v_device from device where tenant_id = p_tenant and code = p_device;
  if not found then return '{"status": "not-found"}'; end if;
  if v_device.actor_id <> p_actor and not p_any_device then return '{"status": "forbidden"}'; end if;
  if v_device.last_seen_at is null or v_device.last_seen_at < now() - interval '5 seconds' then
    update device set last_seen_at = now() where id = v_device.id;
  end if;

  select * into v_open from dispatch where device_id = v_device.id and state in ('leased', 'started') for update;
  if found and v_open.state = 'started' then
    return jsonb_build_object('status', 'busy', 'dispatchId', v_open.id, 'fencingToken', v_open.fencing_token::text);
  elsif found and v_open.state = 'leased' then
    -- It asks again, so the answer with that lease never reached it.
    perform return_to_queue(v_open, p_actor, 'the device asked for work again');
  end if;

  v_lab := lab_now(v_device.site_id);
  <<search>>
  loop
    v_candidates := '{}';
    if v_device.state = 'in-service' then
      v_candidates := array(
        select w.id from waiting_work w
        where w.site_id = v_device.site_id and w.capability = any (v_device.capabilities)
          and (w.routed_device_id is null or w.routed_device_id = v_device.id)
          and w.campaign_runs and not w.obstructed
          and (w.places = 0 or (w.places = 1 and w.place_id = v_device.place_id))
          and (w.earliest_start_at is null or w.earliest_start_at <= v_lab)
          and (w.ready_at is null or w.ready_at <= v_lab)
          and w.id <> all (v_passed)
        order by w.priority, w.rank, w.queued_at, w.id limit 16);
    end if;
    if v_candidates = '{}' then
      return jsonb_build_object('status', 'none', 'deviceId', v_device.id, 'siteId', v_device.site_id,
        'capabilities', to_jsonb(v_device.capabilities), 'inService', v_device.state = 'in-service');
    end if;
    -- What another device takes at this moment is passed over, never waited for.
    foreach v_id in array v_candidates loop
      v_passed := v_passed || v_id;
      select * into v_dispatch from dispatch where id = v_id and state = 'queued' for update skip locked;
      continue when not found;
      select array_agg(x.id) into v_labware from (
        select w.id from job_labware jl join labware w on w.id = jl.labware_id
        where jl.job_id = v_dispatch.job_id and w.in_use_by is null and not w.held and not w.discarded
          and (jl.at <> 'device' or w.place_id = v_device.place_id)
        for no key update of w skip locked) x;
      exit search when coalesce(cardinality(v_labware), 0)
        = (select count(*) from job_labware where job_id = v_dispatch.job_id);
    end loop;
  end loop search;

  if v_labware is not null then update labware set in_use_by = v_id where id = any (v_labware); end if;
  update dispatch set state = 'leased', device_id = v_device.id, fencing_token = nextval('fencing_token'),
    leased_at = now(), heartbeat_at = now(), lease_expires_at = now() + p_lease_ms * interval '1 millisecond'
  where id = v_id returning * into v_dispatch;
  select * into v_job from job where id = v_dispatch.job_id;
  if v_job.waiting_for is not null then update job set waiting_for = null where id = v_job.id; end if;
  perform append_event(p_tenant, 'job/' || v_job.id, 'jobLeased', p_actor, v_job.campaign_id, v_lab,
    jsonb_build_object('stepKey', v_job.step_key, 'dispatchId', v_id, 'attempt', v_dispatch.attempt,
      'device', v_device.code, 'fencingToken', v_dispatch.fencing_token::text));
  return jsonb_build_object('status', 'leased', 'job', jsonb_build_object(
    'protocolVersion', 1, 'dispatchId', v_id, 'jobId', v_job.id, 'stepKey', v_job.step_key,
    'attempt', v_dispatch.attempt, 'fencingToken', v_dispatch.fencing_token::text, 'leaseMs', p_lease_ms,
    'spec', v_job.spec, 'labNow', iso_time(v_lab)
  ) || coalesce((
    select jsonb_build_object('worklist', jsonb_build_object('sha256', encode(f.sha256, 'hex'), 'bytes', f.bytes,
      'name', f.name, 'mediaType', f.media_type))
    from file f where f.tenant_id = p_tenant and f.sha256 = v_dispatch.worklist_sha256), '{}'));
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
    (select min(earliest_start_at) from waiting_work where site_id = p_site and earliest_start_at > lab_now(p_site)),
    (select min(w.ready_at) from dispatch d join job_labware jl on jl.job_id = d.job_id join labware w on w.id = jl.labware_id
     where d.site_id = p_site and d.state = 'queued' and w.ready_at > lab_now(p_site)))
$function$
;

CREATE OR REPLACE FUNCTION public.clock_obstacles(p_site uuid)
 RETURNS TABLE(kind text, subject text)
 LANGUAGE sql
 STABLE
AS $function$
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
$function$
;

CREATE OR REPLACE FUNCTION public.close_unknown(p_job job, p_dispatch dispatch, p_actor uuid, p_resolution text, p_release_device boolean)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  update incident set resolved_at = now(), resolved_by = p_actor, resolution = p_resolution
  where dispatch_id = p_dispatch.id and kind = 'job-unknown' and resolved_at is null;
  if p_release_device then
    update device set state = 'in-service', state_reason = null, quarantined_by = null
    where id = p_dispatch.device_id and quarantined_by = p_dispatch.id;
    if found then
      perform append_event(p_job.tenant_id, 'device/' || p_dispatch.device_id, 'deviceStateChanged', p_actor, null,
        lab_now(p_job.site_id), jsonb_build_object('state', 'in-service', 'reason', p_resolution));
      perform pg_notify('job_ready', 'd:' || p_dispatch.device_id);
    end if;
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

    insert into dispatch (id, tenant_id, site_id, job_id, attempt, state, capability, worklist_sha256, queued_at)
    select (j ->> 'dispatchId')::uuid, v_tenant, v_site, (j ->> 'id')::uuid, 1,
      case when open.yes then 'blocked' else 'queued' end, j -> 'spec' ->> 'capability',
      decode(j ->> 'worklistSha256', 'hex'), case when open.yes then null else clock_timestamp() end
    from jsonb_array_elements(v_jobs) with ordinality as t (j, place)
    cross join lateral (select not needs_met((j ->> 'id')::uuid) as yes) open
    where (j ->> 'id')::uuid = any (v_fresh)
    order by place;

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

    perform apply_holds(v_fresh);
    insert into event (tenant_id, stream, seq, kind, actor_id, campaign_id, lab_at, payload)
    select v_tenant, 'job/' || d.job_id, 1, 'jobQueued', v_actor, v_campaign, lab_now(v_site),
      jsonb_build_object('stepKey', j.step_key, 'dispatchId', d.id, 'attempt', 1, 'state', d.state)
    from unnest(v_fresh) fresh (id) join job j on j.id = fresh.id join dispatch d on d.job_id = j.id and d.attempt = 1;
    perform announce_jobs(array(select job_id from dispatch where job_id = any (v_fresh) and state = 'queued'));
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

CREATE OR REPLACE FUNCTION public.mark_handled(p_events uuid[])
 RETURNS void
 LANGUAGE sql
AS $function$
  update outbox set handled_at = now() where id = any (p_events) and handled_at is null
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

CREATE OR REPLACE FUNCTION public.open_incident(p_job job, p_dispatch dispatch, p_kind text, p_message text)
 RETURNS void
 LANGUAGE sql
AS $function$
  insert into incident (id, tenant_id, site_id, campaign_id, kind, subject, message, dispatch_id, device_id)
  values (uuidv7(), p_job.tenant_id, p_job.site_id, p_job.campaign_id, p_kind, p_job.step_key, p_message, p_dispatch.id,
    p_dispatch.device_id)
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

CREATE OR REPLACE FUNCTION public.post_transfers(p_job job, p_dispatch dispatch, p_done int4multirange, p_uncertain int4multirange, p_basis text, p_actor uuid, p_lab timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
begin
  insert into ledger (tenant_id, dispatch_id, ordinal, from_labware_id, from_well, to_labware_id, to_well, low_pl, high_pl, basis)
  select p_job.tenant_id, t.dispatch_id, t.ordinal, t.from_labware_id, t.from_well, t.to_labware_id, t.to_well,
    case when t.ordinal <@ p_done then t.volume_pl else 0 end, t.volume_pl, p_basis
  from planned_transfer t
  where t.dispatch_id = p_dispatch.id and (t.ordinal <@ p_done or t.ordinal <@ p_uncertain);

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

CREATE OR REPLACE FUNCTION public.refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  raise exception '% is append-only: % refused', tg_table_name, tg_op using errcode = 'restrict_violation';
end $function$
;

CREATE OR REPLACE FUNCTION public.release_jobs(p_jobs uuid[], p_actor uuid)
 RETURNS integer
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
declare
  v_freed uuid[];
begin
  with freed as (
    update dispatch d set state = 'queued', queued_at = clock_timestamp()
    where d.job_id = any (p_jobs) and d.state = 'blocked' and needs_met(d.job_id)
    returning d.job_id
  ) select array_agg(job_id) into v_freed from freed;
  if v_freed is null then return 0; end if;
  perform apply_holds(v_freed);
  perform append_event(j.tenant_id, 'job/' || j.id, 'jobReleased', p_actor, j.campaign_id, lab_now(j.site_id),
    jsonb_build_object('stepKey', j.step_key, 'earliestStartAt', iso_time(j.earliest_start_at), 'dueAt', iso_time(j.due_at)))
  from job j where j.id = any (v_freed);
  perform announce_jobs(v_freed);
  return cardinality(v_freed);
end $function$
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
    v_done := ordinals(p_outcome -> 'transfers' -> 'done') * v_plan;
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
    perform close_unknown(v_job, v_dispatch, p_actor, 'evidence: the device reported ' || (p_outcome ->> 'result'), true);
  end if;
  return jsonb_build_object('status', 'settled', 'state', v_state);
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
  perform close_unknown(v_job, v_dispatch, p_actor, v_verdict || ': ' || (p_resolution ->> 'reason'), false);
  return jsonb_build_object('status', 'settled', 'state', v_state);
end $function$
;

CREATE OR REPLACE FUNCTION public.return_to_queue(p_dispatch dispatch, p_actor uuid, p_reason text)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
declare
  v_job job;
begin
  update dispatch set state = 'queued', device_id = null, lease_expires_at = null, heartbeat_at = null, leased_at = null
  where id = p_dispatch.id;
  select * into v_job from job where id = p_dispatch.job_id;
  update labware set in_use_by = null
  where in_use_by = p_dispatch.id and id in (select labware_id from job_labware where job_id = v_job.id);
  perform append_event(v_job.tenant_id, 'job/' || v_job.id, 'leaseLapsed', p_actor, v_job.campaign_id,
    lab_now(v_job.site_id), jsonb_build_object('stepKey', v_job.step_key, 'dispatchId', p_dispatch.id,
      'attempt', p_dispatch.attempt, 'fencingToken', p_dispatch.fencing_token::text, 'reason', p_reason));
  perform announce_jobs(array[v_job.id]);
end $function$
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
    outcome = coalesce(p_report -> 'outcome', outcome), resolution = coalesce(p_report -> 'resolution', resolution)
  where id = p_dispatch returning * into v_dispatch;
  if p_done <> '{}' or p_uncertain <> '{}' or exists (select 1 from planned_sample where dispatch_id = p_dispatch) then
    perform post_transfers(p_job, v_dispatch, p_done, p_uncertain, p_basis, p_actor, v_lab);
  end if;
  perform settle_labware(p_job, v_dispatch, p_actor, v_lab);
  perform append_event(p_job.tenant_id, 'job/' || p_job.id, p_event, p_actor, p_job.campaign_id, v_lab,
    jsonb_strip_nulls(jsonb_build_object('stepKey', p_job.step_key, 'dispatchId', p_dispatch,
      'attempt', v_dispatch.attempt, 'problem', p_problem) || p_report));
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
begin
  select array_agg(w.barcode) into v_late from job_labware jl join labware w on w.id = jl.labware_id
  where jl.job_id = p_job.id and v_step and w.due_at < p_dispatch.started_lab_at and jl.role <> 'source';
  update labware w set in_use_by = null,
    held = w.held and w.held_by is distinct from p_dispatch.id,
    held_reason = case when w.held_by = p_dispatch.id then null else w.held_reason end,
    held_by = nullif(w.held_by, p_dispatch.id),
    seal = coalesce(e.seal, w.seal), lid = coalesce(e.lid, w.lid), place_id = coalesce(e.place_id, w.place_id),
    -- Where something was put away is where it belongs.
    home_place_id = case when p_job.spec ->> 'operation' = 'store' then coalesce(e.place_id, w.home_place_id) else w.home_place_id end,
    ready_at = case when v_step and jl.role <> 'source' then p_lab + p_job.hold_min_ms * interval '1 millisecond' else w.ready_at end,
    due_at = case when v_step and jl.role <> 'source' then p_lab + p_job.hold_max_ms * interval '1 millisecond' else w.due_at end
  from job_labware jl
  left join lateral (
    select x.seal, x.lid, p.id as place_id
    from jsonb_to_recordset(p_job.spec -> 'effects') as x (role text, seal text, lid boolean, "toPlace" text)
    left join place p on p.site_id = p_job.site_id and p.code = x."toPlace"
    where x.role = jl.role and v_succeeded limit 1) e on true
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
  elsif v_found and exists (
    -- Labware that is free again, or stands elsewhere, matters while a queued job waits for some.
    select 1 from dispatch d join job_labware jl on jl.job_id = d.job_id
    where d.site_id = p_job.site_id and d.state = 'queued' and jl.at = 'device')
  then
    perform pg_notify('lab_changed', p_job.site_id::text);
  end if;
end $function$
;

CREATE OR REPLACE FUNCTION public.start_dispatch(p_tenant uuid, p_dispatch uuid, p_token bigint, p_actor uuid, p_any_device boolean, p_lease_ms integer, p_duration_ms bigint)
 RETURNS jsonb
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
declare
  v_dispatch dispatch;
  v_job job;
  v_lab timestamptz;
begin
  select lab_now(site_id) into v_lab from dispatch where id = p_dispatch and tenant_id = p_tenant;
  update dispatch d set state = 'started', started_at = now(), started_lab_at = v_lab, heartbeat_at = now(),
    lease_expires_at = now() + p_lease_ms * interval '1 millisecond',
    until_lab_at = v_lab + p_duration_ms * interval '1 millisecond'
  from device v
  where d.id = p_dispatch and d.tenant_id = p_tenant and d.fencing_token = p_token and d.state = 'leased'
    and v.id = d.device_id and (v.actor_id = p_actor or p_any_device) and v.state in ('in-service', 'draining')
  returning d.* into v_dispatch;
  if not found then return explain_refusal(p_tenant, p_dispatch, p_token, p_actor, p_any_device, 'start'); end if;
  select * into v_job from job where id = v_dispatch.job_id;
  perform append_event(p_tenant, 'job/' || v_job.id, 'jobStarted', p_actor, v_job.campaign_id, v_lab,
    jsonb_build_object('stepKey', v_job.step_key, 'dispatchId', p_dispatch, 'attempt', v_dispatch.attempt,
      'untilLabTime', iso_time(v_dispatch.until_lab_at)));
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

CREATE OR REPLACE FUNCTION public.sweep_leases(p_lease_ms integer, p_harmless text[])
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
        perform become_unknown(v_dispatch, p_harmless);
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
      'blockEnded', p_state = 'succeeded' and p_job.tells_success)));
  perform pg_notify('outbox', '');
end $function$
;

CREATE OR REPLACE FUNCTION public.well_volumes(p_labware uuid[])
 RETURNS TABLE(labware_id uuid, well text, low_pl bigint, high_pl bigint, reserved_pl bigint)
 LANGUAGE sql
 STABLE
AS $function$
  select labware_id, well, greatest(sum(low), 0)::bigint, greatest(sum(high), 0)::bigint, sum(reserved)::bigint
  from (
    select to_labware_id as labware_id, to_well as well, low_pl as low, high_pl as high, 0 as reserved
    from ledger where to_labware_id = any (p_labware)
    union all
    select from_labware_id, from_well, -high_pl, -low_pl, 0 from ledger where from_labware_id = any (p_labware)
    union all
    select t.from_labware_id, t.from_well, 0, 0, t.volume_pl
    from planned_transfer t join dispatch d on d.id = t.dispatch_id
    where t.from_labware_id = any (p_labware) and d.state in ('blocked', 'queued', 'leased', 'started', 'unknown')
  ) moves
  group by labware_id, well
$function$
;

CREATE TRIGGER campaign_revision_append_only BEFORE DELETE OR UPDATE ON public.campaign_revision FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER dispatch_transition_check BEFORE UPDATE OF state ON public.dispatch FOR EACH ROW EXECUTE FUNCTION check_dispatch_transition();

CREATE TRIGGER event_append_only BEFORE DELETE OR UPDATE ON public.event FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER event_no_truncate BEFORE TRUNCATE ON public.event FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER ledger_append_only BEFORE DELETE OR UPDATE ON public.ledger FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER sample_verdict_append_only BEFORE DELETE OR UPDATE ON public.sample_verdict FOR EACH ROW EXECUTE FUNCTION refuse_change();

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
