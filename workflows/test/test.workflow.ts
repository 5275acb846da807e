import { proxyActivities } from '@temporalio/workflow';
import { runProtocolStage } from '../device-work/protocol-stage';
import type { StageInput, StageOutcome } from '../stage.messages';
import type { TestActivities, Tested } from './test.activities';
import { patience } from '../patience';

const { closeTest } = proxyActivities<TestActivities>({
  startToCloseTimeout: '5m',
  ...patience,
});

/** Cultures to quality-checked measurements, as the campaign's assay protocol says. */
export async function testStage(input: StageInput): Promise<StageOutcome<Tested>> {
  const { tenantId, campaignId, round } = input;
  return runProtocolStage('test', input, () => closeTest({ tenantId, campaignId, round }));
}
