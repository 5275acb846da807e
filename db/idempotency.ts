import { createHash } from 'node:crypto';
import type { Pool, PoolClient } from 'pg';
import { DomainError } from '../libs/errors/domain-error';
import { inTransaction } from './transaction';

/** A request that creates something, as its key names it. */
export interface KeyedRequest {
  readonly tenantId: string;
  readonly key: string;
  /** Method and route, so that a key used elsewhere is another request. */
  readonly route: string;
  readonly body: unknown;
}

/**
 * Does the work once for each key: its answer is stored in the same transaction and given again for ever.
 * @throws DomainError `idempotency-conflict` when the key came with another body
 */
export async function idempotently<T>(
  pool: Pool,
  request: KeyedRequest,
  work: (client: PoolClient) => Promise<T>,
): Promise<T> {
  const digest = createHash('sha256')
    .update(`${request.route}\n${canonicalJson(request.body)}`)
    .digest();
  return inTransaction(pool, async (client) => {
    await client.query(`select pg_advisory_xact_lock(hashtextextended($1, 7))`, [`${request.tenantId}/${request.key}`]);
    const { rows } = await client.query<{ body_sha256: Buffer; response: T }>(
      'select body_sha256, response from idempotency_key where tenant_id = $1 and key = $2',
      [request.tenantId, request.key],
    );
    const earlier = rows[0];
    if (earlier && !earlier.body_sha256.equals(digest)) {
      throw new DomainError(
        'idempotency-conflict',
        `the idempotency key "${request.key}" was used for another request; use a new key for a new request`,
      );
    }
    if (earlier) return earlier.response;
    const response = await work(client);
    await client.query('insert into idempotency_key (tenant_id, key, body_sha256, response) values ($1, $2, $3, $4)', [
      request.tenantId,
      request.key,
      digest,
      JSON.stringify(response),
    ]);
    return response;
  });
}

/** JSON with sorted keys: the same content gives the same text. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
