import type { Pool } from 'pg';
import { markSent } from '../../../db/device-work/outbox';
import { appendEvent } from '../../../db/device-work/events';
import { inTransaction } from '../../../db/transaction';
import type { Decision, DecisionApplied } from '../../../workflows/campaign/campaign.messages';

/** A decision as it was stored, and how the campaign stands. */
export interface StoredDecision extends Omit<Decision, 'eventId'> {
  readonly state: 'pending' | 'applied' | 'refused';
  readonly campaignStatus: string;
  readonly tenantId: string;
  readonly siteId: string;
  readonly campaignId: string;
  readonly actorId: string;
}

/** A decision by its id. */
export async function loadDecision(pool: Pool, id: string): Promise<StoredDecision | undefined> {
  const { rows } = await pool.query<Omit<StoredDecision, 'gate'> & { gate: StoredDecision['gate'] | null }>(
    `select d.id as "decisionId", d.kind, d.gate, d.reason, a.name as by, a.roles, d.state, c.status as "campaignStatus",
       d.tenant_id as "tenantId", c.site_id as "siteId", c.id as "campaignId", d.actor_id as "actorId"
     from decision d join actor a on a.id = d.actor_id join campaign c on c.id = d.campaign_id where d.id = $1`,
    [id],
  );
  if (!rows[0]) return undefined;
  const { gate, ...decision } = rows[0];
  return gate ? { ...decision, gate } : decision;
}

/** Writes down that a decision took effect. Its message is confirmed by the workflow, unless it had been applied before. */
export async function decisionApplied(
  pool: Pool,
  decision: StoredDecision,
  messageId: string,
  applied: DecisionApplied,
): Promise<void> {
  const written = { round: applied.round, effect: applied.effect };
  await settle(pool, decision, { state: 'applied', refusal: null, written });
  await markSent(pool, [messageId], { handled: applied.repeated === true });
}

/** Writes down that the workflow refused a decision, and why. Nothing follows from its message. */
export async function decisionRefused(
  pool: Pool,
  decision: StoredDecision,
  messageId: string,
  refusal: string,
): Promise<void> {
  await settle(pool, decision, { state: 'refused', refusal, written: {} });
  await markSent(pool, [messageId], { handled: true });
}

async function settle(
  pool: Pool,
  decision: StoredDecision,
  end: { readonly state: 'applied' | 'refused'; readonly refusal: string | null; readonly written: object },
): Promise<void> {
  const { decisionId, tenantId, siteId, campaignId, actorId } = decision;
  await inTransaction(pool, async (client) => {
    const { rowCount } = await client.query(
      `update decision set state = $2, refusal = $3, settled_at = now(), payload = payload || $4::jsonb
       where id = $1 and state = 'pending'`,
      [decisionId, end.state, end.refusal, JSON.stringify(end.written)],
    );
    if (!rowCount) return;
    await appendEvent(client, {
      tenantId,
      stream: `campaign/${campaignId}`,
      kind: end.state === 'applied' ? 'decisionApplied' : 'decisionRefused',
      actorId,
      campaignId,
      siteId,
      payload: { decisionId, kind: decision.kind, ...(end.refusal ? { refusal: end.refusal } : {}), ...end.written },
    });
  });
}
