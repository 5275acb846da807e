import type { Pool } from 'pg';

/** A labware as people and robots know it. */
export interface LabwareName {
  readonly labwareId: string;
  readonly barcode: string;
  readonly kind: string;
}

/** Labware by id; those that do not exist are left out. */
export async function labwareById(pool: Pool, tenantId: string, ids: readonly string[]): Promise<LabwareName[]> {
  if (ids.length === 0) return [];
  const { rows } = await pool.query<LabwareName>(
    'select id as "labwareId", barcode, kind from labware where tenant_id = $1 and id = any($2)',
    [tenantId, ids],
  );
  return rows;
}

/** Labware received with a content role, oldest first. */
export async function labwareOfRole(
  pool: Pool,
  site: { readonly tenantId: string; readonly siteId: string },
  role: string,
): Promise<LabwareName[]> {
  const { rows } = await pool.query<LabwareName>(
    `select id as "labwareId", barcode, kind from labware
     where tenant_id = $1 and site_id = $2 and content_role = $3 and not discarded order by created_at, barcode`,
    [site.tenantId, site.siteId, role],
  );
  return rows;
}
