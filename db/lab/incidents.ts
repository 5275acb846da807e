import type { Pool } from 'pg';
import { DomainError } from '../../libs/errors/domain-error';
import { appendEvent } from '../device-work/events';
import { inTransaction } from '../transaction';

/** Something a person has to look at. */
export interface IncidentView {
  readonly id: string;
  readonly kind: string;
  readonly subject: string;
  readonly message: string;
  readonly campaign?: string;
  readonly dispatchId?: string;
  readonly device?: string;
  readonly openedAt: string;
  readonly resolvedAt?: string;
  readonly resolution?: string;
}

/** Incidents, newest first: the open ones, or all. */
export async function viewIncidents(
  pool: Pool,
  wanted: { readonly tenantId: string; readonly all: boolean; readonly limit: number; readonly before?: string },
): Promise<IncidentView[]> {
  const { rows } = await pool.query<{ view: IncidentView }>(
    `select json_strip_nulls(json_build_object('id', i.id, 'kind', i.kind, 'subject', i.subject, 'message', i.message,
       'campaign', c.slug, 'dispatchId', i.dispatch_id, 'device', v.code, 'openedAt', iso_time(i.opened_at),
       'resolvedAt', iso_time(i.resolved_at), 'resolution', i.resolution)) as view
     from incident i left join campaign c on c.id = i.campaign_id left join device v on v.id = i.device_id
     where i.tenant_id = $1 and ($2 or i.resolved_at is null) and ($3::uuid is null or i.id < $3)
     order by i.id desc limit $4`,
    [wanted.tenantId, wanted.all, wanted.before ?? null, wanted.limit],
  );
  return rows.map((row) => row.view);
}

/**
 * Closes an incident by a named person's word.
 * @throws DomainError `not-found`, `already-decided`
 */
export async function resolveIncident(
  pool: Pool,
  by: { readonly tenantId: string; readonly actorId: string; readonly id: string; readonly resolution: string },
): Promise<void> {
  await inTransaction(pool, async (client) => {
    const { rows } = await client.query<{ site_id: string; resolved_at: Date | null }>(
      'select site_id, resolved_at from incident where id = $1 and tenant_id = $2 for update',
      [by.id, by.tenantId],
    );
    const incident = rows[0];
    if (!incident) throw new DomainError('not-found', `there is no incident ${by.id}`);
    if (incident.resolved_at) throw new DomainError('already-decided', `incident ${by.id} is resolved already`);
    await client.query('update incident set resolved_at = now(), resolved_by = $2, resolution = $3 where id = $1', [
      by.id,
      by.actorId,
      by.resolution,
    ]);
    await appendEvent(client, {
      ...by,
      siteId: incident.site_id,
      stream: `incident/${by.id}`,
      kind: 'incidentResolved',
      payload: { resolution: by.resolution },
    });
    await client.query(`select pg_notify('lab_changed', $1)`, [incident.site_id]);
  });
}
