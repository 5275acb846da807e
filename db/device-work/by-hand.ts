import type { Pool, PoolClient } from 'pg';
import type { LeasedJob } from '../../libs/device/job';
import { DomainError } from '../../libs/errors/domain-error';
import { inTransaction, retryingLostRaces } from '../transaction';
import { appendEvent } from './events';
import { orRefuse } from './refusal';
import type { Answer } from './refusal';

interface Person {
  readonly tenantId: string;
  readonly actorId: string;
}

/**
 * Sends an unstarted job to another device, or back to the system's own choice (`device` null). Logistics does not undo it.
 * @throws DomainError `not-found`; `illegal-transition` when the job has been leased or is over; `not-leasable` when the device
 *   cannot do it: it may still be taken by hand
 */
export async function routeJob(
  pool: Pool,
  by: Person,
  wish: { readonly jobId: string; readonly device: string | null; readonly reason: string },
): Promise<void> {
  await inTransaction(pool, async (client) => {
    const job = await lockUnstarted(client, by.tenantId, wish.jobId);
    const deviceId =
      wish.device === null ? null : await capableDevice(client, by.tenantId, wish.device, job.capability);
    await client.query('update job set routed_device_id = $2, route_pinned = $2::uuid is not null where id = $1', [
      wish.jobId,
      deviceId,
    ]);
    await appendEvent(client, {
      ...by,
      stream: `job/${wish.jobId}`,
      kind: 'jobRouted',
      siteId: job.siteId,
      ...(job.campaignId ? { campaignId: job.campaignId } : {}),
      payload: { stepKey: job.stepKey, device: wish.device, reason: wish.reason },
    });
    await client.query(`select announce_jobs(array[$1::uuid]), pg_notify('lab_changed', $2)`, [wish.jobId, job.siteId]);
  });
}

/**
 * A person takes an unstarted job to a device, most often the bench, whatever its capability, its route and where its labware
 * is. The lease is as any other: start, heartbeats, outcome with what really happened.
 * @throws DomainError `not-found`; `illegal-transition` when the job is not queued; `not-leasable` when the device is busy or not
 *   in service, or the labware is held, in use or discarded
 */
export async function leaseByHand(
  pool: Pool,
  by: Person,
  wish: { readonly jobId: string; readonly device: string; readonly leaseMs: number },
): Promise<LeasedJob> {
  const { rows } = await retryingLostRaces(() =>
    pool.query<{ answer: Answer }>({
      name: 'lease-by-hand',
      text: 'select lease_by_hand($1, $2, $3, $4, $5) as answer',
      values: [by.tenantId, wish.jobId, wish.device, by.actorId, wish.leaseMs],
    }),
  );
  return orRefuse((rows[0] as { answer: Answer }).answer)['job'] as LeasedJob;
}

/**
 * Sets a campaign's part of the lab, relative to 1 of the others; it counts for jobs that are queued from now on.
 * @throws DomainError `not-found`
 */
export async function setCampaignShare(
  pool: Pool,
  by: Person,
  wish: { readonly slug: string; readonly weight: number; readonly reason: string },
): Promise<void> {
  await inTransaction(pool, async (client) => {
    const { rows } = await client.query<{ id: string; site_id: string }>(
      'update campaign set weight = $3 where tenant_id = $1 and slug = $2 returning id, site_id',
      [by.tenantId, wish.slug, wish.weight],
    );
    if (!rows[0]) throw new DomainError('not-found', `there is no campaign "${wish.slug}"`);
    await appendEvent(client, {
      ...by,
      stream: `campaign/${rows[0].id}`,
      kind: 'campaignShareSet',
      siteId: rows[0].site_id,
      campaignId: rows[0].id,
      payload: { weight: wish.weight, reason: wish.reason },
    });
  });
}

interface Unstarted {
  readonly siteId: string;
  readonly campaignId: string | null;
  readonly stepKey: string;
  readonly capability: string;
}

async function lockUnstarted(client: PoolClient, tenantId: string, jobId: string): Promise<Unstarted> {
  const { rows } = await client.query<Unstarted>(
    `select site_id as "siteId", campaign_id as "campaignId", step_key as "stepKey", capability
     from job where id = $2 and tenant_id = $1 for no key update`,
    [tenantId, jobId],
  );
  if (!rows[0]) throw new DomainError('not-found', `there is no job ${jobId}`);
  const latest = await client.query<{ state: string }>(
    'select state from dispatch where job_id = $1 order by attempt desc limit 1 for update',
    [jobId],
  );
  const state = latest.rows[0]?.state ?? 'gone';
  if (state !== 'blocked' && state !== 'queued')
    throw new DomainError('illegal-transition', `the job is ${state}; only one that waits can go elsewhere`, { state });
  return rows[0];
}

async function capableDevice(client: PoolClient, tenantId: string, code: string, capability: string): Promise<string> {
  const { rows } = await client.query<{ id: string; able: boolean }>(
    'select id, $3 = any (capabilities) as able from device where tenant_id = $1 and code = $2',
    [tenantId, code, capability],
  );
  if (!rows[0]) throw new DomainError('not-found', `there is no device "${code}"`);
  if (!rows[0].able)
    throw new DomainError(
      'not-leasable',
      `${code} cannot ${capability}; a person may take the job there by hand instead`,
      {
        capability,
      },
    );
  return rows[0].id;
}
