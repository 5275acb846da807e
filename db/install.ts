import { Pool } from 'pg';
import { migrate } from './migrate';
import { roles } from '../libs/campaign/roles';
import { ensureInstallation, issueToken } from './seed';

/**
 * Makes an installation on a PostgreSQL of its own: schema, tenant, site with a wall clock, and, the first time only, one access
 * token per role. The tokens are printed once and stored as hashes; keep them, or make new ones with the database at hand.
 */
async function install(databaseUrl: string): Promise<void> {
  const { applied } = await migrate(databaseUrl);
  const pool = new Pool({ connectionString: databaseUrl, max: 1 });
  try {
    const { tenantId } = await ensureInstallation(pool, { clockMode: 'wall' });
    const { rowCount } = await pool.query('select 1 from access_token where tenant_id = $1 limit 1', [tenantId]);
    const tokens: Record<string, string> = {};
    if (!rowCount)
      for (const role of roles)
        tokens[role] = (
          await issueToken(pool, { tenantId, kind: 'person', name: `first ${role}`, roles: [role] })
        ).token;
    process.stdout.write(`${JSON.stringify({ applied, tokens })}\n`);
  } finally {
    await pool.end();
  }
}

const databaseUrl = process.env['DATABASE_URL'];
if (!databaseUrl) throw new Error('DATABASE_URL is not set: the PostgreSQL to install on.');
install(databaseUrl).catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exit(1);
});
