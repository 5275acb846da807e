import type { Pool } from 'pg';
import { inTransaction, retryingLostRaces } from '../transaction';
import { orRefuse } from './refusal';
import type { Answer } from './refusal';
import { writer } from './start';
import type { TokenedWrite } from './start';

/** What a heartbeat is answered with. */
export interface Heard {
  readonly leaseMs: number;
  readonly labNow: string;
  /** `unknown` when the silence before it was too long: the outcome is then accepted as evidence. */
  readonly state: 'leased' | 'started' | 'unknown';
}

/**
 * A sign of life: extends the lease by `leaseMs` and keeps the progress. Writes no event and wakes nobody.
 * In `unknown` only the progress is kept.
 * @throws DomainError `token-superseded`, `illegal-transition`, `not-found`, `forbidden`
 */
export async function heartbeat(
  pool: Pool,
  write: TokenedWrite & { readonly leaseMs: number; readonly progress?: Readonly<Record<string, unknown>> },
): Promise<Heard> {
  const { rows } = await pool.query<{ state: Heard['state']; lab_now: string }>({
    name: 'heartbeat',
    text: `update dispatch d set heartbeat_at = now(), progress = coalesce($7, d.progress),
        lease_expires_at = case d.state when 'unknown' then d.lease_expires_at
          else now() + $6::int * interval '1 millisecond' end
      from device v
      where d.id = $2 and d.tenant_id = $1 and d.fencing_token = $3 and d.state in ('leased', 'started', 'unknown')
        and v.id = d.device_id and (v.actor_id = $4 or $5)
      returning d.state, iso_time(lab_now(d.site_id)) as lab_now`,
    values: [...writer(write), write.leaseMs, write.progress ? JSON.stringify(write.progress) : null],
  });
  const heard = rows[0];
  if (heard) return { leaseMs: write.leaseMs, labNow: heard.lab_now, state: heard.state };
  return refuse(pool, write, 'heartbeat');
}

/**
 * Gives a lease back before the start: `leased` → `queued`.
 * @throws DomainError `token-superseded`, `illegal-transition`, `not-found`, `forbidden`
 */
export async function releaseLease(pool: Pool, write: TokenedWrite & { readonly reason?: string }): Promise<void> {
  const released = await inTransaction(pool, async (client) => {
    const { rowCount } = await client.query(
      `select return_to_queue(d, $4, $6) from (
         select x.* from dispatch x join device v on v.id = x.device_id
         where x.id = $2 and x.tenant_id = $1 and x.fencing_token = $3 and x.state = 'leased' and (v.actor_id = $4 or $5)
         for update of x) d`,
      [...writer(write), write.reason ?? 'given back by the device'],
    );
    return rowCount === 1;
  });
  if (!released) await refuse(pool, write, 'release');
}

/** Finds and records why a write was refused. */
async function refuse(pool: Pool, write: TokenedWrite, what: string): Promise<never> {
  return retryingLostRaces(async () => {
    const { rows } = await pool.query<{ answer: Answer }>({
      name: 'explain-refusal',
      text: 'select explain_refusal($1, $2, $3, $4, $5, $6) as answer',
      values: [...writer(write), what],
    });
    orRefuse((rows[0] as { answer: Answer }).answer);
    throw new Error('a write was refused that is allowed');
  });
}
