import type { OperationStep, PlanStep, Protocol, Step } from '../../libs/protocol/protocol';

/** An operation step on a labware variable. */
export const operation = (id: string, kind: string, forEach = 'plate'): OperationStep => ({
  id,
  operation: kind,
  forEach,
  labware: { plate: forEach },
  with: {},
});

/** A plan step. */
export const plan = (id: string, planner: string): PlanStep => ({ id, plan: planner, inputs: {} });

/** A build protocol of these steps. */
export const protocol = (...steps: Step[]): Protocol => ({
  schema: 'anneal-protocol/v1',
  id: 'test',
  version: '1.0.0',
  stage: 'build',
  title: 'a protocol of a test',
  labware: [{ id: 'plate', kind: 'pcr-96', from: 'planned' }],
  steps,
});

/** A run of operations `s1` … `sN` of one kind. */
export const run = (length: number, kind = 'seal'): OperationStep[] =>
  Array.from({ length }, (_, index) => operation(`s${index + 1}`, kind));
