import { createHash, randomBytes } from 'node:crypto';
import type { Pool, PoolClient } from 'pg';
import { DomainError } from '../../libs/errors/domain-error';
import { appendEvent } from '../device-work/events';
import { newId } from '../ids';
import { tokenSha256 } from '../seed';
import { inTransaction } from '../transaction';
import type { Writer } from './devices';

/** How long an enrolment code may be used, minutes. */
const codeMinutes = 15;
/** How long a replaced credential is good when its successor is never used, hours. */
const overlapHours = 24;

/** Crockford's base 32: no letter that is read as a digit. */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const codeLength = 16;

interface DeviceRow {
  readonly id: string;
  readonly code: string;
  readonly tenantId: string;
  readonly siteId: string;
  readonly actorId: string;
}

/** A code with which the program beside a device fetches its credential, once. */
export interface Enrolment {
  /** 80 random bits as people read them, `7KQ2-M9XD-4TPA-ZR0C`. It is shown this once. */
  readonly enrolmentCode: string;
  readonly expiresAt: Date;
}

/**
 * Issues the enrolment code of a device; one issued before ends. Only its hash is kept.
 * @throws DomainError `not-found`
 */
export function issueEnrolmentCode(pool: Pool, by: Writer, deviceCode: string): Promise<Enrolment> {
  const enrolmentCode = newEnrolmentCode();
  return inTransaction(pool, async (client) => {
    const device = await lockDevice(client, by.tenantId, deviceCode);
    await endCodes(client, device);
    const { rows } = await client.query<{ expires_at: Date }>(
      `insert into enrolment_code (id, tenant_id, device_id, sha256, issued_by, expires_at)
       values ($1, $2, $3, $4, $5, now() + $6 * interval '1 minute') returning expires_at`,
      [newId(), device.tenantId, device.id, enrolmentCodeSha256(enrolmentCode), by.actorId, codeMinutes],
    );
    const expiresAt = (rows[0] as { expires_at: Date }).expires_at;
    await record(client, device, by.actorId, 'enrolmentCodeIssued', { expiresAt });
    return { enrolmentCode, expiresAt };
  });
}

/**
 * Exchanges an enrolment code for the device's credential; credentials issued before end. One statement finds the code,
 * whatever is wrong with it.
 * @returns undefined when the code is wrong, expired, ended or used
 */
export function exchangeEnrolmentCode(
  pool: Pool,
  enrolmentCode: string,
): Promise<{ device: string; token: string } | undefined> {
  return inTransaction(pool, async (client) => {
    const { rows } = await client.query<DeviceRow & { issuedBy: string }>(
      `update enrolment_code c set used_at = now() from device v, actor a
       where c.sha256 = $1 and c.used_at is null and c.ended_at is null and c.expires_at > now()
         and v.id = c.device_id and a.id = c.issued_by
       returning v.id, v.code, v.tenant_id as "tenantId", v.site_id as "siteId", v.actor_id as "actorId", a.name as "issuedBy"`,
      [enrolmentCodeSha256(enrolmentCode)],
    );
    const found = rows[0];
    if (!found) return undefined;
    const device = await lockDevice(client, found.tenantId, found.code);
    const ended = await endCredentials(client, device.actorId);
    const token = await insertToken(client, device);
    await record(client, device, device.actorId, 'credentialIssued', { codeIssuedBy: found.issuedBy, ended });
    return { device: device.code, token };
  });
}

/**
 * Gives a device a new credential in place of the one it calls with. That one ends when the new one is first used, or after
 * 24 hours; a successor that was never used ends at once, so that an answer that was lost may be asked for again.
 * @throws DomainError `forbidden` for anyone but the device, `unauthenticated` when its credential ended meanwhile, `not-found`
 */
export function rotateCredential(
  pool: Pool,
  by: { readonly tenantId: string; readonly actorId: string; readonly tokenId: string },
  deviceCode: string,
): Promise<{ token: string }> {
  return inTransaction(pool, async (client) => {
    const device = await lockDevice(client, by.tenantId, deviceCode);
    if (device.actorId !== by.actorId)
      throw new DomainError('forbidden', `only device "${deviceCode}" renews its credential`);
    await client.query('update access_token set revoked_at = now() where replaces_id = $1 and revoked_at is null', [
      by.tokenId,
    ]);
    const { rowCount } = await client.query(
      `update access_token set ends_at = least(ends_at, now() + $2 * interval '1 hour')
       where id = $1 and revoked_at is null`,
      [by.tokenId, overlapHours],
    );
    if (!rowCount) throw new DomainError('unauthenticated', 'this credential has ended: the device is enrolled anew');
    const token = await insertToken(client, device, by.tokenId);
    await record(client, device, device.actorId, 'credentialRotated', {});
    return { token };
  });
}

