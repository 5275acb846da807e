import type { Pool } from 'pg';
import type { SampleKind } from '../../libs/device/job';
import { findLabwareKind } from '../../libs/labware/kinds';
import { ulToPl } from '../../libs/units/volume';

/** A usable sample with what a robot may still take of it. */
export interface HeldSample {
  readonly sampleId: string;
  readonly labwareId: string;
  readonly barcode: string;
  /** Labware kind. */
  readonly kind: string;
  readonly well: string;
  readonly sampleKind: SampleKind;
  /** Held less reserved less dead volume, never below zero. */
  readonly availablePl: number;
  readonly constructId?: string;
  readonly cloneId?: string;
  readonly code?: string;
  readonly concentrationNgPerUl?: number;
}

/** What a purified plasmid has when nobody measured it. */
export const nominalMiniprepNgPerUl = 50;

interface SampleRow {
  readonly id: string;
  readonly labware_id: string;
  readonly barcode: string;
  readonly kind: string;
  readonly well: string;
  readonly sample_kind: SampleKind;
  readonly construct_id: string | null;
  readonly clone_id: string | null;
  readonly code: string | null;
  readonly concentration: number | null;
  readonly low_pl: string | null;
  readonly reserved_pl: string | null;
}

/**
 * Samples that may be used: the latest use of their well, not void or held, and every transfer that was planned into the well
 * has surely happened. `$1` is the array of labware ids they are in.
 */
const usableSamples = `
  with chosen as materialized (
    select s.* from sample s
    where s.labware_id = any($1)
      and not exists (select 1 from sample later where later.labware_id = s.labware_id and later.well = s.well
        and later.use_number > s.use_number)
      and not exists (select 1 from sample_verdict v where v.sample_id = s.id and v.verdict in ('void', 'held'))
  ), doubtful as materialized (
    select distinct t.to_labware_id as labware_id, t.to_well as well
    from job_labware jl
    join dispatch d on d.job_id = jl.job_id and d.state in ('succeeded', 'failed')
    join planned_transfer t on t.dispatch_id = d.id and t.to_labware_id = jl.labware_id
    where jl.labware_id = any($1) and not exists (
      select 1 from dispatch x join ledger l on l.dispatch_id = x.id
      where x.job_id = d.job_id and l.ordinal = t.ordinal and l.low_pl > 0)
  )
  select s.id, s.labware_id, w.barcode, w.kind, s.well, s.kind as sample_kind, s.construct_id, s.clone_id, s.code,
    coalesce(s.concentration_ng_per_ul, (d.outcome -> 'facts' -> 'concentrationsNgPerUl' -> w.barcode ->> s.well)::real) as concentration,
    v.low_pl, v.reserved_pl
  from chosen s
  join labware w on w.id = s.labware_id
  left join dispatch d on d.id = s.made_by_dispatch_id
  left join well_volumes($1) v on v.labware_id = s.labware_id and v.well = s.well
  where not exists (select 1 from doubtful q where q.labware_id = s.labware_id and q.well = s.well)
  order by w.created_at, w.barcode, s.well`;

/** Usable samples in some labware. */
export async function samplesIn(pool: Pool, labwareIds: readonly string[]): Promise<HeldSample[]> {
  if (labwareIds.length === 0) return [];
  const { rows } = await pool.query<SampleRow>(usableSamples, [labwareIds]);
  return rows.map(toSample);
}

/** Everything on the shelf of a site that was received as stock: parts, reagents, cells, media, controls. */
export async function stockOnShelf(pool: Pool, site: { tenantId: string; siteId: string }): Promise<HeldSample[]> {
  const { rows } = await pool.query<{ id: string }>(
    `select id from labware where tenant_id = $1 and site_id = $2 and content_role is not null and not discarded and not held`,
    [site.tenantId, site.siteId],
  );
  return samplesIn(
    pool,
    rows.map(({ id }) => id),
  );
}

/** Stocks of accepted clones of some constructs, of this campaign or any earlier one of the tenant. */
export async function acceptedStocks(
  pool: Pool,
  wanted: { tenantId: string; siteId: string; kind: 'miniprep' | 'glycerol-stock'; constructIds: readonly string[] },
): Promise<HeldSample[]> {
  const { rows } = await pool.query<{ labware_id: string; sample_ids: string[] }>(
    `select s.labware_id, array_agg(s.id) as sample_ids
     from sample s join labware w on w.id = s.labware_id
     where s.tenant_id = $1 and w.site_id = $2 and s.kind = $3 and s.construct_id = any($4)
       and not w.discarded and not w.held
       and exists (select 1 from sample_verdict v where v.sample_id = s.clone_id and v.verdict = 'accepted')
     group by s.labware_id`,
    [wanted.tenantId, wanted.siteId, wanted.kind, wanted.constructIds],
  );
  const ids = new Set(rows.flatMap((row) => row.sample_ids));
  const held = await samplesIn(
    pool,
    rows.map((row) => row.labware_id),
  );
  return held.filter(({ sampleId }) => ids.has(sampleId));
}

/** Every well that holds, or held, some clones: cultures, stocks, plasmids. */
export async function wellsOfClones(
  pool: Pool,
  tenantId: string,
  cloneIds: readonly string[],
): Promise<{ cloneId: string; labwareId: string; barcode: string; well: string }[]> {
  const { rows } = await pool.query<{ cloneId: string; labwareId: string; barcode: string; well: string }>(
    `select s.clone_id as "cloneId", s.labware_id as "labwareId", w.barcode, s.well
     from sample s join labware w on w.id = s.labware_id
     where s.tenant_id = $1 and s.clone_id = any($2)
       and s.labware_id in (select labware_id from sample where id = any($2)
         union select c.labware_id from sample_parent p join sample c on c.id = p.sample_id where p.parent_id = any($2))`,
    [tenantId, cloneIds],
  );
  return rows;
}

function toSample(row: SampleRow): HeldSample {
  const deadPl = ulToPl(findLabwareKind(row.kind).deadUl);
  const availablePl = Math.max(0, Number(row.low_pl ?? 0) - Number(row.reserved_pl ?? 0) - deadPl);
  return {
    sampleId: row.id,
    labwareId: row.labware_id,
    barcode: row.barcode,
    kind: row.kind,
    well: row.well,
    sampleKind: row.sample_kind,
    availablePl,
    ...(row.construct_id === null ? {} : { constructId: row.construct_id }),
    ...(row.clone_id === null ? {} : { cloneId: row.clone_id }),
    ...(row.code === null ? {} : { code: row.code }),
    ...(row.concentration === null ? {} : { concentrationNgPerUl: row.concentration }),
  };
}
