import type { ClientBase } from 'pg';

/**
 * For the `onConnect` of a pool: keeps a connection that breaks from ending the process. PostgreSQL that dies may say so twice,
 * the second time when neither a query nor the pool listens any more. Whoever was using the connection hears of it by its query;
 * the pool replaces it.
 */
export function bearBreaking(client: ClientBase): void {
  client.on('error', () => undefined);
}