/** Ends the credential that this one replaces: it is being used for the first time. */
export function beginCredential(pool: Pool, by: { readonly actorId: string; readonly tokenId: string }): Promise<void> {
  return inTransaction(pool, async (client) => {
    const { rows } = await client.query<DeviceRow>(`${selectDevice} where actor_id = $1 for no key update`, [
      by.actorId,
    ]);
    const { rows: begun } = await client.query<{ replaces_id: string }>(
      `update access_token set used_at = now()
       where id = $1 and used_at is null and revoked_at is null returning replaces_id`,
      [by.tokenId],
    );
    const device = rows[0];
    if (!device || !begun[0]) return;
    await client.query('update access_token set revoked_at = now() where id = $1 and revoked_at is null', [
      begun[0].replaces_id,
    ]);
    await record(client, device, device.actorId, 'credentialReplaced', {});
  });
}

/**
 * Ends every credential of a device, and its open enrolment code.
 * @returns how many credentials ended
 * @throws DomainError `not-found`
 */
export function revokeCredentials(pool: Pool, by: Writer, deviceCode: string): Promise<{ revoked: number }> {
  return inTransaction(pool, async (client) => {
    const device = await lockDevice(client, by.tenantId, deviceCode);
    await endCodes(client, device);
    const revoked = await endCredentials(client, device.actorId);
    await record(client, device, by.actorId, 'credentialsRevoked', { revoked });
    return { revoked };
  });
}

/**
 * Ends every access token of a person.
 * @returns how many tokens ended
 * @throws DomainError `not-found`
 */
export function revokePerson(pool: Pool, by: Writer, name: string): Promise<{ revoked: number }> {
  return inTransaction(pool, async (client) => {
    const { rows } = await client.query<{ id: string }>(
      `select id from actor where tenant_id = $1 and kind = 'person' and name = $2`,
      [by.tenantId, name],
    );
    if (!rows[0]) throw new DomainError('not-found', `there is no person "${name}"`);
    const actorId = rows[0].id;
    const revoked = await endCredentials(client, actorId);
    const { tenantId } = by;
    const fact = { stream: `actor/${actorId}`, kind: 'tokensRevoked', payload: { name, revoked } };
    await appendEvent(client, { tenantId, actorId: by.actorId, ...fact });
    await tell(client, actorId);
    return { revoked };
  });
}

/** What is stored of an enrolment code, however it was typed: case, dashes, spaces, O for 0 and I or L for 1 do not matter. */
export function enrolmentCodeSha256(enrolmentCode: string): Buffer {
  const typed = enrolmentCode.toUpperCase().replace(/[\s-]/g, '').replaceAll('O', '0').replace(/[IL]/g, '1');
  return createHash('sha256').update(typed).digest();
}

function newEnrolmentCode(): string {
  const letters = Array.from(randomBytes(codeLength), (byte) => alphabet[byte % alphabet.length]).join('');
  return (letters.match(/.{4}/g) as string[]).join('-');
}

const selectDevice = 'select id, code, tenant_id as "tenantId", site_id as "siteId", actor_id as "actorId" from device';

/** The credentials of one device change one after the other. */
async function lockDevice(client: PoolClient, tenantId: string, code: string): Promise<DeviceRow> {
  const { rows } = await client.query<DeviceRow>(
    `${selectDevice} where tenant_id = $1 and code = $2 for no key update`,
    [tenantId, code],
  );
  if (!rows[0]) throw new DomainError('not-found', `there is no device "${code}"`);
  return rows[0];
}

async function endCodes(client: PoolClient, device: DeviceRow): Promise<void> {
  await client.query(
    'update enrolment_code set ended_at = now() where device_id = $1 and used_at is null and ended_at is null',
    [device.id],
  );
}

async function endCredentials(client: PoolClient, actorId: string): Promise<number> {
  const { rowCount } = await client.query(
    'update access_token set revoked_at = now() where actor_id = $1 and revoked_at is null',
    [actorId],
  );
  return rowCount ?? 0;
}

async function insertToken(client: PoolClient, device: DeviceRow, replacesId?: string): Promise<string> {
  const token = randomBytes(32).toString('base64url');
  await client.query(
    'insert into access_token (id, tenant_id, actor_id, sha256, replaces_id) values ($1, $2, $3, $4, $5)',
    [newId(), device.tenantId, device.actorId, tokenSha256(token), replacesId ?? null],
  );
  return token;
}

async function record(
  client: PoolClient,
  device: DeviceRow,
  actorId: string,
  kind: string,
  payload: Readonly<Record<string, unknown>>,
): Promise<void> {
  const { tenantId, siteId } = device;
  await appendEvent(client, { tenantId, siteId, actorId, stream: `device/${device.id}`, kind, payload });
  await tell(client, device.actorId);
}

/** Tells every api process that what it remembers of an actor's tokens may have ended. */
async function tell(client: PoolClient, actorId: string): Promise<void> {
  await client.query(`select pg_notify('tokens_changed', $1)`, [actorId]);
}
