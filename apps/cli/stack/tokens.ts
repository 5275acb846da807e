import { join } from 'node:path';
import { Pool } from 'pg';
import { roles } from '../../../libs/campaign/roles';
import { ensureInstallation, issueToken, tokenSha256 } from '../../../db/seed';
import type { Role } from '../../../libs/campaign/roles';
import { readJson, writeJson } from './json-file';

/** Bearer tokens of the people of an embedded stack, one per role. */
export type Tokens = Record<Role, string>;

/** File of a data folder that holds its tokens; only its owner can read it. */
export function tokensPath(dataDir: string): string {
  return join(dataDir, 'tokens.json');
}

/**
 * Makes tenant, site and clock when they are missing, and one token per role. Tokens the database still knows stay.
 * The clock of a new site is the virtual lab's.
 */
export async function ensureTokens(databaseUrl: string, dataDir: string): Promise<Tokens> {
  const pool = new Pool({ connectionString: databaseUrl, max: 2 });
  try {
    const { tenantId } = await ensureInstallation(pool, { clockMode: 'virtual' });
    const tokens: Partial<Tokens> = (await readJson<Tokens>(tokensPath(dataDir))) ?? {};
    for (const role of roles) {
      if (await isKnown(pool, tokens[role])) continue;
      tokens[role] = (await issueToken(pool, { tenantId, kind: 'person', name: role, roles: [role] })).token;
    }
    await writeJson(tokensPath(dataDir), tokens);
    return tokens as Tokens;
  } finally {
    await pool.end();
  }
}

async function isKnown(pool: Pool, token: string | undefined): Promise<boolean> {
  if (!token) return false;
  const { rowCount } = await pool.query('select 1 from access_token where sha256 = $1 and revoked_at is null', [
    tokenSha256(token),
  ]);
  return Boolean(rowCount);
}
