import type { Pool, PoolClient } from 'pg';
import { DomainError } from '../../libs/errors/domain-error';
import { appendEvent } from '../device-work/events';
import { lotId } from '../ids';
import { inTransaction } from '../transaction';
import type { Writer } from './devices';
import { siteIdOf } from './sites';

/** A delivery of a material, as it comes with its first container. Times are lab time, ISO. */
export interface ReceivedLot {
  readonly code: string;
  /** What it is, for people: `T4 ligase`. */
  readonly material: string;
  readonly receivedAt?: string;
  readonly expiresAt?: string;
  /** Days an opened container may be used. */
  readonly openedLifeDays?: number;
  /** How often a container may be thawed. */
  readonly maxThaws?: number;
}

/** What may be changed of a lot: a date that was mistyped, or a manufacturer's extension. */
export type LotChange = Pick<ReceivedLot, 'expiresAt' | 'openedLifeDays' | 'maxThaws'>;

/** A container of a lot. */
export interface LotContainer {
  readonly barcode: string;
  readonly placeCode: string;
  readonly openedAt: string | null;
  readonly thawCount: number;
  /** Why it must not be used; null when it is in date. */
  readonly problem: string | null;
}

/** A lot with its containers. */
export interface LotView {
  readonly code: string;
  readonly material: string;
  readonly receivedAt: string;
  readonly expiresAt: string | null;
  readonly openedLifeDays: number | null;
  readonly maxThaws: number | null;
  readonly containers: readonly LotContainer[];
  /** How many dispatches were bound to it. */
  readonly dispatches: number;
}

/**
 * Makes a lot known; the same code again must be the same material.
 * @returns its id
 * @throws DomainError `version-conflict` when the code is another material's
 */
export async function receiveLot(
  client: PoolClient,
  by: Writer & { readonly siteId: string },
  lot: ReceivedLot,
): Promise<string> {
  const id = lotId(by.tenantId, lot.code);
  const { rows } = await client.query<{ material: string; fresh: boolean }>(
    `insert into lot as known (id, tenant_id, code, material, received_at, expires_at, opened_life_days, max_thaws)
     values ($1, $2, $3, $4, coalesce($5::timestamptz, lab_now($9)), $6, $7, $8)
     on conflict (tenant_id, code) do update set material = known.material
     returning material, xmax = 0 as fresh`,
    [
      id,
      by.tenantId,
      lot.code,
      lot.material,
      lot.receivedAt ?? null,
      lot.expiresAt ?? null,
      lot.openedLifeDays ?? null,
      lot.maxThaws ?? null,
      by.siteId,
    ],
  );
  const [known] = rows as [{ material: string; fresh: boolean }];
  if (known.material !== lot.material) {
    throw new DomainError('version-conflict', `lot ${lot.code} is known as ${known.material}, not as ${lot.material}`);
  }
  if (known.fresh) await appendEvent(client, { ...by, stream: `lot/${id}`, kind: 'lotReceived', payload: { ...lot } });
  return id;
}

/** Changes how long a lot may be used; recorded with the person's reason. @throws DomainError `not-found` */
export async function changeLot(
  pool: Pool,
  by: Writer,
  wish: { readonly code: string; readonly change: LotChange; readonly reason: string },
): Promise<void> {
  await inTransaction(pool, async (client) => {
    const siteId = await siteIdOf(client, by.tenantId, by.site);
    const { code, change, reason } = wish;
    const { rows } = await client.query<{ id: string }>(
      `update lot set expires_at = coalesce($3, expires_at), opened_life_days = coalesce($4, opened_life_days),
         max_thaws = coalesce($5, max_thaws) where tenant_id = $1 and code = $2 returning id`,
      [by.tenantId, code, change.expiresAt ?? null, change.openedLifeDays ?? null, change.maxThaws ?? null],
    );
    if (!rows[0]) throw new DomainError('not-found', `there is no lot "${code}"`);
    const stream = `lot/${rows[0].id}`;
    await appendEvent(client, { ...by, siteId, stream, kind: 'lotChanged', payload: { ...change, reason } });
    await client.query(`select pg_notify('lab_changed', $1)`, [siteId]);
  });
}

/** Lots by code, with their containers and whether those are in date. */
export async function viewLots(pool: Pool, tenantId: string): Promise<LotView[]> {
  const { rows } = await pool.query<LotView>(
    `select l.code, l.material, iso_time(l.received_at) as "receivedAt", iso_time(l.expires_at) as "expiresAt",
       l.opened_life_days as "openedLifeDays", l.max_thaws as "maxThaws",
       (select count(distinct dispatch_id)::int from dispatch_lot b where b.lot_id = l.id) as dispatches,
       coalesce((select json_agg(json_build_object('barcode', w.barcode, 'placeCode', p.code, 'openedAt', iso_time(w.opened_at),
           'thawCount', w.thaw_count, 'problem', lot_problem(w, lab_now(w.site_id), w.thaw_count)) order by w.barcode)
         from labware w join place p on p.id = w.place_id where w.lot_id = l.id and not w.discarded), '[]') as containers
     from lot l where l.tenant_id = $1 order by l.code`,
    [tenantId],
  );
  return rows;
}
