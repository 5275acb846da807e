import type {
  OperationStep,
  ParameterValue,
  PlanStep,
  RepeatStep,
  BranchStep,
  Step,
} from '../../libs/protocol/protocol';
import { isOperation } from '../../libs/protocol/protocol';

/** Operations without a decision between them, on the instances of one labware variable. */
export interface OperationSegment {
  readonly forEach: string;
  readonly operations: readonly OperationStep[];
}

/** A step that decides what comes next. */
export type DecidingStep = PlanStep | RepeatStep | BranchStep;

/** Cuts steps into runs of operations on one labware variable, and the steps between them. */
export function segmentsOf(steps: readonly Step[]): (OperationSegment | DecidingStep)[] {
  const segments: (OperationSegment | DecidingStep)[] = [];
  for (const step of steps) {
    const last = segments.at(-1);
    if (!isOperation(step)) segments.push(step);
    else if (last && isSegment(last) && last.forEach === step.forEach)
      segments[segments.length - 1] = { ...last, operations: [...last.operations, step] };
    else segments.push({ forEach: step.forEach, operations: [step] });
  }
  return segments;
}

/** Says whether it is a run of operations. */
export const isSegment = (segment: OperationSegment | DecidingStep): segment is OperationSegment =>
  'operations' in segment;

/** Cuts a list into blocks of at most `size`, in order. */
export function cutIntoBlocks<T>(items: readonly T[], size: number): T[][] {
  if (size < 1) throw new RangeError(`a block holds at least one step, not ${size}`);
  return Array.from({ length: Math.ceil(items.length / size) }, (_, n) => items.slice(n * size, (n + 1) * size));
}

/** Where in a protocol the interpreter stands. */
export interface Position {
  /** What step keys begin with: `r1/build`, `r1/build/level1.2`. */
  readonly prefix: string;
  /** Pass of the innermost repeat, from 1. */
  readonly pass: number;
}

/** The position inside a pass of a repeat. */
export const inPass = (at: Position, repeatId: string, pass: number): Position => ({
  prefix: `${at.prefix}/${repeatId}.${pass}`,
  pass,
});

/** Natural key of a step. */
export const stepKeyOf = (at: Position, stepId: string): string => `${at.prefix}/${stepId}`;

/** Number of passes a repeat may take. Undefined when it is not a whole number from 1. */
export function mostPasses(max: ParameterValue): number | undefined {
  const value: unknown = typeof max === 'object' && max !== null && 'value' in max ? max.value : max;
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 ? value : undefined;
}
