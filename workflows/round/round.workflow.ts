import {
  allHandlersFinished,
  condition,
  getExternalWorkflowHandle,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { buildStage } from '../build/build.workflow';
import type { Built } from '../build/build.activities';
import type { Gate } from '../campaign/campaign.messages';
import { gateReached, stageBegan, stageWorkflowId } from '../campaign/campaign.messages';
import { attributesOf, describeRun } from '../describe';
import type { Designed } from '../design/design.activities';
import { designStage } from '../design/design.workflow';
import { campaignFacts } from '../device-work/local-activities';
import { learnStage } from '../learn/learn.workflow';
import { steer } from '../stage.messages';
import type { StageInput, StageName, StageOutcome } from '../stage.messages';
import { Steered } from '../steered-child';
import { testStage } from '../test/test.workflow';
import { gateApproved, roundState } from './round.messages';
import type { RoundInput, RoundOutcome } from './round.messages';

/** One DBTL round: what was proposed is built, what was built is measured, what was measured teaches. */
export async function round(input: RoundInput): Promise<RoundOutcome> {
  const run = new RoundRun(input);
  await campaignFacts.openRound({ campaignId: input.campaignId, round: input.round, kind: input.kind });
  const designed = await run.stage<Designed>('design', designStage);
  const anything = designed === undefined || designed.designs > 0;
  let proceed = anything;
  if (anything && input.kind === 'explore') {
    if (!input.completed.includes('build')) await run.gate('build-release');
    const built = await run.stage<Built>('build', buildStage);
    proceed = built === undefined || built.proceed;
  }
  if (proceed) await run.stage('test', testStage);
  if (anything || input.kind === 'explore') await run.stage('learn', learnStage);
  await condition(allHandlersFinished);
  return { unhandled: run.steered.take() };
}

class RoundRun {
  readonly steered: Steered;
  private readonly approved = new Set<Gate>();
  private current: StageName | undefined;
  private waitingFor: Gate | undefined;

  constructor(private readonly input: RoundInput) {
    this.steered = new Steered(input);
    setHandler(steer, (steering) => this.steered.steer(steering));
    setHandler(gateApproved, ({ gate, eventIds }) => {
      this.approved.add(gate);
      this.steered.carry(eventIds);
    });
    setHandler(roundState, () => ({
      round: input.round,
      kind: input.kind,
      ...(this.current ? { stage: this.current } : {}),
      ...(this.waitingFor ? { waitingFor: this.waitingFor } : {}),
      paused: this.steered.paused,
    }));
  }

  /**
   * Runs a stage and stores its result.
   * @returns undefined when an earlier run of the round has completed it
   */
  async stage<Result>(
    stage: StageName,
    workflow: (input: StageInput) => Promise<StageOutcome<Result>>,
  ): Promise<Result | undefined> {
    const { campaignId, round, completed } = this.input;
    if (completed.includes(stage)) return undefined;
    if (this.steered.paused) await this.steered.restUntil(() => !this.steered.paused);
    this.current = stage;
    setCurrentDetails(`${stage}`);
    await this.campaign().signal(stageBegan, { stage, round });
    await campaignFacts.beginStage({ campaignId, round, stage });
    const { result, unhandled } = await this.steered.run(workflow, this.options(stage), () => this.stageInput());
    await campaignFacts.recordStage({ campaignId, round, stage, result });
    this.steered.carry(unhandled);
    return result;
  }

  /** Waits for a person at a gate that is not automatic. */
  async gate(gate: Gate): Promise<void> {
    const { campaignId, round, gates } = this.input;
    if (!gates.includes(gate) || this.approved.has(gate)) return;
    this.waitingFor = gate;
    setCurrentDetails(`waiting for approval: ${gate}`);
    await this.campaign().signal(gateReached, { gate, round });
    await campaignFacts.openGate({ campaignId, round, gate, handledEventIds: this.steered.take() });
    await this.steered.restUntil(() => this.approved.has(gate));
    this.waitingFor = undefined;
    await campaignFacts.passGate({ campaignId, round, gate });
  }

  private stageInput(): StageInput {
    const { completed: _completed, gates: _gates, ...campaign } = this.input;
    return { ...campaign, paused: this.steered.paused, unhandled: this.steered.take() };
  }

  private options(stage: StageName) {
    const { input } = this;
    return {
      workflowId: stageWorkflowId(input.tenant, input.slug, input.round, stage),
      typedSearchAttributes: attributesOf(input, { round: input.round, stage }),
      ...describeRun(input, { round: input.round, kind: input.kind, stage }),
    };
  }

  private campaign() {
    return getExternalWorkflowHandle(workflowInfo().parent?.workflowId ?? '');
  }
}
