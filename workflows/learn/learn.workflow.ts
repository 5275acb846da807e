import { proxyActivities } from '@temporalio/workflow';
import type { StageInput, StageOutcome } from '../stage.messages';
import type { LearnActivities, LearnResult } from './learn.activities';
import { patience } from '../patience';

const { learnRound } = proxyActivities<LearnActivities>({
  startToCloseTimeout: '1h',
  ...patience,
});

/** Fits what was measured and says what to build next, or why to stop. */
export async function learnStage(input: StageInput): Promise<StageOutcome<LearnResult>> {
  const { tenantId, campaignId, round, kind, unhandled } = input;
  const result = await learnRound.executeWithOptions({ summary: `learn from round ${round}` }, [
    { tenantId, campaignId, round, kind },
  ]);
  return { result, unhandled };
}
