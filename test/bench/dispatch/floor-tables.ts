/** Channel on which the floor's jobs are announced. */
export const floorChannel = 'floor_ready';

/** The least a queue needs, in PostgreSQL. */
export const floorTables = `
  create sequence floor_token;
  create table floor_job (
    id bigint generated always as identity primary key,
    key text not null, state text not null default 'queued', priority smallint not null default 3,
    queued_at timestamptz not null default clock_timestamp(), fencing_token bigint, lease_expires_at timestamptz
  ) with (fillfactor = 70);
  create index floor_queue on floor_job (priority, queued_at, id) where state = 'queued';`;
