import type { Pool } from 'pg';
import type { Capability } from '../../libs/device/job';

/** A file a device made of one labware. */
export interface DeviceFile {
  readonly labwareId: string;
  readonly dispatchId: string;
  readonly sha256: string;
  readonly name: string;
  readonly content: Buffer;
}

/**
 * Files of the latest successful work of a capability on each labware, e.g. the last read of each plate.
 * Labware without such work are left out.
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
  }>(
    `select x.labware_id, x.dispatch_id, encode(f.sha256, 'hex') as sha256, f.name,
       (select string_agg(c.content, ''::bytea order by c.index) from file_chunk c
        where c.tenant_id = f.tenant_id and c.sha256 = f.sha256) as content
     from (
       select distinct on (jl.labware_id) jl.labware_id, d.id as dispatch_id
       from job_labware jl join dispatch d on d.job_id = jl.job_id
       where jl.labware_id = any($1) and d.capability = $2 and d.state = 'succeeded'
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
  }));
}
