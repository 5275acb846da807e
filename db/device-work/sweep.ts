import type { Pool } from 'pg';
import { silencePolicies } from '../../libs/device/policies';
import { retryingLostRaces } from '../transaction';

const policies = JSON.stringify(silencePolicies);

/** What one sweep of leases did. */
export interface SweptLeases {
  /** Leases given back to the queue. */
  readonly lapsed: number;
  /** Started dispatches that became unknown. */
  readonly unknown: number;
}

/**
 * Looks for leases that ran out. Any number of processes sweep side by side.
 * @param leaseMs a lease of this length, granted before PostgreSQL last started, is given that long again
 */
export async function sweepLeases(pool: Pool, leaseMs: number): Promise<SweptLeases> {
  const { rows } = await retryingLostRaces(() =>
    pool.query<SweptLeases>({
      name: 'sweep-leases',
      text: 'select lapsed, unknown from sweep_leases($1, $2)',
      values: [leaseMs, policies],
    }),
  );
  return rows[0] as SweptLeases;
}

/** Releases blocked jobs whose needs are met: there are none while every release is made. @returns how many */
export async function sweepStrays(pool: Pool): Promise<number> {
  const { rows } = await retryingLostRaces(() =>
    pool.query<{ released: number }>({ name: 'sweep-blocked', text: 'select sweep_blocked() as released' }),
  );
  return rows[0]?.released ?? 0;
}

/** Removes uploads nothing refers to, seven days after their last chunk. @returns how many uploads */
export async function sweepUploads(pool: Pool): Promise<number> {
  const { rowCount } = await pool.query(
    `delete from upload where completed_at is null and last_chunk_at < now() - interval '7 days'`,
  );
  if (!rowCount) return 0;
  await pool.query(
    `delete from file_chunk c where not exists (select 1 from file f where f.tenant_id = c.tenant_id and f.sha256 = c.sha256)
       and not exists (select 1 from upload u where u.tenant_id = c.tenant_id and u.sha256 = c.sha256)`,
  );
  return rowCount;
}

/** Fires the due lab timers of sites whose lab time is wall time; a virtual clock fires its own when it moves. */
export async function fireWallTimers(pool: Pool): Promise<void> {
  await pool.query({
    name: 'fire-wall-timers',
    text: `select fire_lab_timers(site_id) from lab_clock where mode = 'wall'`,
  });
}
