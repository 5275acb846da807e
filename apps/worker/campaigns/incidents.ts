import type { PoolClient } from 'pg';
import { newId } from '../../../db/ids';

/** Something a person must see to. */
export interface NewIncident {
  readonly tenantId: string;
  readonly siteId: string;
  readonly campaignId: string;
  readonly kind: string;
  /** What it is about: a step key, a campaign's slug. */
  readonly subject: string;
  readonly message: string;
  readonly dispatchId?: string;
}

/** Opens an incident; while one of the same kind about the same thing and dispatch is open, nothing happens. */
export async function openIncident(client: PoolClient, incident: NewIncident): Promise<void> {
  const { tenantId, siteId, campaignId, kind, subject, message, dispatchId } = incident;
  await client.query('select pg_advisory_xact_lock(hashtextextended($1, 11))', [`${campaignId}/${kind}/${subject}`]);
  await client.query(
    `insert into incident (id, tenant_id, site_id, campaign_id, kind, subject, message, dispatch_id)
     select $1, $2, $3, $4, $5, $6, $7, $8
     where not exists (select 1 from incident where campaign_id = $4 and kind = $5 and subject = $6
       and dispatch_id is not distinct from $8 and resolved_at is null)`,
    [newId(), tenantId, siteId, campaignId, kind, subject, message, dispatchId ?? null],
  );
}

/** Adds what the system found to the incident of an unknown outcome, once. */
export async function amendUnknown(client: PoolClient, dispatchId: string, message: string): Promise<void> {
  await client.query(
    `update incident set message = message || '; ' || $2
     where dispatch_id = $1 and kind = 'job-unknown' and resolved_at is null and position($2 in message) = 0`,
    [dispatchId, message],
  );
}
