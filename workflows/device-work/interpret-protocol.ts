import { ApplicationFailure, proxyActivities } from '@temporalio/workflow';
import type { BranchStep, PlanStep, Protocol, RepeatStep, Step } from '../../libs/protocol/protocol';
import { isPlan, isRepeat } from '../../libs/protocol/protocol';
import type { BuildActivities } from '../build/build.activities';
import { withSummary } from './desk';
import type { Desk } from './desk';
import { inPass, isSegment, mostPasses, segmentsOf, stepKeyOf } from './protocol-steps';
import type { DecidingStep, Position } from './protocol-steps';
import { runOperations } from './run-operations';
import { Scope } from './scope';
import { patience } from '../patience';

const { runPlanner } = proxyActivities<BuildActivities>({
  startToCloseTimeout: '10m',
  ...patience,
});

/** Interprets a protocol from its first step to its last. */
export async function interpretProtocol(protocol: Protocol, desk: Desk): Promise<void> {
  const { round, stage } = desk.stage;
  await interpretSteps(protocol.steps, { prefix: `r${round}/${stage}`, pass: 1 }, { desk, scope: new Scope() });
}

interface Interpreter {
  readonly desk: Desk;
  readonly scope: Scope;
}

async function interpretSteps(steps: readonly Step[], at: Position, on: Interpreter): Promise<void> {
  for (const segment of segmentsOf(steps)) {
    if (isSegment(segment)) await runOperations(on.desk, on.scope.chainsOf(segment, at));
    else await decideStep(segment, at, on);
  }
}

function decideStep(step: DecidingStep, at: Position, on: Interpreter): Promise<void> {
  if (isPlan(step)) return plan(step, at, on);
  return isRepeat(step) ? repeat(step, at, on) : branch(step, at, on);
}

async function plan(step: PlanStep, at: Position, { desk, scope }: Interpreter): Promise<void> {
  const { tenantId, siteId, campaignId, round } = desk.stage;
  const stepKey = stepKeyOf(at, step.id);
  desk.line = `${stepKey}: planning`;
  const planned = await runPlanner.executeWithOptions(withSummary(`${step.plan} → ${stepKey}`), [
    {
      tenantId,
      siteId,
      campaignId,
      round,
      stage: protocolStage(desk),
      stepKey,
      planner: step.plan,
      inputs: step.inputs,
      priorStepKeys: scope.stepKeys,
      pass: at.pass,
    },
  ]);
  scope.enter(step.id, stepKey);
  scope.learn(step.id, planned);
}

async function repeat(step: RepeatStep, at: Position, on: Interpreter): Promise<void> {
  const max = mostPasses(step.max);
  if (max === undefined)
    throw ApplicationFailure.nonRetryable(
      `repeat "${step.id}" needs a whole number of passes as "max", found ${JSON.stringify(step.max)}`,
      'protocol-invalid',
    );
  for (let pass = 1; pass <= max; pass++) {
    await interpretSteps(step.repeat, inPass(at, step.id, pass), on);
    if (verdictOf(step.until, on.scope) === 'yes') return;
  }
}

async function branch(step: BranchStep, at: Position, on: Interpreter): Promise<void> {
  await interpretSteps(step.cases[verdictOf(step.verdict, on.scope)] ?? [], at, on);
}

function verdictOf(name: string, scope: Scope): string {
  const verdict = scope.verdict(name);
  if (verdict === undefined)
    throw ApplicationFailure.nonRetryable(`no plan step has given the verdict "${name}"`, 'protocol-invalid');
  return verdict;
}

/** Only Build and Test have protocols. */
export function protocolStage(desk: Desk): 'build' | 'test' {
  return desk.stage.stage === 'test' ? 'test' : 'build';
}
