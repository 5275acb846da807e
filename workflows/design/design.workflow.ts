import { proxyActivities } from '@temporalio/workflow';
import type { StageInput, StageOutcome } from '../stage.messages';
import type { DesignActivities, Designed } from './design.activities';
import { patience } from '../patience';

const { chooseDesigns } = proxyActivities<DesignActivities>({
  startToCloseTimeout: '30m',
  ...patience,
});

/** Freezes the designs of the round. */
export async function designStage(input: StageInput): Promise<StageOutcome<Designed>> {
  const { tenantId, campaignId, round, kind, unhandled } = input;
  const result = await chooseDesigns.executeWithOptions({ summary: `designs of round ${round}` }, [
    { tenantId, campaignId, round, kind },
  ]);
  return { result, unhandled };
}
