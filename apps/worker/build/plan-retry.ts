import type { Pool } from 'pg';
import { jobId } from '../../../db/ids';
import { labwareById } from '../../../db/science/labware';
import { loadFailedWork } from '../../../db/science/retries';
import { remainingTransfers } from '../../../libs/build/retry';
import { DomainError } from '../../../libs/errors/domain-error';
import type { RetryPlan } from '../../../workflows/build/build.activities';
import { storeWorklist } from './queued-jobs';

/** A job whose attempt failed. */
export interface FailedAttempt {
  readonly tenantId: string;
  readonly campaignId: string;
  readonly stepKey: string;
  readonly attempt: number;
}

/**
 * What is left of a failed attempt. A picker that ended well and left picks out found no more colonies: nothing is left.
 * @throws DomainError `not-found` when there is no such attempt.
 */
export async function planRetry(pool: Pool, failed: FailedAttempt): Promise<RetryPlan> {
  const { tenantId, campaignId, stepKey, attempt } = failed;
  const work = await loadFailedWork(pool, { tenantId, jobId: jobId(campaignId, stepKey), attempt });
  if (!work) throw new DomainError('not-found', `There is no attempt ${attempt} at ${stepKey}.`);
  const outOfColonies = work.capability === 'pick-colonies' && work.reported === 'succeeded';
  const transfers = outOfColonies ? [] : remainingTransfers(work);
  if (transfers.length === 0) return { nothingLeft: true };
  const touched = new Set(transfers.flatMap(({ fromLabwareId, toLabwareId }) => [fromLabwareId, toLabwareId]));
  const names = new Map((await labwareById(pool, tenantId, [...touched])).map((item) => [item.labwareId, item]));
  const nameOf = (id: string): { labwareId: string; barcode: string; kind: string } => {
    const name = names.get(id);
    if (!name) throw new DomainError('not-found', `There is no labware ${id}.`);
    return name;
  };
  const sha256 = await storeWorklist(pool, tenantId, `${stepKey}-${attempt + 1}`, transfers, nameOf);
  return { worklist: { sha256, transfers } };
}
