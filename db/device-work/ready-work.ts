import type { Pool } from 'pg';

/**
 * Who may have queued work at this moment, as payloads of the channel `job_ready`: for jobs whose time has come without
 * anything being written, and for notices that got lost.
 */
export async function readyWork(pool: Pool): Promise<string[]> {
  const { rows } = await pool.query<{ payload: string }>({
    name: 'ready-work',
    text: `select distinct coalesce('d:' || routed_device_id, 'c:' || site_id || ':' || capability) as payload
      from waiting_work w
      where campaign_runs and not obstructed and places <= 1
        and (earliest_start_at is null or earliest_start_at <= lab_now(site_id))
        and (ready_at is null or ready_at <= lab_now(site_id))`,
  });
  return rows.map((row) => row.payload);
}
