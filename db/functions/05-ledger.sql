-- What the wells hold, and what transfers did to them.

-- What liquid really moved: ledger, samples with their parents, and void verdicts where it is not sure.
create or replace function post_transfers(
  p_job job, p_dispatch dispatch, p_done int4multirange, p_uncertain int4multirange, p_basis text, p_actor uuid, p_lab timestamptz
) returns void language plpgsql set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
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
end $$;

-- Content of wells: what the ledger says is there, and what open dispatches have planned to take.
create or replace function well_volumes(p_labware uuid[]) returns table (
  labware_id uuid, well text, low_pl bigint, high_pl bigint, reserved_pl bigint
) language sql stable as $$
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
$$;
