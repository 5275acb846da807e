import type { Pool } from 'pg';
import { v5 } from 'uuid';
import type { OrdinalRanges, Outcome } from '../../libs/device/job';
import { DomainError } from '../../libs/errors/domain-error';
import { idNamespace } from '../ids';
import { inTransaction, retryingLostRaces } from '../transaction';
import { orRefuse } from './refusal';
import type { Answer } from './refusal';
import { writer } from './start';
import type { TokenedWrite } from './start';

/** How a report was taken. */
export interface Settled {
  readonly state: 'succeeded' | 'failed';
  /** The dispatch had been settled otherwise: the report is kept, and opened an incident when it contradicts. */
  readonly late?: true;
}

/**
 * A device's word on how a dispatch ended, accepted in `started`, and in `unknown` as evidence. In one transaction:
 * files completed and tied to the dispatch, ledger, samples with their parents, void verdicts for wells a transfer may
 * have reached, labware effects and holds, release of successors, event, message to the workflow, wake-ups.
 * The same outcome again gets the same answer. A failure without `transfers` makes every planned transfer uncertain;
 * success with transfers missing is recorded as a failure.
 * @throws DomainError `upload-incomplete` (details.missing: [{sha256, chunks}], nothing settled), `token-superseded`
 *   (recorded), `illegal-transition`, `not-found`, `forbidden`
 */
export function reportOutcome(pool: Pool, write: TokenedWrite & { readonly outcome: Outcome }): Promise<Settled> {
  return settle(pool, 'report-outcome', 'select report_outcome($1, $2, $3, $4, $5, $6) as answer', [
    ...writer(write),
    JSON.stringify(write.outcome),
  ]);
}

/** What a named person says became of an unknown dispatch. */
export interface Resolution {
  readonly verdict: 'happened' | 'did-not' | 'partly';
  /** `partly`: transfers that surely happened, and that may have; all others did not. */
  readonly done?: OrdinalRanges;
  readonly uncertain?: OrdinalRanges;
  readonly reason: string;
}

/**
 * Settles an unknown dispatch by a person's word: `happened` is success, anything else failure. Its labware is free
 * again; a quarantined device is released by its own decision.
 * @throws DomainError `already-decided`, `illegal-transition`, `not-found`
 */
export function resolveDispatch(
  pool: Pool,
  by: {
    readonly tenantId: string;
    readonly actorId: string;
    readonly dispatchId: string;
    readonly resolution: Resolution;
  },
): Promise<Settled> {
  return settle(pool, 'resolve-dispatch', 'select resolve_dispatch($1, $2, $3, $4) as answer', [
    by.tenantId,
    by.dispatchId,
    by.actorId,
    JSON.stringify(by.resolution),
  ]);
}

/** The same word of a named person about several unknown dispatches. */
export interface GroupResolution {
  readonly tenantId: string;
  readonly actorId: string;
  readonly dispatchIds: readonly string[];
  readonly resolution: Resolution;
}

/**
 * Settles several unknown dispatches, all or none, in one transaction. Each keeps the id of the group in its resolution, and so
 * does its incident. The same dispatches with the same word again get the same answer.
 * @throws DomainError `already-decided`, `illegal-transition`, `not-found` with details.dispatchId, and nothing is settled;
 *   `out-of-range` for `partly` about more than one: which transfers happened is said of each by itself
 */
export async function resolveGroup(
  pool: Pool,
  { tenantId, actorId, dispatchIds, resolution }: GroupResolution,
): Promise<{ groupId: string; settled: number; state: Settled['state'] }> {
  if (resolution.verdict === 'partly' && dispatchIds.length > 1)
    throw new DomainError('out-of-range', 'expected one dispatch: which transfers happened is said of each by itself', {
      pointer: '/dispatchIds',
    });
  const ids = [...dispatchIds].sort();
  const groupId = v5(['group', tenantId, resolution.verdict, resolution.reason, ...ids].join(':'), idNamespace);
  const answer = await inTransaction(pool, async (client) => {
    const { rows } = await client.query<{ answer: Answer }>('select resolve_dispatches($1, $2, $3, $4) as answer', [
      tenantId,
      ids,
      actorId,
      JSON.stringify({ ...resolution, groupId }),
    ]);
    return orRefuse((rows[0] as { answer: Answer }).answer);
  });
  return { groupId, settled: answer['count'] as number, state: answer.state as Settled['state'] };
}

async function settle(pool: Pool, name: string, text: string, values: unknown[]): Promise<Settled> {
  return retryingLostRaces(async () => {
    const { rows } = await pool.query<{ answer: Answer }>({ name, text, values });
    const answer = orRefuse((rows[0] as { answer: Answer }).answer);
    return { state: answer.state as Settled['state'], ...(answer['late'] ? { late: true as const } : {}) };
  });
}
