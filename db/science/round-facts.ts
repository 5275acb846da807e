import type { Pool, PoolClient } from 'pg';
import type { Campaign, ProtocolRef } from '../../libs/campaign/campaign';
import { DomainError } from '../../libs/errors/domain-error';
import type { Protocol } from '../../libs/protocol/protocol';

/** A round of a campaign as the planners need it. */
export interface RoundFacts {
  readonly tenantId: string;
  readonly siteId: string;
  readonly campaignId: string;
  readonly slug: string;
  readonly round: number;
  readonly kind: 'explore' | 'confirm';
  /** The revision the round is pinned to. */
  readonly campaign: Campaign;
  readonly pins: Readonly<Partial<Record<'build' | 'test', ProtocolRef>>>;
  /** The actor that stands for Anneal itself. */
  readonly systemActorId: string;
  /** Lab time. */
  readonly labNow: Date;
}

/** Which round of which campaign. */
export interface RoundKey {
  readonly tenantId: string;
  readonly campaignId: string;
  readonly round: number;
}

interface RoundRow {
  readonly site_id: string;
  readonly slug: string;
  readonly kind: 'explore' | 'confirm';
  readonly pins: RoundFacts['pins'];
  readonly document: Campaign;
  readonly system_actor: string;
  readonly lab_now: Date;
}

/**
 * A round with the campaign revision it is pinned to.
 * @throws DomainError `not-found` when the round was not opened.
 */
export async function loadRound(pool: Pool, key: RoundKey): Promise<RoundFacts> {
  const { rows } = await pool.query<RoundRow>(
    `select c.site_id, c.slug, r.kind, r.pins, v.document, system_actor(c.tenant_id) as system_actor,
       lab_now(c.site_id) as lab_now
     from campaign c
     join round r on r.campaign_id = c.id and r.number = $3
     join campaign_revision v on v.campaign_id = c.id and v.revision = r.revision
     where c.tenant_id = $1 and c.id = $2`,
    [key.tenantId, key.campaignId, key.round],
  );
  const [row] = rows;
  if (!row) throw new DomainError('not-found', `Round ${key.round} of campaign ${key.campaignId} is not open.`);
  return {
    tenantId: key.tenantId,
    campaignId: key.campaignId,
    round: key.round,
    siteId: row.site_id,
    slug: row.slug,
    kind: row.kind,
    pins: row.pins,
    campaign: row.document,
    systemActorId: row.system_actor,
    labNow: row.lab_now,
  };
}

/**
 * The stored protocol of an id and version.
 * @throws DomainError `not-found`
 */
export async function loadStoredProtocol(pool: Pool, tenantId: string, ref: ProtocolRef): Promise<Protocol> {
  const { rows } = await pool.query<{ document: Protocol }>(
    'select document from protocol where tenant_id = $1 and id = $2 and version = $3',
    [tenantId, ref.id, ref.version],
  );
  if (!rows[0]) throw new DomainError('not-found', `There is no protocol ${ref.id}@${ref.version}.`);
  return rows[0].document;
}

/** Adds to what people see of a campaign's progress; other entries stay. */
export async function noteProgress(
  client: PoolClient,
  campaign: { readonly tenantId: string; readonly campaignId: string },
  entries: Readonly<Record<string, unknown>>,
): Promise<void> {
  await client.query('update campaign set progress = progress || $3 where tenant_id = $1 and id = $2', [
    campaign.tenantId,
    campaign.campaignId,
    JSON.stringify(entries),
  ]);
}
