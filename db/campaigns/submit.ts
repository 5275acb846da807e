import { createHash } from 'node:crypto';
import type { Pool, PoolClient } from 'pg';
import { DomainError } from '../../libs/errors/domain-error';
import type { Campaign } from '../../libs/campaign/campaign';
import { appendEvent } from '../device-work/events';
import { appendOutbox } from '../device-work/outbox';
import { newId } from '../ids';
import { inTransaction } from '../transaction';

/** A validated campaign document on its way into the facts. */
export interface Submission {
  readonly tenantId: string;
  readonly siteSlug: string;
  readonly actorId: string;
  readonly idempotencyKey: string;
  readonly sourceText: string;
  readonly campaign: Campaign;
  /** Shipped protocols the campaign names; stored when the tenant has none of that id and version. */
  readonly protocols: readonly ProtocolSource[];
}

export interface ProtocolSource {
  readonly id: string;
  readonly version: string;
  readonly stage: 'build' | 'test';
  readonly sourceText: string;
  readonly document: unknown;
}

export interface Accepted {
  readonly id: string;
  readonly slug: string;
  readonly revision: number;
  readonly status: string;
}

/**
 * Stores a campaign, its first revision, its protocols and the message that starts its workflow, in one transaction.
 * The same idempotency key with the same text gives the same campaign for ever.
 * @throws DomainError `idempotency-conflict` when the key was used for another text; `version-conflict` when the slug is taken.
 */
export async function submitCampaign(pool: Pool, submission: Submission): Promise<Accepted> {
  return inTransaction(pool, async (client) => {
    const digest = sha256(submission.sourceText);
    const known = await earlierAnswer(client, submission, digest);
    if (known) return known;
    const accepted = await insertCampaign(client, submission, digest);
    await client.query('insert into idempotency_key (tenant_id, key, body_sha256, response) values ($1, $2, $3, $4)', [
      submission.tenantId,
      submission.idempotencyKey,
      digest,
      JSON.stringify(accepted),
    ]);
    return accepted;
  });
}

async function earlierAnswer(
  client: PoolClient,
  submission: Submission,
  digest: Buffer,
): Promise<Accepted | undefined> {
  await client.query('select pg_advisory_xact_lock(hashtextextended($1, 7))', [
    `${submission.tenantId}/${submission.idempotencyKey}`,
  ]);
  const { rows } = await client.query<{ body_sha256: Buffer; response: Accepted }>(
    'select body_sha256, response from idempotency_key where tenant_id = $1 and key = $2',
    [submission.tenantId, submission.idempotencyKey],
  );
  const earlier = rows[0];
  if (earlier && !earlier.body_sha256.equals(digest))
    throw new DomainError(
      'idempotency-conflict',
      `the idempotency key "${submission.idempotencyKey}" was used for another document; use a new key for a new document`,
    );
  return earlier?.response;
}

async function insertCampaign(client: PoolClient, submission: Submission, digest: Buffer): Promise<Accepted> {
  const { tenantId, actorId, campaign } = submission;
  const site = await client.query<{ id: string }>('select id from site where tenant_id = $1 and slug = $2', [
    tenantId,
    submission.siteSlug,
  ]);
  const siteId = site.rows[0]?.id;
  if (!siteId) throw new DomainError('not-found', `there is no site "${submission.siteSlug}"`);
  const id = newId();
  const inserted = await client.query(
    `insert into campaign (id, tenant_id, site_id, slug, status, owner_id) values ($1, $2, $3, $4, 'submitted', $5)
     on conflict (tenant_id, slug) do nothing`,
    [id, tenantId, siteId, campaign.id, actorId],
  );
  if (inserted.rowCount === 0)
    throw new DomainError('version-conflict', `a campaign "${campaign.id}" exists already; choose another id`);
  for (const protocol of submission.protocols) await storeProtocol(client, tenantId, actorId, protocol);
  await client.query(
    `insert into campaign_revision (campaign_id, revision, tenant_id, source_text, sha256, document, actor_id)
     values ($1, 1, $2, $3, $4, $5, $6)`,
    [id, tenantId, submission.sourceText, digest, JSON.stringify(campaign), actorId],
  );
  const address = { tenantId, siteId, campaignId: id };
  await appendEvent(client, {
    tenantId,
    stream: `campaign/${id}`,
    kind: 'campaignSubmitted',
    actorId,
    campaignId: id,
    siteId,
    payload: { slug: campaign.id, revision: 1, sha256: digest.toString('hex') },
  });
  await appendOutbox(client, { ...address, kind: 'start', name: 'campaign', payload: { epoch: 1 } });
  return { id, slug: campaign.id, revision: 1, status: 'submitted' };
}

/**
 * Stores a protocol version once.
 * @throws DomainError `version-conflict` when the version exists with other content.
 */
export async function storeProtocol(
  client: PoolClient,
  tenantId: string,
  actorId: string,
  protocol: ProtocolSource,
): Promise<void> {
  const digest = sha256(protocol.sourceText);
  await client.query(
    `insert into protocol (tenant_id, id, version, stage, sha256, source_text, document, actor_id)
     values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing`,
    [
      tenantId,
      protocol.id,
      protocol.version,
      protocol.stage,
      digest,
      protocol.sourceText,
      JSON.stringify(protocol.document),
      actorId,
    ],
  );
  const { rows } = await client.query<{ sha256: Buffer }>(
    'select sha256 from protocol where tenant_id = $1 and id = $2 and version = $3',
    [tenantId, protocol.id, protocol.version],
  );
  if (!rows[0]?.sha256.equals(digest))
    throw new DomainError(
      'version-conflict',
      `protocol ${protocol.id}@${protocol.version} exists with other content; a change needs a new version`,
    );
}

const sha256 = (text: string): Buffer => createHash('sha256').update(text, 'utf8').digest();
