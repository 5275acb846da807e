import type { Pool } from 'pg';
import type { LeasedJob } from '../../libs/device/job';
import { DomainError } from '../../libs/errors/domain-error';
import { retryingLostRaces } from '../transaction';
import { orRefuse } from './refusal';
import type { Answer } from './refusal';

/** Who asks for work, on behalf of which device. */
export interface Caller {
  readonly tenantId: string;
  readonly actorId: string;
  /** An operator may act for any device; a device only for itself. */
  readonly anyDevice: boolean;
}

/** What a device that found nothing waits for. */
export interface WaitingDevice {
  readonly deviceId: string;
  readonly siteId: string;
  readonly capabilities: readonly string[];
  /** A device that is quarantined, draining, out of service, busy with foreign work or closed gets no work, whatever there is. */
  readonly inService: boolean;
}

/** A lease, or what to wait for. */
export type Claim = { readonly job: LeasedJob } | { readonly waits: WaitingDevice };

/**
 * Leases the next job the device may have now: queued, of its capability, routed to it or to nobody, its time come, its
 * campaign running, its labware on the device and free, its material there, and its next steps possible within their holds.
 * Of several: what is urgent, then by rank and fair share (db/functions/02-queue.sql). A lease the device holds but has not started is given back first: it asks again,
 * so it never got the answer.
 * @throws DomainError `not-found`, `forbidden`; `not-leasable` while the device has a started job it has not reported, and, with
 *   details.selfTest, while a self-test would end its quarantine
 */
export async function claimJob(
  pool: Pool,
  request: Caller & {
    readonly deviceCode: string;
    readonly leaseMs: number;
    /** A job this device was woken for while it waited: tried first, so that those who are woken together do not all search. */
    readonly hintJobId?: string;
  },
): Promise<Claim> {
  const answer = await retryingLostRaces(async () => {
    const { rows } = await pool.query<{ answer: Answer }>({
      name: 'claim-dispatch',
      text: 'select claim_dispatch($1, $2, $3, $4, $5, $6) as answer',
      values: [
        request.tenantId,
        request.deviceCode,
        request.actorId,
        request.anyDevice,
        request.leaseMs,
        request.hintJobId ?? null,
      ],
    });
    return orRefuse((rows[0] as { answer: Answer }).answer);
  });
  if (answer.status === 'leased') return { job: answer['job'] as LeasedJob };
  if (answer.status === 'self-test') throw selfTestFirst(request.deviceCode, answer);
  if (answer.status === 'busy') throw stillBusy(request.deviceCode, answer);
  const { deviceId, siteId, capabilities, inService } = answer as unknown as WaitingDevice;
  return { waits: { deviceId, siteId, capabilities, inService } };
}

function selfTestFirst(code: string, { reason }: Answer): DomainError {
  return new DomainError(
    'not-leasable',
    `device ${code} is quarantined until a self-test passes${reason ? `: ${reason}` : ''}; run it and report it to /v1/devices/${code}/self-test`,
    { selfTest: true },
  );
}

function stillBusy(code: string, answer: Answer): DomainError {
  const { dispatchId, fencingToken } = answer;
  return new DomainError(
    'not-leasable',
    `device ${code} started dispatch ${String(dispatchId)}: report its outcome first`,
    {
      dispatchId,
      fencingToken,
    },
  );
}
