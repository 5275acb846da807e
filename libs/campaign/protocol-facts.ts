import type { Protocol, Step } from '../protocol/protocol';
import { isBranch, isOperation, isPlan, isRepeat } from '../protocol/protocol';

/** Every step of a protocol, those inside repeats and branches included. */
export function allSteps(steps: readonly Step[]): Step[] {
  return steps.flatMap((step) => {
    if (isRepeat(step)) return [step, ...allSteps(step.repeat)];
    if (isBranch(step)) return [step, ...Object.values(step.cases).flatMap(allSteps)];
    return [step];
  });
}

/** Assembly levels a build protocol goes through, ascending. */
export function assemblyLevels(protocol: Protocol): number[] {
  const levels = allSteps(protocol.steps).flatMap((step) =>
    isPlan(step) && step.plan === 'assembly' && typeof step.inputs.level === 'number' ? [step.inputs.level] : [],
  );
  return [...new Set(levels)].sort((a, b) => a - b);
}

/** Says whether a test protocol reads a plate over time. */
export function isKinetic(protocol: Protocol): boolean {
  return allSteps(protocol.steps).some(
    (step) => isOperation(step) && step.operation === 'read-plate' && step.with.for !== undefined,
  );
}

/** Labware kind of the plate the back-dilution makes, when the protocol has one. */
export const assayPlateKind = (protocol: Protocol): string | undefined =>
  protocol.labware.find(({ id }) => id === 'assayPlate')?.kind;
