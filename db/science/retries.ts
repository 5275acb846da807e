import type { Pool } from 'pg';
import type { PlannedTransfer } from '../../libs/device/job';

/** A job whose attempt failed: what it was to move, and what the ledger says about it. */
export interface FailedWork {
  readonly capability: string;
  /** What the device said of the attempt. */
  readonly reported: 'succeeded' | 'failed' | null;
  /** Transfers of the first dispatch: all the job was ever to move. */
  readonly transfers: readonly PlannedTransfer[];
  /** Ordinals that surely happened in some attempt. */
  readonly done: ReadonlySet<number>;
  /** Ordinals that may have happened. */
  readonly uncertain: ReadonlySet<number>;
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
  const [transfers, posted, voids] = await Promise.all([
    plannedTransfers(pool, job.jobId),
    postedOrdinals(pool, job.jobId),
    voidWells(pool, job.jobId),
  ]);
  return { ...rows[0], transfers, ...posted, voidWells: voids };
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

async function postedOrdinals(pool: Pool, jobId: string): Promise<{ done: Set<number>; uncertain: Set<number> }> {
  const { rows } = await pool.query<{ ordinal: number; sure: boolean }>(
    `select l.ordinal, bool_or(l.low_pl > 0) as sure from ledger l join dispatch d on d.id = l.dispatch_id
     where d.job_id = $1 group by l.ordinal`,
    [jobId],
  );
  return {
    done: new Set(rows.flatMap(({ ordinal, sure }) => (sure ? ordinal : []))),
    uncertain: new Set(rows.flatMap(({ ordinal, sure }) => (sure ? [] : ordinal))),
  };
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
