import type { Pool } from 'pg';
import type { Seal } from '../../libs/device/job';
import { DomainError } from '../../libs/errors/domain-error';
import { appendEvent } from '../device-work/events';
import { inTransaction } from '../transaction';
import type { Writer } from './devices';
import { placeIdOf } from './devices';

/** Where a person saw a labware, and how it is closed. */
export interface Placement {
  readonly barcode: string;
  readonly placeCode: string;
  /** Position on a deck; the lowest free one when absent. */
  readonly position?: number;
  readonly seal?: Seal;
  readonly lid?: boolean;
  readonly reason: string;
}

interface Found {
  readonly id: string;
  readonly site_id: string;
  readonly place_id: string;
  readonly from: string;
  readonly in_use_by: string | null;
  readonly position: number | null;
}

/**
 * Takes a person's word for where a labware stands: confirms it there, and corrects what was believed. Recorded as an event.
 * @throws DomainError `not-found`; `unknown-reference` for a place there is not; `version-conflict` while a device works
 *   with it, or when another labware has that position; `out-of-range` for a position the deck has not
 */
export async function placeLabware(pool: Pool, by: Writer, seen: Placement): Promise<void> {
  await inTransaction(pool, async (client) => {
    const { rows } = await client.query<Found>(
      `select w.id, w.site_id, w.place_id, p.code as "from", w.in_use_by, w.position from labware w join place p on p.id = w.place_id
       where w.tenant_id = $1 and w.barcode = $2 and not w.discarded for no key update of w`,
      [by.tenantId, seen.barcode],
    );
    const labware = rows[0];
    if (!labware) throw new DomainError('not-found', `there is no labware "${seen.barcode}"`);
    if (labware.in_use_by)
      throw new DomainError('version-conflict', `a device works with ${seen.barcode} at this moment; wait for it`);
    const place = await placeIdOf(client, labware.site_id, seen.placeCode);
    const stays = place === labware.place_id && seen.position === undefined;
    const { rows: free } = await client.query<{
      position: number | null;
      capacity: number;
      kind: string;
      taken: string | null;
    }>(
      `select free_position(p.id) as position, p.capacity, p.kind,
         (select barcode from labware o where o.place_id = p.id and o.position = $2 and not o.discarded and o.id <> $3) as taken
       from place p where p.id = $1`,
      [place, seen.position ?? null, labware.id],
    );
    const deck = free[0] as { position: number | null; capacity: number; kind: string; taken: string | null };
    checkPosition(seen, deck);
    await client.query(
      `update labware set place_id = $2, position = $3, seal = coalesce($4, seal), lid = coalesce($5, lid), unconfirmed = null,
         discarded = $7, confirmed_at = lab_now(site_id), confirmed_by = $6, confirmed_how = 'person' where id = $1`,
      [
        labware.id,
        place,
        stays ? labware.position : (seen.position ?? deck.position),
        seen.seal ?? null,
        seen.lid ?? null,
        by.actorId,
        deck.kind === 'waste',
      ],
    );
    await appendEvent(client, {
      ...by,
      siteId: labware.site_id,
      stream: `labware/${labware.id}`,
      kind: 'labwarePlaced',
      payload: { ...seen, from: labware.from },
    });
    await client.query(
      `select pg_notify('lab_changed', $1), (select pg_notify('job_ready', 'd:' || d.id) from device d where d.place_id = $2 limit 1)`,
      [labware.site_id, place],
    );
  });
}

function checkPosition(
  { barcode, position, placeCode }: Placement,
  deck: { readonly capacity: number; readonly kind: string; readonly taken: string | null },
): void {
  if (position === undefined) return;
  if (deck.kind !== 'deck' || position > deck.capacity) {
    throw new DomainError('out-of-range', `expected a position from 1 to ${deck.capacity} of a deck for ${barcode}, found ${position} of ${placeCode}`); // prettier-ignore
  }
  if (deck.taken)
    throw new DomainError('version-conflict', `${deck.taken} stands at position ${position} of ${placeCode}`);
}
