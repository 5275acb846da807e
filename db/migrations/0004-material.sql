-- What the lab really holds: balances of wells, lots, where labware is known to stand, tips.

-- Balance of every well, kept by the postings of the ledger so that no reader sums a stock's whole history.
-- low_pl below zero means that more was reported out of a well than was known to be in it.
create table well_balance (
  labware_id uuid not null references labware,
  well text not null,
  low_pl bigint not null,
  high_pl bigint not null check (high_pl >= low_pl),
  primary key (labware_id, well)
) with (fillfactor = 70);

insert into well_balance (labware_id, well, low_pl, high_pl)
select labware_id, well, sum(low)::bigint, sum(high)::bigint
from (
  select to_labware_id as labware_id, to_well as well, low_pl as low, high_pl as high from ledger where to_labware_id is not null
  union all
  select from_labware_id, from_well, -high_pl, -low_pl from ledger where from_labware_id is not null
) moves group by labware_id, well;

create function keep_balances() returns trigger language plpgsql
set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
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
end $$;
create trigger ledger_balances after insert on ledger referencing new table as posted
for each statement execute function keep_balances();

-- A delivery of a material: how long it may be used. Containers of it are labware.
create table lot (
  id uuid primary key,
  tenant_id uuid not null references tenant,
  code text not null,
  material text not null,
  -- Lab time, as everything below.
  received_at timestamptz not null,
  expires_at timestamptz,
  -- How long an opened container of it may be used, and how often one may be thawed; no limit when null.
  opened_life_days integer check (opened_life_days > 0),
  max_thaws integer check (max_thaws >= 0),
  unique (tenant_id, code)
);

alter table labware
  add column lot_id uuid references lot,
  -- First use, and how often it left a freezer: of this container.
  add column opened_at timestamptz,
  add column thaw_count integer not null default 0 check (thaw_count >= 0),
  -- 1-based position on a deck.
  add column position integer check (position > 0),
  -- Why nobody can be sure that it stands where its place says; null when a scan or a person said so.
  add column unconfirmed text,
  add column confirmed_at timestamptz,
  add column confirmed_by uuid references actor,
  add column confirmed_how text check (confirmed_how in ('scan', 'person'));
create unique index labware_position on labware (place_id, position) where position is not null and not discarded;
-- A site that never received tips does not count them.
create index labware_of_tips on labware (site_id, kind) where kind like 'tips-%';
create index labware_by_lot on labware (lot_id) where lot_id is not null;

-- Who changes the place of a labware and says nothing of its position has taken it off its position.
create function leave_position() returns trigger language plpgsql as $$
begin
  new.position := null;
  return new;
end $$;
create trigger labware_leaves_position before update of place_id on labware for each row
when (old.place_id is distinct from new.place_id and old.position is not null and new.position is not distinct from old.position)
execute function leave_position();

-- What a job expects of its labware when it starts; null when it does not matter. Moves: the position to put it on.
alter table job_labware
  add column seal text check (seal in ('none', 'foil', 'breathable', 'no-foil')),
  add column lid boolean,
  add column position integer check (position > 0);

-- Which lot a dispatch used.
create table dispatch_lot (
  dispatch_id uuid not null references dispatch,
  labware_id uuid not null references labware,
  lot_id uuid not null references lot,
  primary key (dispatch_id, labware_id)
);
create index dispatch_lot_reverse on dispatch_lot (lot_id);

-- Tips a dispatch will use, by the kind of rack they come in; reserved while it is open.
create table dispatch_tip (
  dispatch_id uuid not null references dispatch,
  kind text not null,
  count integer not null check (count > 0),
  primary key (dispatch_id, kind)
);

-- Racks bound at lease: how many of its tips come from which.
create table dispatch_rack (
  dispatch_id uuid not null references dispatch,
  labware_id uuid not null references labware,
  count integer not null check (count > 0),
  primary key (dispatch_id, labware_id)
);
create index dispatch_rack_reverse on dispatch_rack (labware_id);

-- Tips taken from racks, between two counts. Append-only.
create table tip_use (
  id bigint generated always as identity primary key,
  tenant_id uuid not null references tenant,
  -- Null for what a person counted.
  dispatch_id uuid references dispatch,
  labware_id uuid not null references labware,
  low integer not null check (low >= 0),
  high integer not null check (high >= low),
  basis text not null check (basis in ('actual', 'assumed', 'resolved')),
  posted_at timestamptz not null default now(),
  unique (dispatch_id, labware_id)
);
create index tip_use_by_rack on tip_use (labware_id);
create trigger tip_use_append_only before update or delete on tip_use for each row execute function refuse_change();

alter table place drop constraint place_kind_check,
  add constraint place_kind_check check (kind in ('deck', 'incubator', 'storage', 'freezer', 'consumables', 'bench', 'waste'));
