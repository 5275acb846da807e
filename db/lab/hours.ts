import type { Pool, PoolClient } from 'pg';
import { DomainError } from '../../libs/errors/domain-error';
import { appendEvent } from '../device-work/events';
import { inTransaction } from '../transaction';
import { siteIdOf } from './sites';

/** Open from `opens` to `closes` (`08:00`, `24:00`), in the site's time zone, on a day of every week: 1 = Monday … 7 = Sunday. */
export interface WeeklyHours {
  readonly weekday: number;
  readonly opens: string;
  readonly closes: string;
}

/** What holds on one date instead of the week's hours; closed all day without times. */
export interface DayHours {
  /** `2026-12-24`. */
  readonly day: string;
  readonly opens?: string | undefined;
  readonly closes?: string | undefined;
}

/** When a device may work, or the people of a site are there. Nothing at all: always. */
export interface Hours {
  readonly weekly: readonly WeeklyHours[];
  readonly exceptions: readonly DayHours[];
}

/** Whose hours: a device's, or a site's own. */
export type HoursOf =
  { readonly tenantId: string; readonly site: string } | { readonly tenantId: string; readonly device: string };

interface Owner {
  readonly siteId: string;
  readonly deviceId: string | null;
}

/** Hours of a device or site, with the time zone they are in. @throws DomainError `not-found` */
export async function readHours(pool: Pool, of: HoursOf): Promise<Hours & { readonly timeZone: string }> {
  const { siteId, deviceId } = await ownerOf(pool, of);
  const { rows } = await pool.query<{ time_zone: string; weekly: WeeklyHours[]; exceptions: DayHours[] }>(
    `select s.time_zone,
       coalesce((select json_agg(json_build_object('weekday', weekday, 'opens', left(opens::text, 5), 'closes', left(closes::text, 5))
         order by weekday, opens) from opening_hours h where h.site_id = s.id and h.device_id is not distinct from $2
         and weekday is not null), '[]') as weekly,
       coalesce((select json_agg(json_strip_nulls(json_build_object('day', day, 'opens', left(opens::text, 5),
         'closes', left(closes::text, 5))) order by day, opens) from opening_hours h where h.site_id = s.id
         and h.device_id is not distinct from $2 and day is not null), '[]') as exceptions
     from site s where s.id = $1`,
    [siteId, deviceId],
  );
  const { time_zone: timeZone, weekly, exceptions } = rows[0] as (typeof rows)[number];
  return { timeZone, weekly, exceptions };
}

/**
 * Replaces the hours of a device or site; for a site also its time zone. Jobs that were put off are looked at again.
 * @throws DomainError `not-found`; `out-of-range` when a time ends before it begins; `bad-date` for a zone or date nobody knows
 */
export async function setHours(
  pool: Pool,
  by: { readonly actorId: string },
  of: HoursOf,
  hours: Hours & { readonly timeZone?: string | undefined },
): Promise<void> {
  await inTransaction(pool, async (client) => {
    const owner = await ownerOf(client, of);
    await client.query('delete from opening_hours where site_id = $1 and device_id is not distinct from $2', [
      owner.siteId,
      owner.deviceId,
    ]);
    await client
      .query(
        `insert into opening_hours (tenant_id, site_id, device_id, weekday, day, opens, closes)
         select $1, $2, $3, weekday, day, opens, closes
         from jsonb_to_recordset($4) as h (weekday smallint, day date, opens time, closes time)`,
        [of.tenantId, owner.siteId, owner.deviceId, JSON.stringify([...hours.weekly, ...hours.exceptions])],
      )
      .catch(refuse);
    if (hours.timeZone) await setZone(client, owner.siteId, hours.timeZone);
    await appendEvent(client, {
      ...by,
      tenantId: of.tenantId,
      siteId: owner.siteId,
      stream: owner.deviceId ? `device/${owner.deviceId}` : `site/${owner.siteId}`,
      kind: 'openingHoursSet',
      payload: { ...hours },
    });
    await client.query('select forget_deferrals($1)', [owner.siteId]);
  });
}

async function setZone(client: PoolClient, siteId: string, zone: string): Promise<void> {
  const { rowCount } = await client.query(
    'update site set time_zone = $2 where id = $1 and exists (select 1 from pg_timezone_names where name = $2)',
    [siteId, zone],
  );
  if (!rowCount) throw new DomainError('bad-date', `there is no time zone "${zone}"; use a name like Europe/Berlin`);
}

async function ownerOf(client: Pool | PoolClient, of: HoursOf): Promise<Owner> {
  if ('site' in of) return { siteId: await siteIdOf(client, of.tenantId, of.site), deviceId: null };
  const { rows } = await client.query<Owner>(
    'select site_id as "siteId", id as "deviceId" from device where tenant_id = $1 and code = $2',
    [of.tenantId, of.device],
  );
  if (!rows[0]) throw new DomainError('not-found', `there is no device "${of.device}"`);
  return rows[0];
}

function refuse(error: unknown): never {
  const { code } = error as { code?: string };
  if (code === '23514')
    throw new DomainError('out-of-range', 'hours must begin before they end; give both times or none');
  if (code === '22007' || code === '22008') throw new DomainError('bad-date', 'a date or a time is none that exists');
  throw error;
}
