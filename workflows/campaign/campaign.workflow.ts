import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  isCancellation,
  TemporalFailure,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import { campaignFacts } from '../device-work/local-activities';
import { failureReason } from '../failure-reason';
import { searchAttributes } from '../search-attributes.messages';
import type { CampaignInput, CampaignOutcome } from './campaign.messages';
import { CampaignRun } from './campaign-run';
import { nextRound } from './next-round';

/** A goal pursued over several rounds. One run is one round; PostgreSQL says which. */
export async function campaign(input: CampaignInput): Promise<CampaignOutcome> {
  const run = new CampaignRun(input);
  const ended = await goOn(run).catch((error: unknown) => endedBy(run, error));
  if (ended) return close(run, ended);
  await condition(allHandlersFinished);
  if (run.aborting !== undefined) return close(run, aborted(run));
  return continueAsNew<typeof campaign>(run.nextInput());
}

type Ending = Pick<CampaignOutcome, 'status' | 'reason'> & { readonly code?: string };

/** Runs the next round. @returns how the campaign ended, when there is no round to run */
async function goOn(run: CampaignRun): Promise<Ending | undefined> {
  return run.scope.run(async () => {
    const progress = await campaignFacts.loadProgress({ campaignId: run.input.campaignId });
    run.learn(progress);
    if (progress.status === 'finished' || progress.status === 'aborted' || progress.status === 'failed')
      return { status: progress.status, reason: 'it had ended before' };
    const next = nextRound(progress);
    if ('finished' in next) return { status: 'finished', reason: next.finished };
    await run.round(next);
    return undefined;
  });
}

/** @throws the error itself when it is a bug: then only the workflow task fails, and goes on when the bug is mended */
function endedBy(run: CampaignRun, error: unknown): Ending {
  if (!(error instanceof TemporalFailure)) throw error;
  if (run.aborting !== undefined || isCancellation(error)) return aborted(run);
  const { message, code } = failureReason(error);
  return { status: 'failed', reason: message, code };
}

const aborted = (run: CampaignRun): Ending => ({ status: 'aborted', reason: run.aborting ?? 'cancelled in Temporal' });

async function close(run: CampaignRun, ending: Ending): Promise<CampaignOutcome> {
  run.end();
  const { campaignId } = run.input;
  await CancellationScope.nonCancellable(async () => {
    await condition(allHandlersFinished);
    await campaignFacts.closeCampaign({ campaignId, ...ending, handledEventIds: run.steered.take() });
  });
  upsertSearchAttributes([{ key: searchAttributes.outcome, value: ending.status }]);
  run.show(`${ending.status}: ${ending.reason}`);
  return { status: ending.status, reason: ending.reason, rounds: run.number };
}
