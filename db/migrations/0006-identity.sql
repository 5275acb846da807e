-- Credentials of devices: enrolled by a one-time code, rotated by the device, revoked by a person.

-- A credential that replaces another ends it with its first use; until then both are good, the older until `ends_at` at the latest.
alter table access_token
  add column replaces_id uuid references access_token,
  add column used_at timestamptz,
  add column ends_at timestamptz;
create index access_token_by_actor on access_token (actor_id) where revoked_at is null;

-- Says once who a device is. Only the hash of the code is kept; a code is open until it is used, ended by a later one, or expired.
create table enrolment_code (
  id uuid primary key,
  tenant_id uuid not null references tenant,
  device_id uuid not null references device,
  sha256 bytea not null unique check (octet_length(sha256) = 32),
  issued_by uuid not null references actor,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null check (expires_at > created_at),
  used_at timestamptz,
  ended_at timestamptz,
  check (used_at is null or ended_at is null)
);
create unique index enrolment_code_open on enrolment_code (device_id) where used_at is null and ended_at is null;

-- A device may read the files of its own dispatches.
create index dispatch_by_worklist on dispatch (tenant_id, worklist_sha256) where worklist_sha256 is not null;
create index dispatch_file_by_content on dispatch_file (tenant_id, sha256);
