import type { Pool, PoolClient } from 'pg';
import { DomainError } from '../../libs/errors/domain-error';
import type { Caller } from '../device-work/claim';
import { appendEvent } from '../device-work/events';
import { orRefuse } from '../device-work/refusal';
import type { Answer } from '../device-work/refusal';
import { newId } from '../ids';
import { ensureActor, issueToken } from '../seed';
import { inTransaction, retryingLostRaces } from '../transaction';
import { siteIdOf } from './sites';

/** Whether a device gets work. `draining`: it finishes what it has. */
export type DeviceState = 'in-service' | 'draining' | 'quarantined' | 'out-of-service';

/** A device as the lab announces it. */
export interface DeviceEnrolment {
  readonly code: string;
  readonly name: string;
  /** What it is: `plate-reader`, `liquid-handler`; `person` for someone at the bench. */
  readonly kind: string;
  readonly capabilities: readonly string[];
  /** Where labware must stand for it to work with it. */
  readonly placeCode?: string;
  readonly simulated: boolean;
}

/** A device as people see it. */
export interface DeviceView extends Omit<DeviceEnrolment, 'placeCode'> {
  readonly placeCode: string | null;
  readonly state: DeviceState;
  readonly stateReason: string | null;
  /** What ends its quarantine, and what a person must name as cleared for it. */
  readonly hold: 'until-cleared' | 'after-self-test' | null;
  readonly toClear: readonly string[] | null;
  /** `busy-foreign`: someone works with it beside Anneal, as it says itself. */
  readonly condition: 'ready' | 'busy-foreign';
  /** Why it gets no work at this moment; null when it may get some. */
  readonly noWorkBecause: string | null;
  readonly lastSeenAt: Date | null;
  /** Step key of what it has leased or started. */
  readonly workingOn: string | null;
}

/** What a person decides about a device. */
export interface DeviceDecision {
  readonly code: string;
  readonly state: DeviceState;
  readonly reason: string;
  /** What the person has cleared: `deck`, `tips`, `door`; `self-test` when it was run. */
  readonly cleared?: readonly string[];
}

/** Who writes, and where. */
export interface Writer {
  readonly tenantId: string;
  readonly site: string;
  readonly actorId: string;
}

/**
 * Makes a device known, or changes what is known of it. A credential is another matter (credentials.ts).
 * @throws DomainError `unknown-reference` when its place does not exist
 */
export function describeDevice(pool: Pool, by: Writer, device: DeviceEnrolment): Promise<string> {
  return inTransaction(pool, async (client) => {
    const siteId = await siteIdOf(client, by.tenantId, by.site);
    const actor = await ensureActor(client, { tenantId: by.tenantId, kind: 'device', name: device.code });
    const placeId = device.placeCode ? await placeIdOf(client, siteId, device.placeCode) : null;
    const { rows } = await client.query<{ id: string }>(
      `insert into device (id, tenant_id, site_id, code, name, kind, capabilities, place_id, actor_id, simulated)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
       on conflict (tenant_id, code) do update set name = excluded.name, kind = excluded.kind,
         capabilities = excluded.capabilities, place_id = excluded.place_id, simulated = excluded.simulated returning id`,
      [
        newId(),
        by.tenantId,
        siteId,
        device.code,
        device.name,
        device.kind,
        device.capabilities,
        placeId,
        actor,
        device.simulated,
      ],
    );
    const id = (rows[0] as { id: string }).id;
    await appendEvent(client, {
      ...by,
      siteId,
      stream: `device/${id}`,
      kind: 'deviceEnrolled',
      payload: { ...device },
    });
    await client.query(`select pg_notify('lab_changed', $1)`, [siteId]);
    return id;
  });
}

/**
 * Makes a device known and issues a token for it beside those it has: for whoever holds the database itself.
 * @throws DomainError as `describeDevice` does
 */
export async function enrolDevice(
  pool: Pool,
  by: Writer,
  device: DeviceEnrolment,
): Promise<{ deviceId: string; actorId: string; token: string }> {
  const deviceId = await describeDevice(pool, by, device);
  const { token, actorId } = await issueToken(pool, { tenantId: by.tenantId, kind: 'device', name: device.code });
  return { deviceId, actorId, token };
}

/**
 * Takes a device out of service, or back: a named person's decision, with a reason. One that silence took out goes back when
 * what it is held for is named as cleared; until then the hold stays, whatever its state.
 * @throws DomainError `not-found`, `not-cleared` with details.missing
 */
