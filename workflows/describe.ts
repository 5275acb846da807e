import type { SearchAttributePair } from '@temporalio/common';
import { searchAttributes } from './search-attributes.messages';
import type { CampaignRef, RoundKind, StageName } from './stage.messages';

/** Search attributes of a round or stage. */
export function attributesOf(
  campaign: CampaignRef,
  at: { readonly round?: number; readonly stage?: StageName },
): SearchAttributePair[] {
  const pairs: SearchAttributePair[] = [
    { key: searchAttributes.campaignId, value: campaign.campaignId },
    { key: searchAttributes.tenantId, value: campaign.tenantId },
    { key: searchAttributes.site, value: campaign.site },
    { key: searchAttributes.owner, value: campaign.owner },
  ];
  if (at.round !== undefined) pairs.push({ key: searchAttributes.round, value: at.round });
  if (at.stage !== undefined) pairs.push({ key: searchAttributes.stage, value: at.stage });
  return pairs;
}

/** What Temporal's pages show of a round or stage. */
export function describeRun(
  campaign: CampaignRef,
  at: { readonly round: number; readonly kind: RoundKind; readonly stage?: StageName },
): { staticSummary: string; staticDetails: string } {
  const where = at.stage ? `${at.stage}, round ${at.round}` : `round ${at.round} (${at.kind})`;
  return {
    staticSummary: `${campaign.slug}: ${where}`,
    staticDetails: `**${campaign.title}**\n\n- campaign \`${campaign.slug}\` of ${campaign.owner}\n- ${where}\n- site ${campaign.site}`,
  };
}
