-- What a job uses beside its labware's places: seals and positions, tips, reagents and their lots.

-- Why a job cannot be worked on by the device whose deck is this place; null when everything it uses is there and in date.
create or replace function material_problem(p_job uuid, p_place uuid) returns text language sql stable as $$
  select null::text
$$;

-- Reserves what freshly queued jobs will use. Answers null, or a refusal: {status, …}.
create or replace function reserve_material(p_jobs uuid[]) returns jsonb language sql as $$
  select null::jsonb
$$;

-- Binds what a leased dispatch will use to the tubes, racks and lots on its device. Answers what the device is told of it.
create or replace function bind_material(p_dispatch dispatch) returns jsonb language sql as $$
  select '{}'::jsonb
$$;

-- Frees what was bound when the dispatch is given back or withdrawn before its start.
create or replace function free_material(p_dispatch uuid) returns void language sql as $$
  select null::void
$$;
