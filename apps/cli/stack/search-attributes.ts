/** Search attributes of Anneal's workflows; a workflow that sets one the server does not know fails to start. */
export const searchAttributes = {
  CampaignId: 'Keyword',
  TenantId: 'Keyword',
  Site: 'Keyword',
  Stage: 'Keyword',
  Owner: 'Keyword',
  Outcome: 'Keyword',
  Round: 'Int',
  Deadline: 'Datetime',
} as const;
