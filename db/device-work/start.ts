import type { Pool } from 'pg';
import { retryingLostRaces } from '../transaction';
import type { Caller } from './claim';
import { orRefuse } from './refusal';
import type { Answer } from './refusal';

/** A device's write about a dispatch: who, which, and with which fencing token (decimal text of a 64-bit number). */
export interface TokenedWrite extends Caller {
  readonly dispatchId: string;
  readonly token: string;
}

/** What a device knows after its start was accepted. */
export interface Started {
  readonly labNow: string;
  /** Lab time at which the device said it will be done. */
  readonly untilLabTime: string;
  readonly leaseMs: number;
}

/**
 * The compare-and-set before anything moves: exactly one caller turns `leased` into `started`. A repeat is refused,
 * whoever sends it: what finds the dispatch started may only reconcile.
 * @throws DomainError `token-superseded`, `illegal-transition`, `not-leasable` (device taken out of service), `not-found`, `forbidden`
 */
export async function startDispatch(
  pool: Pool,
  write: TokenedWrite & { readonly leaseMs: number; readonly durationLabMs: number },
): Promise<Started> {
  return retryingLostRaces(async () => {
    const { rows } = await pool.query<{ answer: Answer }>({
      name: 'start-dispatch',
      text: 'select start_dispatch($1, $2, $3, $4, $5, $6, $7) as answer',
      values: [...writer(write), write.leaseMs, Math.round(write.durationLabMs)],
    });
    const { labNow, untilLabTime, leaseMs } = orRefuse((rows[0] as { answer: Answer }).answer) as unknown as Started;
    return { labNow, untilLabTime, leaseMs };
  });
}

/** The first five arguments of every SQL function a device's write goes to. */
export function writer(write: TokenedWrite): unknown[] {
  return [write.tenantId, write.dispatchId, write.token, write.actorId, write.anyDevice];
}
