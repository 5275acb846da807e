import type { PoolClient } from 'pg';
import { DomainError } from '../../libs/errors/domain-error';
import { plToUl, ulToPl } from '../../libs/units/volume';
import { appendEvent } from '../device-work/events';
import type { Writer } from './devices';

/** Liquid a person added to a well from outside. */
export interface Refill {
  readonly barcode: string;
  readonly well: string;
  readonly volumeUl: number;
  readonly reason: string;
}

/**
 * Posts what a person poured into a well of stock, as received. More of what is in it already: another material, or another lot
 * that must be told apart, is a labware of its own.
 * @throws DomainError `not-found`; `overfill` when the well cannot hold so much; `sealed`; `version-conflict` while a device works with it
 */
export async function refillWell(
  client: PoolClient,
  by: Writer,
  refill: Refill,
): Promise<{ labwareId: string; barcode: string }> {
  const { rows } = await client.query<{
    id: string;
    site_id: string;
    in_use_by: string | null;
    seal: string;
    room: string | null;
  }>(
    `select w.id, w.site_id, w.in_use_by, w.seal, k.max_pl - greatest(coalesce((select high_pl from well_balance b
         where b.labware_id = w.id and b.well = $3), 0), 0) as room
       from labware w left join labware_kind k on k.id = w.kind
       where w.tenant_id = $1 and w.barcode = $2 and not w.discarded for no key update of w`,
    [by.tenantId, refill.barcode, refill.well],
  );
  const labware = rows[0];
  if (!labware) throw new DomainError('not-found', `there is no labware "${refill.barcode}"`);
  if (labware.in_use_by)
    throw new DomainError('version-conflict', `a device works with ${refill.barcode} at this moment; wait for it`);
  if (labware.seal !== 'none')
      throw new DomainError('sealed', `${refill.barcode} is recorded as sealed with ${labware.seal}; say by a placement that it is open`); // prettier-ignore
  const volumePl = ulToPl(refill.volumeUl);
  if (labware.room !== null && volumePl > Number(labware.room))
      throw new DomainError('overfill', `${refill.barcode} ${refill.well} takes up ${plToUl(Number(labware.room))} µL more, not ${refill.volumeUl} µL`); // prettier-ignore
  await client.query(
    `insert into ledger (tenant_id, to_labware_id, to_well, low_pl, high_pl, basis) values ($1, $2, $3, $4, $4, 'received')`,
    [by.tenantId, labware.id, refill.well, volumePl],
  );
  await appendEvent(client, {
    ...by,
    siteId: labware.site_id,
    stream: `labware/${labware.id}`,
    kind: 'wellRefilled',
    payload: { ...refill },
  });
  await client.query(`select pg_notify('lab_changed', $1)`, [labware.site_id]);
  return { labwareId: labware.id, barcode: refill.barcode };
}
