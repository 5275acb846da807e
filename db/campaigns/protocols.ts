import type { Pool } from 'pg';
import { inTransaction } from '../transaction';
import { storeProtocol, type ProtocolSource } from './submit';
import type { Protocol } from '../../libs/protocol/protocol';

/** A protocol version of a tenant. */
export interface StoredProtocol {
  readonly id: string;
  readonly version: string;
  readonly stage: Protocol['stage'];
  readonly document: Protocol;
  readonly createdAt: Date;
}

/** Every protocol version a tenant has, by id and version. */
export async function storedProtocols(pool: Pool, tenantId: string): Promise<StoredProtocol[]> {
  const { rows } = await pool.query<StoredProtocol>(
    'select id, version, stage, document, created_at as "createdAt" from protocol where tenant_id = $1 order by id, version',
    [tenantId],
  );
  return rows;
}

/** Stores a protocol version. @throws DomainError `version-conflict` when it exists with other content */
export async function addProtocol(
  pool: Pool,
  by: { readonly tenantId: string; readonly actorId: string },
  protocol: ProtocolSource,
): Promise<void> {
  await inTransaction(pool, (client) => storeProtocol(client, by.tenantId, by.actorId, protocol));
}
