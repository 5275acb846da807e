import type { Pool } from 'pg';
import type { Caller } from '../device-work/claim';
import { orRefuse } from '../device-work/refusal';
import type { Answer } from '../device-work/refusal';
import { retryingLostRaces } from '../transaction';
import type { DeviceState } from './devices';

/** How a device stands after it told of its self-test. */
export interface SelfTested {
  readonly state: DeviceState;
  readonly hold?: 'until-cleared' | 'after-self-test';
}

/**
 * A device tells how its self-test went. One that passed ends a quarantine that waits for it, and no other; one that failed
 * quarantines the device and opens an incident, once.
 * @throws DomainError `not-found`, `forbidden`
 */
export async function reportSelfTest(
  pool: Pool,
  report: Caller & { readonly deviceCode: string; readonly passed: boolean; readonly message: string },
): Promise<SelfTested> {
  const { tenantId, deviceCode, actorId, anyDevice, passed, message } = report;
  const { rows } = await retryingLostRaces(() =>
    pool.query<{ answer: Answer }>('select report_self_test($1, $2, $3, $4, $5, $6) as answer', [
      tenantId,
      deviceCode,
      actorId,
      anyDevice,
      passed,
      message,
    ]),
  );
  const { state, hold } = orRefuse((rows[0] as { answer: Answer }).answer) as unknown as SelfTested;
  return { state, ...(hold ? { hold } : {}) };
}
