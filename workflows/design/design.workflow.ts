import { proxyActivities } from '@temporalio/workflow';
import type { StageInput, StageOutcome } from '../stage.messages';
import type { DesignActivities, Designed } from './design.activities';

const { chooseDesigns } = proxyActivities<DesignActivities>({
  startToCloseTimeout: '30m',
  heartbeatTimeout: '15s',
  retry: { initialInterval: '500ms', maximumInterval: '30s' },
});

/** Freezes the designs of the round. */
export async function designStage(input: StageInput): Promise<StageOutcome<Designed>> {
  const { tenantId, campaignId, round, kind, unhandled } = input;
  const result = await chooseDesigns.executeWithOptions({ summary: `designs of round ${round}` }, [
    { tenantId, campaignId, round, kind },
  ]);
  return { result, unhandled };
}
