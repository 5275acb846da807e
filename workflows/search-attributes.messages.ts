import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';

/** Search attributes by which people find runs in Temporal's own pages. Registered by the worker when it starts. */
export const searchAttributes = {
  campaignId: defineSearchAttributeKey('CampaignId', SearchAttributeType.KEYWORD),
  tenantId: defineSearchAttributeKey('TenantId', SearchAttributeType.KEYWORD),
  site: defineSearchAttributeKey('Site', SearchAttributeType.KEYWORD),
  stage: defineSearchAttributeKey('Stage', SearchAttributeType.KEYWORD),
  owner: defineSearchAttributeKey('Owner', SearchAttributeType.KEYWORD),
  outcome: defineSearchAttributeKey('Outcome', SearchAttributeType.KEYWORD),
  round: defineSearchAttributeKey('Round', SearchAttributeType.INT),
  deadline: defineSearchAttributeKey('Deadline', SearchAttributeType.DATETIME),
} as const;
