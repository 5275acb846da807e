import type { Pool, PoolClient } from 'pg';
import { eventId } from '../ids';

/** A message for Temporal, written in the transaction of the fact it tells. */
export interface NewMessage {
  readonly tenantId: string;
  readonly siteId: string;
  readonly campaignId: string;
  /** Address: the campaign itself when absent, else one of its stages. */
  readonly round?: number;
  readonly stage?: string;
  readonly kind: 'start' | 'signal' | 'update' | 'cancel';
  readonly name: string;
  /** Gets the message's own id as `eventId`. */
  readonly payload: Readonly<Record<string, unknown>>;
}

/** A message on its way. */
export interface Message {
  readonly id: string;
  readonly tenantId: string;
  readonly siteId: string;
  readonly campaignId: string;
  readonly round: number | null;
  readonly stage: string | null;
  readonly kind: NewMessage['kind'];
  readonly name: string;
  readonly version: number;
  readonly payload: Readonly<Record<string, unknown>>;
  /** How often it was taken, this time included. */
  readonly attempts: number;
}

/** Writes a message and wakes the relays when the transaction commits. @returns its id */
export async function appendOutbox(client: Pool | PoolClient, message: NewMessage): Promise<string> {
  const id = eventId();
  await client.query({
    name: 'append-outbox',
    text: `with written as (
        insert into outbox (id, tenant_id, site_id, campaign_id, round, stage, kind, name, payload)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9))
      select pg_notify('outbox', '')`,
    values: [
      id,
      message.tenantId,
      message.siteId,
      message.campaignId,
      message.round ?? null,
      message.stage ?? null,
      message.kind,
      message.name,
      JSON.stringify({ ...message.payload, eventId: id }),
    ],
  });
  return id;
}

/**
 * Takes unsent messages, oldest first, for this relay alone during `claimMs`; one that dies meanwhile leaves them to another.
 * No transaction stays open while they are sent.
 */
export async function claimUnsent(
  pool: Pool,
  wish: { readonly limit: number; readonly claimMs: number },
): Promise<Message[]> {
  const { rows } = await pool.query<Message>({
    name: 'claim-unsent',
    text: `with taken as (
        select id from outbox where sent_at is null and (claimed_until is null or claimed_until < now())
        order by created_at, id limit $1 for update skip locked)
      update outbox o set claimed_until = now() + $2::int * interval '1 millisecond', attempts = attempts + 1
      from taken where o.id = taken.id
      returning o.id, o.tenant_id as "tenantId", o.site_id as "siteId", o.campaign_id as "campaignId", o.round, o.stage,
        o.kind, o.name, o.version, o.payload, o.attempts`,
    values: [wish.limit, wish.claimMs],
  });
  return rows.sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Temporal has them. With `handled`, nobody will confirm them: their workflow is gone or needs no confirmation. */
export async function markSent(
  pool: Pool | PoolClient,
  ids: readonly string[],
  options: { readonly handled?: boolean } = {},
): Promise<void> {
  if (ids.length === 0) return;
  await pool.query({
    name: 'mark-sent',
    text: `update outbox set sent_at = now(), claimed_until = null, last_error = null,
      handled_at = case when $2 then coalesce(handled_at, now()) else handled_at end where id = any($1::uuid[])`,
    values: [ids, options.handled ?? false],
  });
}

/** They could not be sent: another try after `retryInMs`. */
export async function markUnsent(
  pool: Pool,
  ids: readonly string[],
  failure: { readonly error: string; readonly retryInMs: number },
): Promise<void> {
  await pool.query(
    `update outbox set claimed_until = now() + $3::int * interval '1 millisecond', last_error = $2 where id = any($1::uuid[]) and sent_at is null`,
    [ids, failure.error.slice(0, 1_000), failure.retryInMs],
  );
}

/** A workflow has acted on them and waits again. Idempotent. */
export async function markHandled(pool: Pool | PoolClient, ids: readonly string[]): Promise<void> {
  if (ids.length > 0) await pool.query('select mark_handled($1::uuid[])', [ids]);
}

/** Sends messages again whose acknowledgement a power cut may have undone: sent in the last `withinMs`, not handled. */
export async function unsendRecent(pool: Pool, withinMs: number): Promise<number> {
  const { rowCount } = await pool.query(
    `update outbox set sent_at = null where sent_at > now() - $1::int * interval '1 millisecond' and handled_at is null`,
    [withinMs],
  );
  return rowCount ?? 0;
}
