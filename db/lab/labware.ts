import type { Pool, PoolClient } from 'pg';
import type { SampleKind, Seal } from '../../libs/device/job';
import { constructHash } from '../../libs/dna/canonical';
import { DomainError } from '../../libs/errors/domain-error';
import { plToUl, ulToPl } from '../../libs/units/volume';
import { appendEvent } from '../device-work/events';
import { constructId, labwareId, sampleId } from '../ids';
import type { Writer } from './devices';
import { placeIdOf } from './devices';
import type { ReceivedLot } from './lots';
import { receiveLot } from './lots';
import { siteIdOf } from './sites';

/** A well of labware that arrives filled. */
export interface ReceivedWell {
  readonly well: string;
  readonly kind: SampleKind;
  readonly code: string;
  readonly volumeUl: number;
  readonly concentrationNgPerUl?: number;
  /** The construct it carries, when it is known already. */
  readonly constructId?: string;
  /** Or the sequence of the plasmid it carries; it is registered as a construct. */
  readonly sequence?: string;
}

/** Labware that arrives from outside. */
export interface ReceivedLabware {
  readonly barcode: string;
  readonly kind: string;
  readonly placeCode: string;
  readonly contentRole?: string;
  readonly seal?: Seal;
  readonly lid?: boolean;
  /** Position on a deck, when it is put there. */
  readonly position?: number;
  /** The delivery it is of. */
  readonly lot?: ReceivedLot;
  readonly wells: readonly ReceivedWell[];
}

/** A labware with what is in it. */
export interface LabwareView {
  readonly id: string;
  readonly barcode: string;
  readonly kind: string;
  readonly contentRole: string | null;
  readonly placeCode: string;
  readonly position: number | null;
  readonly seal: Seal;
  readonly lid: boolean;
  /** Why nobody can be sure that it stands there; null when a scan or a person said so. */
  readonly unconfirmed: string | null;
  readonly confirmedAt: Date | null;
  readonly confirmedHow: 'scan' | 'person' | null;
  readonly lot: string | null;
  /** Why its lot must not be used; null when it is in date. */
  readonly lotProblem: string | null;
  readonly openedAt: Date | null;
  readonly thawCount: number;
  /** Racks of tips: how many are left at least. */
  readonly tipsLeft: number | null;
  readonly held: boolean;
  readonly heldReason: string | null;
  readonly readyAt: Date | null;
  readonly dueAt: Date | null;
  readonly wells: readonly WellView[];
}

/** A well: what it holds, between which volumes, and how much of that is spoken for. */
export interface WellView {
  readonly well: string;
  readonly sampleId: string | null;
  readonly kind: string | null;
  readonly code: string | null;
  readonly constructId: string | null;
  readonly verdicts: readonly string[];
  readonly lowUl: number;
  readonly highUl: number;
  readonly reservedUl: number;
}

/**
 * Registers filled labware: its place, its samples, and what is in them as `received` postings of the ledger.
 * @throws DomainError `version-conflict` when the barcode is known already; `unknown-reference` for a place or construct
 */
export async function receiveLabware(
  client: PoolClient,
  by: Writer,
  labware: ReceivedLabware,
): Promise<{ labwareId: string; barcode: string }> {
  const siteId = await siteIdOf(client, by.tenantId, by.site);
  const place = await placeIdOf(client, siteId, labware.placeCode);
  const id = labwareId(by.tenantId, labware.barcode);
  const { rowCount } = await client.query(
    `insert into labware (id, tenant_id, site_id, barcode, kind, content_role, place_id, home_place_id, seal, lid, position,
       lot_id, confirmed_at, confirmed_by, confirmed_how)
     values ($1, $2, $3, $4, $5, $6, $7, $7, $8, $9, $10, $11, lab_now($3), $12, 'person') on conflict (tenant_id, barcode) do nothing`,
    [
      id,
      by.tenantId,
      siteId,
      labware.barcode,
      labware.kind,
      labware.contentRole ?? null,
      place,
      labware.seal ?? 'none',
      labware.lid ?? false,
      labware.position ?? (await freePosition(client, place)),
      labware.lot ? await receiveLot(client, { ...by, siteId }, labware.lot) : null,
      by.actorId,
    ],
  );
  if (!rowCount) throw new DomainError('version-conflict', `labware ${labware.barcode} is registered already`);
  for (const well of labware.wells) await fill(client, by, id, well);
  const { wells, ...rest } = labware;
  await appendEvent(client, {
    ...by,
    siteId,
    stream: `labware/${id}`,
    kind: 'labwareReceived',
    payload: { ...rest, wells: wells.length },
  });
  await client.query(`select pg_notify('lab_changed', $1)`, [siteId]);
  return { labwareId: id, barcode: labware.barcode };
}

