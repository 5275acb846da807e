import { setTimeout as pause } from 'node:timers/promises';
import type { Pool } from 'pg';

/** Asks PostgreSQL, again and again while it is away. @throws what it refuses, or after two minutes */
export async function insist<T>(pool: Pool, ask: (pool: Pool) => Promise<T>): Promise<T> {
  const until = performance.now() + 120_000;
  for (;;) {
    try {
      return await ask(pool);
    } catch (error) {
      if (!isAway(error) || performance.now() > until) throw error;
      await pause(30);
    }
  }
}

/** Whether PostgreSQL was not there to answer, as opposed to answering no. */
function isAway(error: unknown): boolean {
  const { code, message } = error as { code?: string; message?: string };
  if (code !== undefined && /^(57P0|08|53300)/.test(code)) return true;
  if (['ECONNREFUSED', 'ECONNRESET', 'EPIPE'].includes(code ?? '')) return true;
  return /Connection terminated|timeout exceeded|not queryable|ended unexpectedly/.test(message ?? '');
}
