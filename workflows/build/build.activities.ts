import type { ParameterValue, Protocol } from '../../libs/protocol/protocol';
import type { PlannedTransfer } from '../../libs/device/job';

/** A stage that interprets a protocol. */
export interface ProtocolStage {
  readonly tenantId: string;
  readonly campaignId: string;
  readonly round: number;
  readonly stage: 'build' | 'test';
}

/** A plan step to run. */
export interface PlannerRun extends ProtocolStage {
  readonly siteId: string;
  /** `r2/build/level1.1/assembly` */
  readonly stepKey: string;
  readonly planner: string;
  /** Literals, and outputs of earlier plan steps (`stepId.output`) found through `priorStepKeys`. */
  readonly inputs: Readonly<Record<string, ParameterValue>>;
  /** Step ids in scope → step keys, of plans and of operations (without labware key); inner passes hide outer ones. */
  readonly priorStepKeys: Readonly<Record<string, string>>;
  /** Number of the innermost repeat's pass, from 1; 1 outside of any. */
  readonly pass: number;
}

/** What a workflow needs of a plan's result; the whole of it is stored under the step key. */
export interface Planned {
  /** Instances by labware variable, in order. */
  readonly labware: Readonly<Record<string, readonly { readonly key: string; readonly barcode: string }[]>>;
  readonly verdicts: Readonly<Record<string, string>>;
  /** One line for people. */
  readonly summary: string;
}

/** What is left of a job whose attempt failed. */
export type RetryPlan =
  | { readonly nothingLeft: true }
  | { readonly worklist: { readonly sha256: string; readonly transfers: readonly PlannedTransfer[] } };

/** What the Build stage did. */
export interface Built {
  readonly built: number;
  readonly failed: number;
  /** Built of designed, 0..1. */
  readonly fraction: number;
  /** Enough was built for the round to go on. */
  readonly proceed: boolean;
}

/** The Build stage's science, and what Build and Test share: protocols and planners. */
export interface BuildActivities {
  /** The protocol the round is pinned to, with every pointer into the campaign replaced by its value. */
  loadProtocol(stage: ProtocolStage): Promise<Protocol>;
  /** Runs a planner once: the result is stored under the step key and read back ever after. */
  runPlanner(run: PlannerRun): Promise<Planned>;
  /** The transfers that are left of a failed attempt: same ordinals, minus those done, minus those into void wells. */
  planRetry(job: {
    readonly tenantId: string;
    readonly campaignId: string;
    readonly stepKey: string;
    /** The attempt that failed. */
    readonly attempt: number;
  }): Promise<RetryPlan>;
  /** Settles every design of the round as built or failed with its reason. Idempotent. */
  closeBuild(round: { readonly tenantId: string; readonly campaignId: string; readonly round: number }): Promise<Built>;
}