export async function setDeviceState(pool: Pool, by: Writer, wish: DeviceDecision): Promise<void> {
  if (wish.state === 'in-service') return releaseDevice(pool, by, wish);
  await inTransaction(pool, async (client) => {
    const { rows } = await client.query<{ id: string; site_id: string }>(
      `update device set state = $3, state_reason = $4, quarantined_by = null where tenant_id = $1 and code = $2 returning id, site_id`,
      [by.tenantId, wish.code, wish.state, wish.reason],
    );
    const device = rows[0];
    if (!device) throw new DomainError('not-found', `there is no device "${wish.code}"`);
    await appendEvent(client, {
      ...by,
      siteId: device.site_id,
      stream: `device/${device.id}`,
      kind: 'deviceStateChanged',
      payload: { state: wish.state, reason: wish.reason },
    });
    await client.query(`select pg_notify('job_ready', 'd:' || $1), pg_notify('lab_changed', $2)`, [
      device.id,
      device.site_id,
    ]);
  });
}

async function releaseDevice(pool: Pool, by: Writer, { code, reason, cleared = [] }: DeviceDecision): Promise<void> {
  const { rows } = await retryingLostRaces(() =>
    pool.query<{ answer: Answer }>(
      'select release_device(id, $3, $4, $5) as answer from device where tenant_id = $1 and code = $2',
      [by.tenantId, code, by.actorId, reason, cleared],
    ),
  );
  if (!rows[0]) throw new DomainError('not-found', `there is no device "${code}"`);
  orRefuse(rows[0].answer);
}

/**
 * A device says whether someone works with it beside Anneal: then it gets no work, and none is routed to it. Saying the same
 * again changes nothing and is not recorded.
 * @throws DomainError `not-found`, `forbidden`
 */
export async function setDeviceCondition(
  pool: Pool,
  by: Caller,
  wish: { readonly code: string; readonly condition: 'ready' | 'busy-foreign'; readonly message?: string },
): Promise<void> {
  await inTransaction(pool, async (client) => {
    const { rows } = await client.query<{ id: string; site_id: string; actor_id: string; same: boolean }>(
      `select id, site_id, actor_id, condition = $3 and condition_message is not distinct from $4 as same
       from device where tenant_id = $1 and code = $2 for no key update`,
      [by.tenantId, wish.code, wish.condition, wish.message ?? null],
    );
    const device = rows[0];
    if (!device) throw new DomainError('not-found', `there is no device "${wish.code}"`);
    if (device.actor_id !== by.actorId && !by.anyDevice)
      throw new DomainError('forbidden', 'only the device itself, or an operator, says what it is busy with');
    if (device.same) return;
    await client.query('update device set condition = $2, condition_message = $3, last_seen_at = now() where id = $1', [
      device.id,
      wish.condition,
      wish.message ?? null,
    ]);
    await appendEvent(client, {
      tenantId: by.tenantId,
      actorId: by.actorId,
      siteId: device.site_id,
      stream: `device/${device.id}`,
      kind: 'deviceConditionChanged',
      payload: { condition: wish.condition, ...(wish.message ? { message: wish.message } : {}) },
    });
    await client.query(`select pg_notify('job_ready', 'd:' || $1), pg_notify('lab_changed', $2)`, [
      device.id,
      device.site_id,
    ]);
  });
}

/**
 * Writes down that devices are there: those whose polls are parked here, all at once, so that a parked poll writes nothing.
 */
export async function seenDevices(pool: Pool, deviceIds: readonly string[]): Promise<void> {
  if (deviceIds.length === 0) return;
  await pool.query({
    name: 'seen-devices',
    text: `update device set last_seen_at = now()
      where id in (select id from device where id = any ($1::uuid[]) order by id for no key update skip locked)`,
    values: [deviceIds],
  });
}

/** Devices of a tenant by code, or the one of a code. */
export async function viewDevices(pool: Pool, tenantId: string, code?: string): Promise<DeviceView[]> {
  const { rows } = await pool.query<DeviceView>(
    `select v.code, v.name, v.kind, v.capabilities, p.code as "placeCode", v.simulated, v.state,
       v.state_reason as "stateReason", v.hold, nullif(v.hold_checklist, '{}') as "toClear", v.last_seen_at as "lastSeenAt",
       v.condition, device_refusal(v, lab_now(v.site_id)) as "noWorkBecause",
       (select j.step_key from dispatch d join job j on j.id = d.job_id
        where d.device_id = v.id and d.state in ('leased', 'started')) as "workingOn"
     from device v left join place p on p.id = v.place_id
     where v.tenant_id = $1 and ($2::text is null or v.code = $2) order by v.code`,
    [tenantId, code ?? null],
  );
  return rows;
}

/** Id of a place of a site. @throws DomainError `unknown-reference` */
export async function placeIdOf(client: Pool | PoolClient, siteId: string, code: string): Promise<string> {
  const { rows } = await client.query<{ id: string }>('select id from place where site_id = $1 and code = $2', [
    siteId,
    code,
  ]);
  if (!rows[0])
    throw new DomainError(
      'unknown-reference',
      `there is no place "${code}" at this site; PUT /v1/places/${code} first`,
    );
  return rows[0].id;
}
