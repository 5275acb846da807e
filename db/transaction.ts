import type { Pool, PoolClient } from 'pg';

/** What PostgreSQL answers when repeating the whole transaction is the cure: serialization failure, deadlock. */
const repeatable = new Set(['40001', '40P01']);
const mostTries = 5;

/**
 * Runs work in one transaction: commits its result, or rolls everything back and lets the error through.
 * Work that lost a deadlock or raced for the next number of an event stream is run again, up to five times.
 */
export async function inTransaction<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await once(pool, work);
    } catch (error) {
      if (tries >= mostTries || !lostRace(error)) throw error;
    }
  }
}

/** Runs one statement that is a transaction of its own, and again when it lost a race as above. */
export async function retryingLostRaces<T>(statement: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await statement();
    } catch (error) {
      if (tries >= mostTries || !lostRace(error)) throw error;
    }
  }
}

async function once<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  // A connection that breaks between two statements says so by an event; the next statement fails with the same.
  client.on('error', heard);
  const release = (broken?: Error): void => {
    client.off('error', heard);
    client.release(broken);
  };
  try {
    await client.query('begin');
    const result = await work(client);
    await client.query('commit');
    release();
    return result;
  } catch (error) {
    await client.query('rollback').then(() => release(), release);
    throw error;
  }
}

const heard = (): void => undefined;

function lostRace(error: unknown): boolean {
  const { code, constraint } = error as { code?: string; constraint?: string };
  return (code !== undefined && repeatable.has(code)) || (code === '23505' && constraint === 'event_pkey');
}
