import type { Pool } from 'pg';
import { siteIdOf } from './sites';

/** What is to be done: bring it to a deck, receive it from outside, add to a well, replace a container, look at it, carry it. */
export type LoadingAction = 'load' | 'receive' | 'refill' | 'replace' | 'confirm' | 'move';

/** One thing that must be there before jobs of the coming hours can run. */
export interface LoadingItem {
  readonly action: LoadingAction;
  /** What, for people: `2 boxes p300 on deck-lh-1`, `12.5 µl water in STOCK-1 A3`. */
  readonly what: string;
  /** ISO lab time of the first job that needs it, at the earliest. */
  readonly by: string;
  /** Step keys of the jobs that need it, the first twenty, and how many there are. */
  readonly jobs: readonly string[];
  readonly jobCount: number;
}

/** What a site has to load, move and refill. */
export interface Loading {
  readonly site: string;
  /** ISO lab times. */
  readonly from: string;
  readonly until: string;
  readonly items: readonly LoadingItem[];
}

/**
 * Open jobs that may start within the horizon, with the earliest moment they can: longest chain of durations and holds before
 * them. `$1` site, `$2` hours.
 */
const coming = `with recursive lab as materialized (select lab_now($1) as now), open as materialized (
    select d.id, d.job_id, d.state, j.step_key, j.routed_device_id, j.earliest_start_at
    from dispatch d join job j on j.id = d.job_id where d.site_id = $1 and d.state in ('blocked', 'queued')
  ), ahead (job_id, needed, ms) as (
    select o.job_id, n.needs_job_id, (p.spec ->> 'durationMs')::bigint + coalesce(p.hold_min_ms, 0)
    from open o join job_need n on n.job_id = o.job_id join job p on p.id = n.needs_job_id
      join dispatch x on x.job_id = p.id and x.state in ('blocked', 'queued', 'leased', 'started', 'unknown')
    union
    select a.job_id, n.needs_job_id, a.ms + (p.spec ->> 'durationMs')::bigint + coalesce(p.hold_min_ms, 0)
    from ahead a join job_need n on n.job_id = a.needed join job p on p.id = n.needs_job_id
      join dispatch x on x.job_id = p.id and x.state in ('blocked', 'queued', 'leased', 'started', 'unknown')
  ), timed as materialized (
    select o.*, greatest(o.earliest_start_at, lab.now)
      + coalesce((select max(a.ms) from ahead a where a.job_id = o.job_id), 0) * interval '1 millisecond' as eta
    from open o cross join lab
  ), coming as materialized (
    select t.* from timed t cross join lab where t.eta <= lab.now + $2::float8 * interval '1 hour'
  )`;

const needs = `
  tips as (
    select t.kind, sum(t.count) as needed, min(c.eta) as eta, array_agg(c.step_key order by c.eta, c.step_key) as steps
    from coming c join dispatch_tip t on t.dispatch_id = c.id
    where exists (select 1 from labware where site_id = $1 and kind like 'tips-%') group by t.kind
  ), boxes as (
    select t.*, k.tip_ul, coalesce(s.on_decks, 0) as on_decks, coalesce(s.stored, 0) as stored
    from tips t join labware_kind k on k.id = t.kind
    left join lateral (
      select sum(x.tips) filter (where p.kind = 'deck') as on_decks, sum(x.tips) filter (where p.kind <> 'deck') as stored
      from labware w join place p on p.id = w.place_id cross join lateral tips_in(w) x
      where w.site_id = $1 and w.kind = t.kind and not w.discarded) s on true
  ), drawn as (
    select t.from_labware_id as labware_id, t.from_well as well, sum(t.volume_pl) as pl, min(c.eta) as eta,
      array_agg(distinct c.step_key) as steps
    from coming c join planned_transfer t on t.dispatch_id = c.id join labware w on w.id = t.from_labware_id
    where w.content_role is not null group by 1, 2
  ), uses as (
    select jl.labware_id, jl.role, jl.at, c.* from coming c join job_labware jl on jl.job_id = c.job_id
  ), items as (
    select 'load' as action, format('%s box%s p%s', boxes, case when boxes > 1 then 'es' else '' end, tip_ul) as what, eta, steps
    from boxes cross join lateral (select ceil((needed - on_decks) / 96.0)::int as boxes) b where boxes > 0
    union all
    select 'receive', format('%s box%s p%s (labware of kind %s)', boxes, case when boxes > 1 then 'es' else '' end, tip_ul, kind), eta, steps
    from boxes cross join lateral (select ceil((needed - on_decks - stored) / 96.0)::int as boxes) b where boxes > 0
    union all
    select 'refill', format('%s µl %s in %s %s', microlitres(d.pl + coalesce(k.dead_pl, 0) - greatest(coalesce(b.low_pl, 0), 0)),
      coalesce(s.code, w.kind), w.barcode, d.well), d.eta, d.steps
    from drawn d join labware w on w.id = d.labware_id left join labware_kind k on k.id = w.kind
    left join well_balance b on b.labware_id = d.labware_id and b.well = d.well
    left join lateral (select code from sample x where x.labware_id = d.labware_id and x.well = d.well
      order by x.use_number desc limit 1) s on true
    where d.pl + coalesce(k.dead_pl, 0) > greatest(coalesce(b.low_pl, 0), 0)
    union all
    select 'replace', x.problem, min(u.eta), array_agg(u.step_key order by u.eta, u.step_key)
    from uses u join labware w on w.id = u.labware_id and w.lot_id is not null join place p on p.id = w.place_id
    cross join lateral (select lot_problem(w, u.eta, w.thaw_count + (p.kind = 'freezer')::int) as problem) x
    where u.role = 'source' and x.problem is not null group by x.problem
    union all
    select 'confirm', format('scan %s %s at %s (%s)', w.kind, w.barcode, p.code, w.unconfirmed), min(u.eta),
      array_agg(u.step_key order by u.eta, u.step_key)
    from uses u join labware w on w.id = u.labware_id join place p on p.id = w.place_id
    where u.at = 'device' and w.unconfirmed is not null group by w.kind, w.barcode, p.code, w.unconfirmed
    union all
    select 'move', format('%s %s from %s to %s', w.kind, w.barcode, p.code, deck.code), min(u.eta),
      array_agg(u.step_key order by u.eta, u.step_key)
    from uses u join device v on v.id = u.routed_device_id join place deck on deck.id = v.place_id
    join labware w on w.id = u.labware_id join place p on p.id = w.place_id
    where u.at = 'device' and u.state = 'queued' and w.place_id <> v.place_id group by w.kind, w.barcode, p.code, deck.code
  )`;

/** What must be loaded, moved or refilled for the jobs that can start within so many hours of lab time, the most pressing first. */
export async function viewLoading(
  pool: Pool,
  wanted: { readonly tenantId: string; readonly site: string; readonly hours: number },
): Promise<Loading> {
  const siteId = await siteIdOf(pool, wanted.tenantId, wanted.site);
  const { rows } = await pool.query<{ from: string; until: string; items: LoadingItem[] }>(
    `${coming}, ${needs}
     select iso_time(lab.now) as "from", iso_time(lab.now + $2::float8 * interval '1 hour') as until,
       coalesce((select json_agg(json_build_object('action', action, 'what', what, 'by', iso_time(eta),
         'jobs', to_json(steps[1:20]), 'jobCount', cardinality(steps)) order by eta, action, what) from items), '[]') as items
     from lab`,
    [siteId, wanted.hours],
  );
  return { site: wanted.site, ...(rows[0] as { from: string; until: string; items: LoadingItem[] }) };
}
