import type { Pool, PoolClient } from 'pg';
import { DomainError } from '../../libs/errors/domain-error';

/** Id of a tenant's site. @throws DomainError `not-found` */
export async function siteIdOf(pool: Pool | PoolClient, tenantId: string, slug: string): Promise<string> {
  const { rows } = await pool.query<{ id: string }>('select id from site where tenant_id = $1 and slug = $2', [
    tenantId,
    slug,
  ]);
  if (!rows[0]) throw new DomainError('not-found', `there is no site "${slug}"`);
  return rows[0].id;
}

/** Sites of every tenant, for what runs in the background. */
export async function allSiteIds(pool: Pool): Promise<string[]> {
  const { rows } = await pool.query<{ id: string }>('select id from site order by id');
  return rows.map(({ id }) => id);
}
