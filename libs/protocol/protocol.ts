/**
 * A protocol as data: the ordered steps of a Build or Test stage, interpreted by the stage workflows.
 * Plain data, safe for workflows; the document's shape and its checks live in `document/`.
 */
export interface Protocol {
  readonly schema: 'anneal-protocol/v1';
  readonly id: string;
  readonly version: string;
  readonly stage: 'build' | 'test';
  readonly title: string;
  readonly labware: readonly LabwareVariable[];
  readonly steps: readonly Step[];
}

/** Named labware of a protocol; its instances come from a planner or from stock. */
export interface LabwareVariable {
  readonly id: string;
  /** Labware kind, e.g. `pcr-96`. */
  readonly kind: string;
  /** `planned`: a planner says how many; `stock`: labware received before, found by its content role. */
  readonly from: 'planned' | 'stock';
}

export type Step = PlanStep | OperationStep | RepeatStep | BranchStep;

/** Runs a named planner; its result is stored under the step key. Ends a run of operations. */
export interface PlanStep {
  readonly id: string;
  readonly plan: string;
  readonly inputs: Readonly<Record<string, ParameterValue>>;
}

/** One unit operation, done once for each instance of `forEach` (or once when there is none). */
export interface OperationStep {
  readonly id: string;
  readonly operation: string;
  /** Labware variable; instances run as parallel chains, one job each. */
  readonly forEach: string;
  /** Role of the unit operation → labware variable. */
  readonly labware: Readonly<Record<string, string>>;
  readonly with: Readonly<Record<string, ParameterValue>>;
  /** Minimum and maximum lab time from the end of this step to the start of the next on the same labware. */
  readonly hold?: { readonly minMs: number; readonly maxMs: number };
  /** Lab time within which it may be repeated without a person's word; the operation's own when absent. */
  readonly repeatWithinMs?: number;
}

/** Repeats its steps until a planner's verdict says `yes`, at most `max` times. Passes are numbered from 1. */
export interface RepeatStep {
  readonly id: string;
  readonly repeat: readonly Step[];
  /** `planStepId.verdict` of a plan step inside. */
  readonly until: string;
  readonly max: ParameterValue;
}

/** Chooses steps by a planner's verdict. */
export interface BranchStep {
  readonly id: string;
  /** `planStepId.verdict`. */
  readonly verdict: string;
  readonly cases: Readonly<Record<string, readonly Step[]>>;
}

/** A literal, a JSON pointer into the campaign, or a named output of an earlier plan step (`stepId.output`). */
export type ParameterValue = Literal | { readonly campaign: string } | { readonly output: string };
export type Literal = string | number | boolean | null | readonly Literal[] | { readonly value: unknown };

/** What every planner returns; stored as the result of its step. */
export interface PlanResult {
  /** Instances of labware variables that exist from this step on, in order; the key is part of step keys. */
  readonly labware: Readonly<Record<string, readonly PlannedLabware[]>>;
  /** Liquid to move, by output name, then by key of the instance the operation runs for. */
  readonly worklists: Readonly<Record<string, Readonly<Record<string, PlannedWorklist>>>>;
  /** Other named values an operation or a later planner may point to. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Named verdicts: `{ everyDesignHasClones: 'no' }`. */
  readonly verdicts: Readonly<Record<string, string>>;
  /** One line for people. */
  readonly summary: string;
}

export interface PlannedLabware {
  readonly key: string;
  readonly labwareId: string;
  readonly barcode: string;
  readonly kind: string;
}

export interface PlannedWorklist {
  readonly transfers: readonly import('../device/job').PlannedTransfer[];
  readonly products: readonly import('../device/job').PlannedSample[];
}

/** Says whether a step is an operation. */
export const isOperation = (step: Step): step is OperationStep => 'operation' in step;
/** Says whether a step is a plan. */
export const isPlan = (step: Step): step is PlanStep => 'plan' in step;
/** Says whether a step is a repeat. */
export const isRepeat = (step: Step): step is RepeatStep => 'repeat' in step;
/** Says whether a step is a branch. */
export const isBranch = (step: Step): step is BranchStep => 'verdict' in step;
