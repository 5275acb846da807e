/** JSON pointers into the campaign (`libs/campaign/campaign.ts`) a protocol may use as a value. */
export const campaignPointers: readonly string[] = [
  '/assay/medium',
  '/assay/reads',
  '/assay/startOd',
  '/assay/temperatureC',
  '/build/attempts',
  '/build/clonesPerDesign',
  '/budget/constructsPerRound',
  '/replication/clonesPerDesign',
  '/replication/culturesPerClone',
  '/replication/wellsPerCulture',
];
