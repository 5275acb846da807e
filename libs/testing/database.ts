import { Client, Pool } from 'pg';
import { migrate, readMigrations } from '../../db/migrate';
import { ensureInstallation } from '../../db/seed';
import type { Installation } from '../../db/seed';
import { freshName, startPostgres } from './postgres';
import type { PostgresServer } from './postgres';

/** A database of one spec file, migrated, with a tenant, a site and the system actor. */
export interface TestDatabase extends Installation {
  readonly url: string;
  readonly pool: Pool;
  readonly server: PostgresServer;
  /** Closes the pool and ends the server. */
  close(): Promise<void>;
}

/**
 * A real PostgreSQL with one migrated database, cloned from a template. Call in `beforeAll`, `close()` in `afterAll`.
 * @param clockMode the site's clock; a virtual one stands still until it is advanced
 */
export async function testDatabase(clockMode: 'wall' | 'virtual' = 'virtual'): Promise<TestDatabase> {
  const migrations = readMigrations();
  const server = await startPostgres(migrations.map(({ sha256 }) => sha256).join(), async (url) => {
    await migrate(url, migrations);
  });
  const name = freshName();
  const admin = new Client({ connectionString: server.url('postgres') });
  await admin.connect();
  await admin.query(`create database ${name} template template_anneal`);
  await admin.end();
  const url = server.url(name);
  const pool = new Pool({ connectionString: url, max: 20 });
  pool.on('error', () => undefined);
  const installation = await ensureInstallation(pool, { clockMode });
  return {
    ...installation,
    url,
    pool,
    server,
    close: async () => {
      await pool.end();
      await server.stop();
    },
  };
}
