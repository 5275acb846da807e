-- What the wells hold, and what transfers did to them.

-- What each kind of labware holds: the same as libs/labware/kinds.ts, which a spec compares. `tip_ul`: racks of tips, one per well.
create or replace view labware_kind as
select id, wells, max_ul * 1000000::bigint as max_pl, dead_ul * 1000000::bigint as dead_pl, tip_ul
from (values
  ('echo-384', 384, 65, 20, null::integer),
  ('pcr-96', 96, 200, 1, null),
  ('agar-48', 48, 50, 0, null),
  ('deepwell-96', 96, 2000, 20, null),
  ('read-96', 96, 300, 5, null),
  ('storage-96', 96, 300, 5, null),
  ('reservoir-12', 12, 300000, 1000, null),
  ('tips-10', 96, 10, 0, 10),
  ('tips-20', 96, 20, 0, 20),
  ('tips-300', 96, 300, 0, 300),
  ('tips-1000', 96, 1000, 0, 1000)
) kind (id, wells, max_ul, dead_ul, tip_ul);

-- Picolitres as people read them.
create or replace function microlitres(p_pl numeric) returns text language sql immutable as $$
  select trim_scale(round(p_pl / 1000000, 6))::text
$$;

-- What liquid really moved: ledger, samples with their parents, and void verdicts where it is not sure.
-- A volume the device measured (`actualPl`, by ordinal) is posted as it says; without one the planned volume is.
-- What cannot be true (more out of a well than was in it, more in than fits, through a seal) is posted between what must and what
-- may have moved, and opens an incident: nothing reported is ever thrown away.
create or replace function post_transfers(
  p_job job, p_dispatch dispatch, p_done int4multirange, p_uncertain int4multirange, p_basis text, p_actor uuid, p_lab timestamptz
) returns void language plpgsql set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
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
end $$;

-- Content of wells: what the ledger says is there, and what open dispatches have planned to take.
create or replace function well_volumes(p_labware uuid[]) returns table (
  labware_id uuid, well text, low_pl bigint, high_pl bigint, reserved_pl bigint
) language sql stable as $$
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
$$;
