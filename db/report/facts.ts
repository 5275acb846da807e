import type { Pool } from 'pg';
import { DomainError } from '../../libs/errors/domain-error';
import type { Campaign } from '../../libs/campaign/campaign';
import type { ReportIncident, ReportWell } from '../../libs/report/report';

export interface HeadRow {
  readonly status: string;
  readonly reason: string | null;
  readonly revision: number;
  readonly document: Campaign;
  readonly simulated: boolean;
  readonly librarySize: number | null;
}

/** The campaign, its document in force and whether a virtual device had part in it. */
export async function head(pool: Pool, campaignId: string): Promise<HeadRow> {
  const { rows } = await pool.query<HeadRow>(
    `select c.status, c.outcome->>'reason' as reason, c.revision, r.document,
            coalesce((c.progress->>'librarySize')::float8, (c.outcome->>'librarySize')::float8) as "librarySize",
            exists (select 1 from job j join dispatch d on d.job_id = j.id join device v on v.id = d.device_id
                    where j.campaign_id = c.id and v.simulated) as simulated
     from campaign c join campaign_revision r on r.campaign_id = c.id and r.revision = c.revision where c.id = $1`,
    [campaignId],
  );
  if (!rows[0]) throw new DomainError('not-found', `there is no campaign ${campaignId}`);
  return rows[0];
}

export interface RoundRow {
  readonly number: number;
  readonly kind: 'explore' | 'confirm';
  readonly lab_started_at: Date | null;
  readonly lab_finished_at: Date | null;
}

/** Rounds in order. */
export async function rounds(pool: Pool, campaignId: string): Promise<RoundRow[]> {
  const { rows } = await pool.query<RoundRow>(
    'select number, kind, lab_started_at, lab_finished_at from round where campaign_id = $1 order by number',
    [campaignId],
  );
  return rows;
}

export interface DesignRow {
  readonly round: number;
  readonly design_index: string;
  readonly construct_id: string;
  readonly name: string;
  readonly choice: Record<string, string>;
  readonly arm: string;
  readonly reason: string;
  readonly status: string;
  readonly status_reason: string | null;
  readonly predicted: Record<string, { mean: number; low: number; high: number }> | null;
}

/** Every design of every round, in the order it was proposed. */
export async function designs(pool: Pool, campaignId: string): Promise<DesignRow[]> {
  const { rows } = await pool.query<DesignRow>(
    `select d.round, d.design_index::text, d.construct_id, c.name, d.choice, d.arm, d.reason, d.status, d.status_reason, d.predicted
     from design d join construct c on c.id = d.construct_id where d.campaign_id = $1 order by d.round, d.position`,
    [campaignId],
  );
  return rows;
}

export interface ConstructValueRow {
  readonly round: number;
  readonly construct_id: string;
  readonly readout: string;
  readonly mean: number;
  readonly low: number | null;
  readonly high: number | null;
  readonly clones: number;
  readonly cultures: number;
  readonly wells: number;
  readonly plates: number;
}

/** Aggregated values per round, construct and readout. */
export async function constructValues(pool: Pool, campaignId: string): Promise<ConstructValueRow[]> {
  const { rows } = await pool.query<ConstructValueRow>(
    `select round, construct_id, readout, mean, low, high, clones, cultures, wells, plates
     from construct_value where campaign_id = $1 order by round, construct_id, readout`,
    [campaignId],
  );
  return rows;
}

/** Every measured well with the job, device and file it was read by. */
export async function wells(pool: Pool, campaignId: string): Promise<ReportWell[]> {
  const { rows } = await pool.query<Omit<ReportWell, 'value'> & { value: number | null }>(
    `select m.round, l.barcode, m.well, m.role, coalesce(c.name, m.control_id, m.role) as name, m.readout, m.unit, m.value, m.state,
            m.flags, m.reason, m.sample_id as "sampleId", m.clone_id as "cloneId", j.step_key as job,
            coalesce(v.code, '') as device, encode(m.file_sha256, 'hex') as "fileSha256"
     from measurement m
     join labware l on l.id = m.labware_id
     join dispatch d on d.id = m.dispatch_id join job j on j.id = d.job_id
     left join device v on v.id = d.device_id
     left join construct c on c.id = m.construct_id
     where m.campaign_id = $1
     order by m.round, l.barcode, length(m.well), m.well, m.readout`,
    [campaignId],
  );
  return rows.map(withoutNulls);
}

export interface TubeRow {
  readonly construct_id: string;
  readonly sample_id: string;
  readonly code: string | null;
  readonly kind: string;
  readonly barcode: string;
  readonly well: string;
  readonly place: string;
}

/** Glycerol stocks of accepted clones, with the place their plate is in. */
export async function tubes(pool: Pool, campaignId: string): Promise<TubeRow[]> {
  const { rows } = await pool.query<TubeRow>(
    `select distinct s.construct_id, s.id as sample_id, s.code, s.kind, l.barcode, s.well, p.code as place
     from sample s
     join labware l on l.id = s.labware_id join place p on p.id = l.place_id
     where s.kind = 'glycerol-stock'
       and s.construct_id in (select construct_id from design where campaign_id = $1)
       and exists (select 1 from sample_verdict v where v.verdict = 'accepted' and v.sample_id in (s.id, s.clone_id))
       and not exists (select 1 from sample_verdict v where v.verdict = 'void' and v.sample_id = s.id)
     order by l.barcode, s.well`,
    [campaignId],
  );
  return rows;
}

/** What needed a person, and how it ended. */
export async function incidents(pool: Pool, campaignId: string): Promise<ReportIncident[]> {
  const { rows } = await pool.query<{ kind: string; message: string; opened_at: Date; resolution: string | null }>(
    'select kind, message, opened_at, resolution from incident where campaign_id = $1 order by opened_at',
    [campaignId],
  );
  return rows.map((row) => ({
    kind: row.kind,
    message: row.message,
    openedAt: row.opened_at.toISOString(),
    ...(row.resolution ? { resolution: row.resolution } : {}),
  }));
}

export interface ConstructSequence {
  readonly name: string;
  readonly sequence: string;
  readonly topology: 'circular' | 'linear';
  readonly parts: unknown;
}

/** Sequences of constructs by id, for files. */
export async function sequences(pool: Pool, tenantId: string, ids: readonly string[]): Promise<ConstructSequence[]> {
  const { rows } = await pool.query<ConstructSequence>(
    'select name, sequence, topology, parts from construct where tenant_id = $1 and id = any($2) order by array_position($2, id)',
    [tenantId, ids],
  );
  return rows;
}

/** Absent keys instead of nulls, as the report's type says. */
function withoutNulls<T extends object>(row: T): { [K in keyof T]: Exclude<T[K], null> } {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)) as never;
}
