import type { Pool, PoolClient } from 'pg';
import { DomainError } from '../../libs/errors/domain-error';
import { appendEvent } from '../device-work/events';
import { appendOutbox } from '../device-work/outbox';
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
  /** Incidents of one cause, such as a power cut, or answered together share it. */
  readonly groupId?: string;
  readonly openedAt: string;
  readonly resolvedAt?: string;
  readonly resolution?: string;
}

/** What is to be done about a failed job: done again, taken as if it had succeeded, or its stage ends. */
export const jobActions = ['retry', 'accept', 'give-up'] as const;
export type JobAction = (typeof jobActions)[number];

/** Incidents, newest first: the open ones, or all. */
export async function viewIncidents(
  pool: Pool,
  wanted: { readonly tenantId: string; readonly all: boolean; readonly limit: number; readonly before?: string },
): Promise<IncidentView[]> {
  const { rows } = await pool.query<{ view: IncidentView }>(
    `select json_strip_nulls(json_build_object('id', i.id, 'kind', i.kind, 'subject', i.subject, 'message', i.message,
       'campaign', c.slug, 'dispatchId', i.dispatch_id, 'device', v.code, 'groupId', i.group_id,
       'openedAt', iso_time(i.opened_at), 'resolvedAt', iso_time(i.resolved_at), 'resolution', i.resolution)) as view
     from incident i left join campaign c on c.id = i.campaign_id left join device v on v.id = i.device_id
     where i.tenant_id = $1 and ($2 or i.resolved_at is null) and ($3::uuid is null or i.id < $3)
     order by i.id desc limit $4`,
    [wanted.tenantId, wanted.all, wanted.before ?? null, wanted.limit],
  );
  return rows.map((row) => row.view);
}

/** A named person's word on an incident. */
export interface IncidentAnswer {
  readonly tenantId: string;
  readonly actorId: string;
  readonly id: string;
  /** Of a failed job only, and then required. */
  readonly action?: JobAction;
  readonly resolution: string;
}

interface OpenIncident {
  readonly site_id: string;
  readonly kind: string;
  readonly resolved_at: Date | null;
  readonly dispatch_id: string | null;
  readonly dispatch_state: string | null;
}

/**
 * Closes an incident by a named person's word. In the same transaction the stage that waits is told what to do about its
 * failed job, and labware that a contradicting report held is free again.
 * @throws DomainError `not-found`, `already-decided`; `missing-key` for a failed job without action, `unknown-key` for an action
 *   about anything else; `illegal-transition` while the dispatch it is about is unknown: that is answered by a resolution
 */
export async function resolveIncident(pool: Pool, by: IncidentAnswer): Promise<void> {
  await inTransaction(pool, async (client) => {
    const incident = await lockIncident(client, by);
    refuseWrongAnswer(incident, by);
    await client.query('update incident set resolved_at = now(), resolved_by = $2, resolution = $3 where id = $1', [
      by.id,
      by.actorId,
      by.action ? `${by.action}: ${by.resolution}` : by.resolution,
    ]);
    if (by.action) await tellStage(client, by, by.action);
    if (incident.kind === 'contradiction')
      await client.query(
        'update labware set held = false, held_reason = null, held_by = null where held_by = $1 and held',
        [incident.dispatch_id],
      );
    await appendEvent(client, {
      ...by,
      siteId: incident.site_id,
      stream: `incident/${by.id}`,
      kind: 'incidentResolved',
      payload: { resolution: by.resolution, ...(by.action ? { action: by.action } : {}) },
    });
    await client.query(`select pg_notify('lab_changed', $1)`, [incident.site_id]);
  });
}

/**
 * Closes what nobody has to answer any more once a campaign is over: its failed jobs and late steps. What a device may have
 * done without anybody knowing stays open.
 */
export async function closeIncidentsOf(
  client: Pool | PoolClient,
  over: { readonly campaignId: string; readonly reason: string },
): Promise<void> {
  await client.query(
    `update incident set resolved_at = now(), resolved_by = system_actor(tenant_id), resolution = $2
     where campaign_id = $1 and kind in ('job-failed', 'overdue') and resolved_at is null`,
    [over.campaignId, over.reason],
  );
}

async function lockIncident(client: PoolClient, { id, tenantId }: IncidentAnswer): Promise<OpenIncident> {
  const { rows } = await client.query<OpenIncident>(
    `select i.site_id, i.kind, i.resolved_at, i.dispatch_id, d.state as dispatch_state
     from incident i left join dispatch d on d.id = i.dispatch_id where i.id = $1 and i.tenant_id = $2 for update of i`,
    [id, tenantId],
  );
  if (!rows[0]) throw new DomainError('not-found', `there is no incident ${id}`);
  if (rows[0].resolved_at) throw new DomainError('already-decided', `incident ${id} is resolved already`);
  return rows[0];
}

function refuseWrongAnswer(incident: OpenIncident, { action }: IncidentAnswer): void {
  const { kind, dispatch_id: dispatch, dispatch_state: state } = incident;
  if (kind === 'job-failed' && !action)
    throw wrongAction('missing-key', `a failed job needs "action": one of ${jobActions.join(', ')}`);
  if (kind !== 'job-failed' && action)
    throw wrongAction('unknown-key', `only a failed job takes an action; this incident is "${kind}"`);
  if (kind === 'job-unknown' && state === 'unknown')
    throw new DomainError('illegal-transition', `say what became of dispatch ${dispatch}: its resolution closes this`, {
      state,
      dispatchId: dispatch,
    });
}

const wrongAction = (code: 'missing-key' | 'unknown-key', message: string): DomainError =>
  new DomainError(code, message, {}, [{ pointer: '/action', code, message }]);

/** Writes the decision to the stage that waits for it; a campaign that is over waits for nothing. */
async function tellStage(client: PoolClient, by: IncidentAnswer, action: JobAction): Promise<void> {
  const { rows } = await client.query<{
    tenantId: string;
    siteId: string;
    campaignId: string;
    round: number;
    stage: string;
    stepKey: string;
    attempt: number;
  }>(
    `select j.tenant_id as "tenantId", j.site_id as "siteId", j.campaign_id as "campaignId", j.round, j.stage,
       j.step_key as "stepKey", d.attempt
     from incident i join dispatch d on d.id = i.dispatch_id join job j on j.id = d.job_id
     join campaign c on c.id = j.campaign_id and c.status in ('running', 'paused') where i.id = $1`,
    [by.id],
  );
  if (!rows[0]) return;
  const { stepKey, attempt, ...address } = rows[0];
  await appendOutbox(client, {
    ...address,
    kind: 'signal',
    name: 'jobDecided',
    payload: { stepKey, attempt, action, reason: by.resolution },
  });
}
