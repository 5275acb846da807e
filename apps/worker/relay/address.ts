import type { Pool } from 'pg';
import type { Campaign } from '../../../libs/campaign/campaign';
import { campaignWorkflowId, stageWorkflowId } from '../../../workflows/campaign/campaign.messages';
import type { CampaignRef, StageName } from '../../../workflows/stage.messages';

/** Where a message goes: the campaign itself, or one of its stages. */
export interface Address {
  readonly campaignId: string;
  readonly round: number | null;
  readonly stage: string | null;
}

/** One line of messages: those of an address are sent one after the other. */
export const lineOf = ({ campaignId, round, stage }: Address): string => `${campaignId}/${round ?? ''}/${stage ?? ''}`;

/** Finds campaigns by id and remembers what never changes of them. */
export class CampaignDirectory {
  private readonly known = new Map<string, CampaignRef>();

  constructor(private readonly pool: Pool) {}

  /** What names a campaign. Undefined when there is none of that id. */
  async find(campaignId: string): Promise<CampaignRef | undefined> {
    const known = this.known.get(campaignId);
    if (known) return known;
    const { rows } = await this.pool.query<Omit<CampaignRef, 'title' | 'deadline'> & { document: Campaign }>(
      `select c.id as "campaignId", c.slug, c.tenant_id as "tenantId", t.slug as tenant, c.site_id as "siteId", s.slug as site,
         a.name as owner, r.document
       from campaign c join tenant t on t.id = c.tenant_id join site s on s.id = c.site_id join actor a on a.id = c.owner_id
       join campaign_revision r on r.campaign_id = c.id and r.revision = 1 where c.id = $1`,
      [campaignId],
    );
    if (!rows[0]) return undefined;
    const { document, ...names } = rows[0];
    const { deadline } = document.budget;
    const found = { ...names, title: document.title, ...(deadline ? { deadline } : {}) };
    this.known.set(campaignId, found);
    return found;
  }
}

/** Id of the workflow that lives at an address, whatever epoch it is. */
export function workflowIdAt({ tenant, slug }: CampaignRef, { round, stage }: Address): string {
  if (round === null || stage === null) return campaignWorkflowId(tenant, slug);
  return stageWorkflowId(tenant, slug, round, stage as StageName);
}
