import { Injectable } from '@nestjs/common';
import type { BuildActivities as Build } from '../../../workflows/build/build.activities';
import type { CampaignActivities as Campaign } from '../../../workflows/campaign/campaign.activities';
import type { DesignActivities as Design } from '../../../workflows/design/design.activities';
import type { DeviceWorkActivities as DeviceWork } from '../../../workflows/device-work/device-work.activities';
import type { LearnActivities as Learn } from '../../../workflows/learn/learn.activities';
import type { TestActivities as Test } from '../../../workflows/test/test.activities';
import { BuildActivities } from '../build/build.activities';
import { CampaignActivities } from '../campaigns/campaign.activities';
import { DesignActivities } from '../design/design.activities';
import { DeviceWorkActivities } from '../device-work/device-work.activities';
import { LearnActivities } from '../learn/learn.activities';
import { TestActivities } from '../test/test.activities';

/** Everything workflows may ask of the worker; a missing one does not compile. */
export type Activities = Design & Build & Test & Learn & DeviceWork & Campaign;

/** Gathers the activities of all providers. Temporal calls activities without their object: hence the arrows. */
@Injectable()
export class ActivityRegistry {
  readonly activities: Activities;

  constructor(
    design: DesignActivities,
    build: BuildActivities,
    test: TestActivities,
    learn: LearnActivities,
    deviceWork: DeviceWorkActivities,
    campaigns: CampaignActivities,
  ) {
    this.activities = {
      chooseDesigns: (input) => design.chooseDesigns(input),
      loadProtocol: (input) => build.loadProtocol(input),
      runPlanner: (input) => build.runPlanner(input),
      planRetry: (input) => build.planRetry(input),
      closeBuild: (input) => build.closeBuild(input),
      closeTest: (input) => test.closeTest(input),
      learnRound: (input) => learn.learnRound(input),
      queueBlock: (input) => deviceWork.queueBlock(input),
      repeatJob: (input) => deviceWork.repeatJob(input),
      retryJob: (input) => deviceWork.retryJob(input),
      acceptJob: (input) => deviceWork.acceptJob(input),
      withdrawJobs: (input) => deviceWork.withdrawJobs(input),
      rest: (input) => deviceWork.rest(input),
      awaitEvidence: (input) => deviceWork.awaitEvidence(input),
      askPerson: (input) => deviceWork.askPerson(input),
      reportOverdue: (input) => deviceWork.reportOverdue(input),
      loadProgress: (input) => campaigns.loadProgress(input),
      openRound: (input) => campaigns.openRound(input),
      beginStage: (input) => campaigns.beginStage(input),
      recordStage: (input) => campaigns.recordStage(input),
      closeRound: (input) => campaigns.closeRound(input),
      openGate: (input) => campaigns.openGate(input),
      passGate: (input) => campaigns.passGate(input),
      setPaused: (input) => campaigns.setPaused(input),
      confirmMessages: (input) => campaigns.confirmMessages(input),
      closeCampaign: (input) => campaigns.closeCampaign(input),
    };
  }
}
