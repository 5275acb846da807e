import {
  CancellationScope,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  TemporalFailure,
} from '@temporalio/workflow';
import type { BuildActivities } from '../build/build.activities';
import type { StageInput, StageName, StageOutcome } from '../stage.messages';
import { steer } from '../stage.messages';
import { Desk } from './desk';
import { jobsDecided, jobsSettled, stageState, timersDue } from './device-work.messages';
import { interpretProtocol, protocolStage } from './interpret-protocol';
import { deviceWork } from './local-activities';
import { patience } from '../patience';

const { loadProtocol } = proxyActivities<BuildActivities>({
  startToCloseTimeout: '1m',
  ...patience,
});

/**
 * A stage that interprets its protocol and then closes with one activity. When it is cancelled or fails, what has not
 * started yet is withdrawn.
 */
export async function runProtocolStage<Result>(
  stage: StageName,
  input: StageInput,
  close: () => Promise<Result>,
): Promise<StageOutcome<Result>> {
  const { tenantId, siteId, campaignId, round } = input;
  const desk = new Desk({ tenantId, siteId, campaignId, round, stage }, input);
  listen(desk);
  const scope = new CancellationScope();
  try {
    return await scope.run(() => Promise.race([work(desk, close), desk.watchStrays()]));
  } catch (error) {
    // A bug fails the workflow task only: it goes on when the bug is mended.
    if (!(error instanceof TemporalFailure)) throw error;
    scope.cancel();
    await CancellationScope.nonCancellable(() => withdrawOpen(desk, error));
    throw error;
  }
}

async function work<Result>(desk: Desk, close: () => Promise<Result>): Promise<StageOutcome<Result>> {
  const { tenantId, campaignId, round } = desk.stage;
  const protocol = await loadProtocol({ tenantId, campaignId, round, stage: protocolStage(desk) });
  await interpretProtocol(protocol, desk);
  desk.line = 'closing';
  const result = await close();
  await desk.settled();
  return { result, unhandled: desk.inbox.takeAll() };
}

function listen(desk: Desk): void {
  setHandler(jobsSettled, (messages) => desk.inbox.settle(messages));
  setHandler(jobsDecided, (messages) => desk.inbox.decide(messages));
  setHandler(timersDue, (messages) => desk.inbox.ring(messages));
  setHandler(steer, (steering) => desk.steer(steering));
  setHandler(stageState, () => ({
    step: desk.line,
    paused: desk.inbox.paused,
    open: Object.fromEntries(desk.inbox.open().map((key) => [key, desk.inbox.job(key)?.state ?? 'queued'])),
  }));
  desk.onLine = (line) => setCurrentDetails(line);
}

async function withdrawOpen(desk: Desk, error: unknown): Promise<void> {
  const stepKeys = desk.inbox.open();
  const handledEventIds = desk.inbox.takeAll();
  if (stepKeys.length === 0 && handledEventIds.length === 0) return;
  const reason = error instanceof Error ? error.message : 'the stage ended';
  await deviceWork.withdrawJobs({ ...desk.stage, stepKeys, reason, handledEventIds });
}
