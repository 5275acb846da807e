import type { Pool } from 'pg';

/**
 * Who may have queued work at this moment, as payloads of the channel `job_ready`: for jobs whose time has come without
 * anything being written, and for notices that got lost. Looks at one job of each kind, however long the queue is.
 */
export async function readyWork(pool: Pool): Promise<string[]> {
  await pool.query({ name: 'promote-timed', text: 'select promote_timed(id, 10000) from site' });
  await pool.query({ name: 'park-campaigns', text: 'select park_campaigns()' });
  const { rows } = await pool.query<{ payload: string }>({
    name: 'ready-work',
    text: `select 'c:' || k.site_id || ':' || k.capability as payload
      from (select distinct site_id, unnest(capabilities) as capability from device where state = 'in-service') k
      where (select true from dispatch d where d.site_id = k.site_id and d.capability = k.capability and d.deck = false
        and d.state = 'queued' and not d.parked and not d.timed order by d.rank, d.fair_tag, d.id limit 1)
      union all
      select 'd:' || v.id from device v
      where v.state = 'in-service' and (select true from dispatch d where d.routed_device_id = v.id
        and d.state = 'queued' and not d.parked and not d.timed order by d.capability, d.rank, d.fair_tag, d.id limit 1)`,
  });
  return rows.map((row) => row.payload);
}
