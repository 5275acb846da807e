import { proxyActivities } from '@temporalio/workflow';
import { runProtocolStage } from '../device-work/protocol-stage';
import type { StageInput, StageOutcome } from '../stage.messages';
import type { BuildActivities, Built } from './build.activities';
import { patience } from '../patience';

const { closeBuild } = proxyActivities<BuildActivities>({
  startToCloseTimeout: '5m',
  ...patience,
});

/** Parts to verified, stored cultures, as the campaign's build protocol says. */
export async function buildStage(input: StageInput): Promise<StageOutcome<Built>> {
  const { tenantId, campaignId, round } = input;
  return runProtocolStage('build', input, () => closeBuild({ tenantId, campaignId, round }));
}
