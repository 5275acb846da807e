import { Client, Pool } from 'pg';
import { migrate, readFunctions, readMigrations } from '../../db/migrate';
import { ensureInstallation } from '../../db/seed';
import type { Installation } from '../../db/seed';
import { freshName, startPostgres } from './postgres';
import type { PostgresServer } from './postgres';

/** A database of one spec file, migrated, with a tenant, a site and the system actor. */
export interface TestDatabase extends Installation {
  readonly url: string;
  readonly pool: Pool;
  readonly server: PostgresServer;
  /** Closes the pool, and ends the server unless it was given. */
  close(): Promise<void>;
}

/** Starting a server takes seconds on a busy machine: hooks and tests of files that use one get a minute. */
const patienceMs = 60_000;
declare const jest: { setTimeout(ms: number): void } | undefined;
if (typeof jest !== 'undefined') jest.setTimeout(patienceMs);

/** A real PostgreSQL with a migrated template. Call in `beforeAll`, `stop()` in `afterAll`. */
export async function testServer(): Promise<PostgresServer> {
  const migrations = readMigrations();
  const functions = readFunctions();
  return startPostgres([...migrations, functions].map(({ sha256 }) => sha256).join(), async (url) => {
    await migrate(url, migrations, functions);
  });
}

/**
 * A migrated database, cloned from the template: on a server of its own, or on a given one. Call in `beforeAll` or
 * `beforeEach`, `close()` in the matching `after…`.
 * @param clockMode the site's clock; a virtual one stands still until it is advanced
 */
export async function testDatabase(
  clockMode: 'wall' | 'virtual' = 'virtual',
  shared?: PostgresServer,
): Promise<TestDatabase> {
  const server = shared ?? (await testServer());
  const name = freshName();
  const admin = new Client({ connectionString: server.url('postgres') });
  await admin.connect();
  await admin.query(`create database ${name} template template_anneal strategy file_copy`);
  await admin.end();
  const url = server.url(name);
  const pool = new Pool({ connectionString: url, max: 20 });
  pool.on('error', () => undefined);
  const installation = await ensureInstallation(pool, { clockMode });
  const close = async (): Promise<void> => {
    await pool.end();
    if (!shared) await server.stop();
  };
  return { ...installation, url, pool, server, close };
}
