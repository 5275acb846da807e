import type { Pool } from 'pg';
import type { Capability } from '../../libs/device/job';
import { retryingLostRaces } from '../transaction';

/** Capabilities whose interrupted work harms nothing: their device stays in service when a job becomes unknown. */
export const harmlessCapabilities: readonly Capability[] = ['read-plate', 'thermocycle'];

/** What one sweep did. */
export interface Swept {
  /** Leases given back to the queue. */
  readonly lapsed: number;
  /** Started dispatches that became unknown. */
  readonly unknown: number;
  /** Blocked jobs found with their needs met. */
  readonly released: number;
}

/**
 * Looks for leases that ran out and for releases that were missed. Any number of processes sweep side by side.
 * @param leaseMs a lease of this length, granted before PostgreSQL last started, is given that long again
 */
export async function sweep(pool: Pool, leaseMs: number): Promise<Swept> {
  const leases = await retryingLostRaces(() =>
    pool.query<{ lapsed: number; unknown: number }>({
      name: 'sweep-leases',
      text: 'select lapsed, unknown from sweep_leases($1, $2)',
      values: [leaseMs, harmlessCapabilities],
    }),
  );
  const strays = await retryingLostRaces(() =>
    pool.query<{ released: number }>({ name: 'sweep-blocked', text: 'select sweep_blocked() as released' }),
  );
  const { lapsed, unknown } = leases.rows[0] as { lapsed: number; unknown: number };
  return { lapsed, unknown, released: strays.rows[0]?.released ?? 0 };
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
