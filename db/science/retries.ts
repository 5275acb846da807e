import type { Pool } from 'pg';
import type { PlannedTransfer } from '../../libs/device/job';

/** A job whose attempt failed: what it was to move, and what the ledger says about it. */
export interface FailedWork {
  readonly capability: string;
  /** What the device said of the attempt. */
  readonly reported: 'succeeded' | 'failed' | null;
  /** Transfers of the first dispatch: all the job was ever to move. */
  readonly transfers: readonly PlannedTransfer[];
  /** Between which volumes each ordinal moved liquid, all attempts together. */
  readonly moved: ReadonlyMap<number, { readonly lowPl: number; readonly highPl: number }>;
  /** Wells (`labwareId/well`) whose sample is void. */
  readonly voidWells: ReadonlySet<string>;
}

/** The work of a job up to an attempt; undefined when there is no such job. */
export async function loadFailedWork(
  pool: Pool,
  job: { readonly tenantId: string; readonly jobId: string; readonly attempt: number },
): Promise<FailedWork | undefined> {
  const { rows } = await pool.query<{ capability: string; reported: FailedWork['reported'] }>(
    `select capability, outcome ->> 'result' as reported from dispatch where tenant_id = $1 and job_id = $2 and attempt = $3`,
    [job.tenantId, job.jobId, job.attempt],
  );
  if (!rows[0]) return undefined;
  const [transfers, moved, voids] = await Promise.all([
    plannedTransfers(pool, job.jobId),
    movedVolumes(pool, job.jobId),
    voidWells(pool, job.jobId),
  ]);
  return { ...rows[0], transfers, moved, voidWells: voids };
}

async function plannedTransfers(pool: Pool, jobId: string): Promise<PlannedTransfer[]> {
  const { rows } = await pool.query<Omit<PlannedTransfer, 'volumePl'> & { volumePl: string }>(
    `select t.ordinal, t.from_labware_id as "fromLabwareId", t.from_well as "fromWell", t.to_labware_id as "toLabwareId",
       t.to_well as "toWell", t.volume_pl as "volumePl"
     from planned_transfer t join dispatch d on d.id = t.dispatch_id
     where d.job_id = $1 and d.attempt = 1 order by t.ordinal`,
    [jobId],
  );
  return rows.map((row) => ({ ...row, volumePl: Number(row.volumePl) }));
}

async function movedVolumes(pool: Pool, jobId: string): Promise<Map<number, { lowPl: number; highPl: number }>> {
  const { rows } = await pool.query<{ ordinal: number; low: string; high: string }>(
    `select l.ordinal, sum(l.low_pl) as low, sum(l.high_pl) as high from ledger l join dispatch d on d.id = l.dispatch_id
     where d.job_id = $1 group by l.ordinal`,
    [jobId],
  );
  return new Map(rows.map(({ ordinal, low, high }) => [ordinal, { lowPl: Number(low), highPl: Number(high) }]));
}

async function voidWells(pool: Pool, jobId: string): Promise<Set<string>> {
  const { rows } = await pool.query<{ place: string }>(
    `select distinct t.to_labware_id || '/' || t.to_well as place
     from planned_transfer t
     join dispatch d on d.id = t.dispatch_id and d.job_id = $1
     join sample s on s.labware_id = t.to_labware_id and s.well = t.to_well
     join sample_verdict v on v.sample_id = s.id and v.verdict = 'void'`,
    [jobId],
  );
  return new Set(rows.map(({ place }) => place));
}
