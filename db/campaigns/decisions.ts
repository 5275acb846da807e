import type { Pool } from 'pg';
import { DomainError } from '../../libs/errors/domain-error';
import { appendEvent } from '../device-work/events';
import { appendOutbox } from '../device-work/outbox';
import { newId } from '../ids';
import { inTransaction } from '../transaction';
import { campaignIdOf } from './view';

/** What a person decides about a campaign's process. */
export interface NewDecision {
  readonly kind: 'pause' | 'resume' | 'abort' | 'approve';
  readonly gate?: string;
  readonly requestId: string;
  readonly reason: string;
}

export interface DecisionState {
  readonly id: string;
  readonly kind: string;
  readonly state: 'pending' | 'applied' | 'refused';
  readonly refusal?: string;
}

/**
 * Stores a decision with who and why, and the message that carries it to the workflow. The same request id gives the same decision.
 * @throws DomainError `idempotency-conflict` when the request id was used for another decision; `campaign-over` when it has ended.
 */
export async function decide(
  pool: Pool,
  by: { readonly tenantId: string; readonly actorId: string },
  slug: string,
  decision: NewDecision,
): Promise<DecisionState> {
  const campaignId = await campaignIdOf(pool, by.tenantId, slug);
  return inTransaction(pool, async (client) => {
    const campaign = await client.query<{ status: string; site_id: string }>(
      'select status, site_id from campaign where id = $1 for share',
      [campaignId],
    );
    const { status, site_id: siteId } = campaign.rows[0] as { status: string; site_id: string };
    const inserted = await client.query<{ id: string }>(
      `insert into decision (id, tenant_id, campaign_id, kind, gate, request_id, reason, actor_id)
       values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (campaign_id, request_id) do nothing returning id`,
      [
        newId(),
        by.tenantId,
        campaignId,
        decision.kind,
        decision.gate ?? null,
        decision.requestId,
        decision.reason,
        by.actorId,
      ],
    );
    const id = inserted.rows[0]?.id;
    if (!id) return sameDecision(await readDecision(client, campaignId, decision.requestId), decision);
    if (['finished', 'aborted', 'failed'].includes(status))
      throw new DomainError('campaign-over', `campaign "${slug}" is ${status}; nothing is left to ${decision.kind}`);
    const address = { tenantId: by.tenantId, siteId, campaignId };
    await appendEvent(client, {
      ...address,
      stream: `campaign/${campaignId}`,
      kind: 'decisionMade',
      actorId: by.actorId,
      payload: { decisionId: id, ...decision },
    });
    await appendOutbox(client, { ...address, kind: 'update', name: 'decide', payload: { decisionId: id } });
    return { id, kind: decision.kind, state: 'pending' };
  });
}

/** State of a decision. @throws DomainError `not-found` */
export async function decisionState(pool: Pool, id: string): Promise<DecisionState> {
  const { rows } = await pool.query<DecisionRow>(
    'select id, kind, gate, reason, state, refusal from decision where id = $1',
    [id],
  );
  if (!rows[0]) throw new DomainError('not-found', `there is no decision ${id}`);
  return toState(rows[0]);
}

interface DecisionRow {
  readonly id: string;
  readonly kind: string;
  readonly gate: string | null;
  readonly reason: string;
  readonly state: DecisionState['state'];
  readonly refusal: string | null;
}

async function readDecision(
  client: { query: Pool['query'] },
  campaignId: string,
  requestId: string,
): Promise<DecisionRow> {
  const { rows } = await client.query<DecisionRow>(
    'select id, kind, gate, reason, state, refusal from decision where campaign_id = $1 and request_id = $2',
    [campaignId, requestId],
  );
  return rows[0] as DecisionRow;
}

function sameDecision(row: DecisionRow, decision: NewDecision): DecisionState {
  const same =
    row.kind === decision.kind && (row.gate ?? undefined) === decision.gate && row.reason === decision.reason;
  if (!same)
    throw new DomainError(
      'idempotency-conflict',
      `request id "${decision.requestId}" was used for another decision; use a new one`,
    );
  return toState(row);
}

const toState = (row: DecisionRow): DecisionState => ({
  id: row.id,
  kind: row.kind,
  state: row.state,
  ...(row.refusal ? { refusal: row.refusal } : {}),
});
