import type { Pool, PoolClient } from 'pg';
import { appendEvent } from '../../../db/device-work/events';
import { systemActor } from '../../../db/seed';
import type { Campaign } from '../../../libs/campaign/campaign';
import { DomainError } from '../../../libs/errors/domain-error';

/** A campaign's row with the document of its present revision. */
export interface CampaignRow {
  readonly id: string;
  readonly tenantId: string;
  readonly siteId: string;
  readonly slug: string;
  readonly status: string;
  readonly revision: number;
  readonly epoch: number;
  readonly currentRound: number;
  readonly document: Campaign;
  /** Actor that stands for Anneal itself. */
  readonly systemActorId: string;
}

/** Reads a campaign and locks its row until the transaction ends. @throws DomainError `not-found` */
export async function lockCampaign(client: PoolClient, campaignId: string): Promise<CampaignRow> {
  const { rows } = await client.query<CampaignRow>(
    `select c.id, c.tenant_id as "tenantId", c.site_id as "siteId", c.slug, c.status, c.revision, c.epoch,
       c.current_round as "currentRound", r.document, a.id as "systemActorId"
     from campaign c
     join campaign_revision r on r.campaign_id = c.id and r.revision = c.revision
     join actor a on a.tenant_id = c.tenant_id and a.kind = 'system' and a.name = $2
     where c.id = $1 for no key update of c`,
    [campaignId, systemActor],
  );
  if (!rows[0]) throw new DomainError('not-found', `there is no campaign ${campaignId}`);
  return rows[0];
}

/** Appends an event to the campaign's stream. */
export async function recordFact(
  client: PoolClient,
  campaign: Pick<CampaignRow, 'id' | 'tenantId' | 'siteId' | 'systemActorId'>,
  kind: string,
  payload: Readonly<Record<string, unknown>>,
): Promise<void> {
  await appendEvent(client, {
    tenantId: campaign.tenantId,
    stream: `campaign/${campaign.id}`,
    kind,
    actorId: campaign.systemActorId,
    campaignId: campaign.id,
    siteId: campaign.siteId,
    payload,
  });
}

/** Confirms every message of a campaign that has been sent: nobody will act on it any more. */
export async function confirmAll(client: Pool | PoolClient, campaignId: string): Promise<void> {
  await client.query(
    `update outbox set handled_at = now() where campaign_id = $1 and sent_at is not null and handled_at is null`,
    [campaignId],
  );
}

/** Protocols a round is pinned to. */
export const pinsOf = ({ build, assay }: Campaign): Record<string, { id: string; version: string }> => ({
  build: { id: build.protocol.id, version: build.protocol.version },
  test: { id: assay.protocol.id, version: assay.protocol.version },
});

/** Role that may approve at a gate. */
export const gateRole = ({ approvals }: Campaign, gate: string): string =>
  approvals.find((approval) => approval.gate === gate)?.role ?? 'pi';
