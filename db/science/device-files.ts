import type { Pool } from 'pg';
import type { Capability } from '../../libs/device/job';

/** A file a device made of one labware. */
export interface DeviceFile {
  readonly labwareId: string;
  readonly dispatchId: string;
  readonly sha256: string;
  readonly name: string;
  readonly content: Buffer;
  /** A course of measurements that broke off; `every` and `for` as its job asked for them. */
  readonly partial?: { readonly every?: string; readonly for?: string };
}

/**
 * Files of the latest successful work of a capability on each labware, e.g. the last read of each plate. A course of
 * measurements that broke off counts with the file it left: it cannot be taken again. Labware without such work are left out.
 */
export async function latestFiles(
  pool: Pool,
  wanted: { readonly labwareIds: readonly string[]; readonly capability: Capability },
): Promise<DeviceFile[]> {
  const { rows } = await pool.query<{
    labware_id: string;
    dispatch_id: string;
    sha256: string;
    name: string;
    content: Buffer;
    partial: { every?: string; for?: string } | null;
  }>(
    `select x.labware_id, x.dispatch_id, x.partial, encode(f.sha256, 'hex') as sha256, f.name,
       (select string_agg(c.content, ''::bytea order by c.index) from file_chunk c
        where c.tenant_id = f.tenant_id and c.sha256 = f.sha256) as content
     from (
       select distinct on (jl.labware_id) jl.labware_id, d.id as dispatch_id,
         case when d.state = 'failed' then jsonb_strip_nulls(jsonb_build_object(
           'every', j.spec -> 'parameters' ->> 'every', 'for', j.spec -> 'parameters' ->> 'for')) end as partial
       from job_labware jl join dispatch d on d.job_id = jl.job_id join job j on j.id = d.job_id
       where jl.labware_id = any($1) and d.capability = $2 and (d.state = 'succeeded'
           or d.state = 'failed' and d.capability = 'read-plate' and not j.spec ? 'repeatableWithinMs')
         and exists (select 1 from dispatch_file f where f.dispatch_id = d.id)
       order by jl.labware_id, d.settled_lab_at desc, d.settled_at desc
     ) x
     join dispatch_file f on f.dispatch_id = x.dispatch_id
     order by x.labware_id, f.name`,
    [wanted.labwareIds, wanted.capability],
  );
  return rows.map((row) => ({
    labwareId: row.labware_id,
    dispatchId: row.dispatch_id,
    sha256: row.sha256,
    name: row.name,
    content: row.content ?? Buffer.alloc(0),
    ...(row.partial ? { partial: row.partial } : {}),
  }));
}
