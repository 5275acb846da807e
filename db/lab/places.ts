import type { Pool } from 'pg';
import { appendEvent } from '../device-work/events';
import { placeId } from '../ids';
import { inTransaction } from '../transaction';
import type { Writer } from './devices';
import { siteIdOf } from './sites';

/** Kinds of places labware can stand at. */
export const placeKinds = ['deck', 'incubator', 'storage', 'freezer', 'consumables', 'bench', 'waste'] as const;

/** A place of a site, with how many labware fit. */
export interface PlaceDescription {
  readonly code: string;
  readonly kind: (typeof placeKinds)[number];
  readonly capacity: number;
  readonly temperatureC?: number;
}

/** A place with how full it is. */
export interface PlaceView extends PlaceDescription {
  readonly occupied: number;
}

/** Makes a place known, or changes it. */
export async function putPlace(pool: Pool, by: Writer, place: PlaceDescription): Promise<void> {
  await inTransaction(pool, async (client) => {
    const siteId = await siteIdOf(client, by.tenantId, by.site);
    const id = placeId(siteId, place.code);
    await client.query(
      `insert into place (id, tenant_id, site_id, code, kind, capacity, temperature_c) values ($1, $2, $3, $4, $5, $6, $7)
       on conflict (site_id, code) do update set kind = excluded.kind, capacity = excluded.capacity,
         temperature_c = excluded.temperature_c`,
      [id, by.tenantId, siteId, place.code, place.kind, place.capacity, place.temperatureC ?? null],
    );
    await appendEvent(client, { ...by, siteId, stream: `place/${id}`, kind: 'placeDescribed', payload: { ...place } });
    await client.query(`select pg_notify('lab_changed', $1)`, [siteId]);
  });
}

/** Places of a tenant's sites, by code. */
export async function viewPlaces(pool: Pool, tenantId: string): Promise<PlaceView[]> {
  const { rows } = await pool.query<PlaceView>(
    `select p.code, p.kind, p.capacity, p.temperature_c as "temperatureC",
       (select count(*)::int from labware w where w.place_id = p.id and not w.discarded) as occupied
     from place p where p.tenant_id = $1 order by p.code`,
    [tenantId],
  );
  return rows;
}
