-- What a job uses beside its labware's places: volumes, seals and positions, lots, tips. Nothing here costs a job that uses none.

-- Jobs that come before others: (job, needed, how many steps before). Only open ones: what settled is in the ledger already.
create or replace function jobs_ahead(p_jobs uuid[]) returns table (job_id uuid, needed uuid, steps integer) language sql stable as $$
  with recursive ahead (job_id, needed, steps) as (
    select n.job_id, n.needs_job_id, 1 from job_need n where n.job_id = any (p_jobs)
    union
    select a.job_id, n.needs_job_id, a.steps + 1
    from ahead a
    join dispatch d on d.job_id = a.needed and d.state in ('blocked', 'queued', 'leased', 'started', 'unknown')
    join job_need n on n.job_id = a.needed
  )
  select job_id, needed, min(steps) from ahead group by job_id, needed
$$;

-- Whether volumes of fresh dispatches cannot be as planned. For every well: what surely is in it, with what jobs before bring, less
-- what every other open job takes that does not come after; and the most that may be in it, for what is filled.
create or replace function volume_refusal(p_dispatches uuid[]) returns jsonb language plpgsql
set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
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
    select job_id, labware_id, well, sum(out_pl) as out_pl, sum(in_pl) as in_pl,
      -- What the job itself brings before it first takes: the rest may come too late.
      sum(in_pl) filter (where first_out is null or ordinal < first_out) as in_first
    from (
      select *, min(ordinal) filter (where out_pl > 0) over (partition by job_id, labware_id, well) as first_out
      from (
        select o.job_id, t.ordinal, t.from_labware_id as labware_id, t.from_well as well, t.volume_pl as out_pl, 0 as in_pl
        from open o join planned_transfer t on t.dispatch_id = o.id
        union all
        select o.job_id, t.ordinal, t.to_labware_id, t.to_well, 0, t.volume_pl
        from open o join planned_transfer t on t.dispatch_id = o.id
      ) ends
    ) ordered group by job_id, labware_id, well
  ), balance as (
    select own.job_id, own.labware_id, own.well, own.out_pl, own.in_pl, coalesce(own.in_first, 0) as in_first,
      coalesce(sum(other.in_pl) filter (where before), 0) as in_before,
      coalesce(sum(other.out_pl) filter (where before), 0) as out_before,
      coalesce(sum(other.in_pl) filter (where not after), 0) as in_maybe,
      coalesce(sum(other.out_pl) filter (where not after), 0) as out_maybe
    from fresh f join moves own on own.job_id = f.job_id
    left join moves other on other.labware_id = own.labware_id and other.well = own.well and other.job_id <> own.job_id
    left join lateral (select
      exists (select 1 from ahead a where a.job_id = own.job_id and a.needed = other.job_id) as before,
      exists (select 1 from ahead a where a.job_id = other.job_id and a.needed = own.job_id) as after) o on true
    group by own.job_id, own.labware_id, own.well, own.out_pl, own.in_pl, own.in_first
  ), judged as (
    select x.*, j.step_key, w.barcode, w.kind, k.max_pl, coalesce(k.dead_pl, 0) as dead_pl,
      greatest(coalesce(b.low_pl, 0), 0) + x.in_before + x.in_first - x.out_maybe as available,
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
end $$;

-- Whether liquid is planned through a seal: the plan itself never takes it off.
create or replace function seal_refusal(p_dispatches uuid[]) returns jsonb language sql stable as $$
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
$$;

-- Why a container must not be used at a time; null when it may, or belongs to no lot. `p_thaws`: how often it will have been thawed.
create or replace function lot_problem(p_labware labware, p_at timestamptz, p_thaws integer) returns text language sql stable as $$
  select case
    when l.expires_at <= p_at then format('lot %s of %s in %s expired %s', l.code, l.material, p_labware.barcode, iso_time(l.expires_at))
    when p_labware.opened_at + l.opened_life_days * interval '1 day' <= p_at
      then format('%s of lot %s was opened %s and is good for %s days', p_labware.barcode, l.code, iso_time(p_labware.opened_at), l.opened_life_days)
    when p_thaws > l.max_thaws
      then format('%s of lot %s would be thawed %s times, %s at most', p_labware.barcode, l.code, p_thaws, l.max_thaws) end
  from lot l where l.id = p_labware.lot_id
$$;

-- Whether a lot will be out of date at the earliest moment its job can start.
create or replace function lot_refusal(p_dispatches uuid[]) returns jsonb language sql stable as $$
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
$$;

-- Writes down what jobs expect of their labware, the tips their dispatches will use, and where on a deck a move puts what it carries.
-- One look says which of these there is any of: most jobs have none.
create or replace function note_expectations(p_jobs uuid[]) returns void language plpgsql
set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
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
end $$;

-- Lowest position of a deck that neither labware nor a planned move has; null for other places, and when there is none.
create or replace function free_position(p_place uuid) returns integer language sql stable as $$
  select min(n) from place p cross join generate_series(1, p.capacity) n
  where p.id = p_place and p.kind = 'deck'
    and not exists (select 1 from labware w where w.place_id = p.id and w.position = n and not w.discarded)
    and not exists (select 1 from dispatch d join job j on j.id = d.job_id join job_labware jl on jl.job_id = j.id
      where d.site_id = p.site_id and d.state in ('blocked', 'queued', 'leased', 'started', 'unknown')
        and j.capability = 'move-labware' and j.spec -> 'parameters' ->> 'place' = p.code and jl.position = n)
$$;

-- Gives a move to a deck the position to put its labware on, and says so in its summary.
create or replace function plan_position(p_job uuid) returns void language plpgsql as $$
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
end $$;

-- Reserves what freshly queued jobs will use. Answers null, or a refusal: {status, stepKey, labware, …}; the caller lets nothing
-- of the block be written then. Blocks that take from one labware wait for each other here, so that both are counted.
create or replace function reserve_material(p_jobs uuid[]) returns jsonb language plpgsql
set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
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
end $$;

-- Raises a refusal of reserve_material, so that the statement that queued writes nothing; db/device-work/refusal.ts reads it back.
create or replace function refuse_material(p_refusal jsonb) returns void language plpgsql as $$
begin
  if p_refusal is not null then
    raise exception 'material refused: %', p_refusal ->> 'status' using errcode = 'AN422', detail = p_refusal::text;
  end if;
end $$;

-- Why a job cannot be worked on by the device whose deck is this place; null when everything it uses is there and in date.
create or replace function material_problem(p_job uuid, p_place uuid) returns text language plpgsql stable
set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
declare
  v_special boolean;
  v_problems text[];
begin
  -- One look: most labware is neither closed nor of a lot nor stock, and most jobs take no tips.
  select bool_or(w.unconfirmed is not null or jl.seal is not null or jl.lid is not null or w.lot_id is not null
    or w.content_role is not null)
    or exists (select 1 from dispatch d join dispatch_tip t on t.dispatch_id = d.id where d.job_id = p_job)
  into v_special from job_labware jl join labware w on w.id = jl.labware_id where jl.job_id = p_job;
  if v_special is not true then return null; end if;
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
end $$;

-- Wells of stock that no longer hold what a job is to take: the ledger was corrected since it was planned. Other wells are the
-- business of whoever failed to fill them.
create or replace function refill_problems(p_job uuid) returns text[] language sql stable as $$
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
$$;

-- Boxes of tips that lack on a deck for the open dispatch of a job. A site that never received tips does not count them.
create or replace function tip_problems(p_job uuid, p_place uuid) returns text[] language sql stable as $$
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
$$;

-- Positions of a deck that are kept for boxes of tips: up to four where a device moves liquid and the site counts tips.
create or replace function tip_room(p_place place) returns integer language sql stable as $$
  select case when p_place.kind = 'deck'
    and exists (select 1 from labware x where x.site_id = p_place.site_id and x.kind like 'tips-%')
    and exists (select 1 from device d where d.place_id = p_place.id and 'transfer-liquid' = any (d.capabilities))
  then least(4, p_place.capacity / 4) else 0 end
$$;

-- Tips that are surely left in a rack and not bound to a dispatch that has them now; null for other labware.
create or replace function tips_in(p_rack labware) returns table (tips integer) language sql stable as $$
  select greatest(0, k.wells - coalesce((select sum(u.high) from tip_use u where u.labware_id = p_rack.id), 0) - coalesce((
    select sum(r.count) from dispatch_rack r join dispatch d on d.id = r.dispatch_id
    where r.labware_id = p_rack.id and d.state in ('leased', 'started', 'unknown')), 0))::int
  from labware_kind k where k.id = p_rack.kind and k.tip_ul is not null
$$;

-- Racks of tips at a place that a device may take from.
create or replace function tips_on(p_place uuid) returns table (labware_id uuid, barcode text, kind text, tips integer) language sql stable as $$
  select w.id, w.barcode, w.kind, t.tips
  from labware w cross join lateral tips_in(w) t
  where w.place_id = p_place and w.kind like 'tips-%' and not w.discarded and not w.held and w.unconfirmed is null
$$;

-- Binds what a leased dispatch will use to the racks and lots on its device. Answers what the device is told of it.
drop function if exists bind_material(dispatch);
create or replace function bind_material(p_dispatch dispatch, p_job job) returns jsonb language plpgsql
set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
declare
  v_known jsonb;
  v_lots boolean;
  v_tips boolean;
  v_answer jsonb;
begin
  -- The device is told where on its deck each labware stands, and how it is closed.
  select jsonb_agg(l.entry || jsonb_strip_nulls(
      jsonb_build_object('position', coalesce(jl.position, w.position), 'seal', w.seal, 'lid', w.lid)) order by l.place),
    bool_or(w.lot_id is not null), exists (select 1 from dispatch_tip where dispatch_id = p_dispatch.id)
  into v_known, v_lots, v_tips
  from jsonb_array_elements(p_job.spec -> 'labware') with ordinality as l (entry, place)
  join labware w on w.id = (l.entry ->> 'labwareId')::uuid
  join job_labware jl on jl.job_id = p_job.id and jl.labware_id = w.id;
  if v_known is null then return '{}'; end if;
  v_answer := jsonb_build_object('spec', p_job.spec || jsonb_build_object('labware', v_known));
  if v_lots then
    insert into dispatch_lot (dispatch_id, labware_id, lot_id)
    select p_dispatch.id, w.id, w.lot_id from job_labware jl join labware w on w.id = jl.labware_id
    where jl.job_id = p_job.id and w.lot_id is not null on conflict (dispatch_id, labware_id) do update set lot_id = excluded.lot_id;
  end if;
  if not v_tips then return v_answer; end if;
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
end $$;

-- Frees what was bound when the dispatch is given back or withdrawn before its start.
create or replace function free_material(p_dispatch uuid) returns void language sql as $$
  delete from dispatch_rack where dispatch_id = p_dispatch;
  delete from dispatch_lot where dispatch_id = p_dispatch;
$$;