async function freePosition(client: PoolClient, place: string): Promise<number | null> {
  const { rows } = await client.query<{ position: number | null }>('select free_position($1) as position', [place]);
  return rows[0]?.position ?? null;
}

async function fill(client: PoolClient, by: Writer, labware: string, well: ReceivedWell): Promise<void> {
  const construct =
    well.constructId ?? (well.sequence ? await registerPlasmid(client, by, well.code, well.sequence) : null);
  await client.query(
    `insert into sample (id, tenant_id, labware_id, well, kind, construct_id, code, concentration_ng_per_ul, concentration_basis)
     values ($1, $2, $3, $4, $5, $6, $7, $8, case when $8::real is null then null else 'received' end)`,
    [
      sampleId(by.tenantId, labware, well.well),
      by.tenantId,
      labware,
      well.well,
      well.kind,
      construct,
      well.code,
      well.concentrationNgPerUl ?? null,
    ],
  );
  await client.query(
    `insert into ledger (tenant_id, to_labware_id, to_well, low_pl, high_pl, basis) values ($1, $2, $3, $4, $4, 'received')`,
    [by.tenantId, labware, well.well, ulToPl(well.volumeUl)],
  );
}

async function registerPlasmid(client: PoolClient, by: Writer, name: string, sequence: string): Promise<string> {
  const hash = constructHash(sequence, 'circular');
  const id = constructId(by.tenantId, hash);
  await client.query(
    `insert into construct (id, tenant_id, sequence_sha256, kind, name, topology, sequence, parts)
     values ($1, $2, decode($3, 'hex'), 'construct', $4, 'circular', $5, '[]') on conflict do nothing`,
    [id, by.tenantId, hash, name, sequence.toUpperCase()],
  );
  return id;
}

/** A labware by barcode, with its wells by name. @throws DomainError `not-found` */
export async function viewLabware(pool: Pool, tenantId: string, barcode: string): Promise<LabwareView> {
  const { rows } = await pool.query<Omit<LabwareView, 'wells'>>(
    `select w.id, w.barcode, w.kind, w.content_role as "contentRole", p.code as "placeCode", w.position, w.seal, w.lid, w.held,
       w.held_reason as "heldReason", w.ready_at as "readyAt", w.due_at as "dueAt", w.unconfirmed,
       w.confirmed_at as "confirmedAt", w.confirmed_how as "confirmedHow", l.code as lot,
       lot_problem(w, lab_now(w.site_id), w.thaw_count) as "lotProblem", w.opened_at as "openedAt", w.thaw_count as "thawCount",
       (select t.tips from tips_in(w) t) as "tipsLeft"
     from labware w join place p on p.id = w.place_id left join lot l on l.id = w.lot_id
     where w.tenant_id = $1 and w.barcode = $2`,
    [tenantId, barcode],
  );
  const labware = rows[0];
  if (!labware) throw new DomainError('not-found', `there is no labware "${barcode}"`);
  return { ...labware, wells: await viewWells(pool, labware.id) };
}

interface WellRow extends Omit<WellView, 'lowUl' | 'highUl' | 'reservedUl'> {
  readonly low_pl: string;
  readonly high_pl: string;
  readonly reserved_pl: string;
}

async function viewWells(pool: Pool, labware: string): Promise<WellView[]> {
  const { rows } = await pool.query<WellRow>(
    `select v.well, s.id as "sampleId", s.kind, s.code, s.construct_id as "constructId",
       array(select verdict from sample_verdict where sample_id = s.id order by id) as verdicts,
       v.low_pl, v.high_pl, v.reserved_pl
     from well_volumes(array[$1::uuid]) v
     left join lateral (select * from sample x where x.labware_id = v.labware_id and x.well = v.well
       order by x.use_number desc limit 1) s on true
     order by length(v.well), v.well`,
    [labware],
  );
  return rows.map(({ low_pl, high_pl, reserved_pl, ...well }) => ({
    ...well,
    lowUl: plToUl(Number(low_pl)),
    highUl: plToUl(Number(high_pl)),
    reservedUl: plToUl(Number(reserved_pl)),
  }));
}
