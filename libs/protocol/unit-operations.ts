import type { Capability, LabwareEffect } from '../device/job';

/** One kind of step a lab can do: what it needs, what it does, whether it may be repeated. */
export interface UnitOperation {
  readonly id: string;
  readonly capability: Capability;
  /** Labware roles it works on; `anywhere` roles are fetched by the job itself. */
  readonly roles: Readonly<Record<string, 'device' | 'anywhere'>>;
  readonly parameters: Readonly<Record<string, OperationParameter>>;
  /** Expected duration in lab time without the transfers (ms), and per transfer. */
  readonly durationMs: number;
  readonly durationPerTransferMs: number;
  readonly attended: boolean;
  /** Present: harmless to repeat within this lab time. */
  readonly repeatableWithinMs?: number;
  readonly effects: readonly LabwareEffect[];
}

export interface OperationParameter {
  /** A duration is text such as `16h`, in documents as in job parameters: `parseDuration` of `libs/units` reads it. */
  readonly type: 'worklist' | 'string' | 'number' | 'duration' | 'reads' | 'wells' | 'place';
  readonly required: boolean;
  readonly description: string;
  /** Values a literal may take. */
  readonly oneOf?: readonly string[];
}

const worklist: OperationParameter = { type: 'worklist', required: true, description: 'transfers, from a planner' };

export const unitOperations: readonly UnitOperation[] = [
  {
    id: 'transfer',
    capability: 'transfer-liquid',
    roles: { source: 'device', destination: 'device' },
    parameters: { worklist },
    durationMs: 120_000,
    durationPerTransferMs: 1_000,
    attended: false,
    effects: [],
  },
  {
    id: 'seal',
    capability: 'seal-plate',
    roles: { plate: 'device' },
    parameters: {
      seal: { type: 'string', required: true, description: 'foil or breathable', oneOf: ['foil', 'breathable'] },
    },
    durationMs: 30_000,
    durationPerTransferMs: 0,
    attended: false,
    effects: [{ role: 'plate', seal: 'foil' }],
  },
  {
    id: 'peel',
    capability: 'seal-plate',
    roles: { plate: 'device' },
    parameters: {},
    durationMs: 30_000,
    durationPerTransferMs: 0,
    attended: false,
    effects: [{ role: 'plate', seal: 'none' }],
  },
  {
    id: 'thermocycle',
    capability: 'thermocycle',
    roles: { plate: 'device' },
    parameters: {
      program: {
        type: 'string',
        required: true,
        description: 'golden-gate or heat-shock',
        oneOf: ['golden-gate', 'heat-shock'],
      },
      duration: { type: 'duration', required: true, description: 'lab time of the program' },
    },
    durationMs: 0,
    durationPerTransferMs: 0,
    attended: false,
    effects: [],
  },
  {
    id: 'incubate',
    capability: 'move-labware',
    roles: { plate: 'anywhere' },
    parameters: { place: { type: 'place', required: true, description: 'incubator place code, e.g. incubator-37' } },
    durationMs: 120_000,
    durationPerTransferMs: 0,
    attended: true,
    repeatableWithinMs: 3_600_000,
    effects: [{ role: 'plate' }],
  },
  {
    id: 'store',
    capability: 'move-labware',
    roles: { plate: 'anywhere' },
    parameters: { place: { type: 'place', required: true, description: 'storage place code, e.g. freezer-80' } },
    durationMs: 120_000,
    durationPerTransferMs: 0,
    attended: true,
    repeatableWithinMs: 3_600_000,
    effects: [{ role: 'plate' }],
  },
  {
    id: 'pick-colonies',
    capability: 'pick-colonies',
    roles: { source: 'device', destination: 'device' },
    parameters: { worklist },
    durationMs: 180_000,
    durationPerTransferMs: 6_000,
    attended: false,
    effects: [],
  },
  {
    id: 'read-plate',
    capability: 'read-plate',
    roles: { plate: 'device' },
    parameters: {
      reads: { type: 'reads', required: true, description: 'reads to take, as in the campaign (assay.reads)' },
      every: { type: 'duration', required: false, description: 'kinetic: interval' },
      for: { type: 'duration', required: false, description: 'kinetic: total time; absent: end point' },
    },
    durationMs: 180_000,
    durationPerTransferMs: 0,
    attended: false,
    repeatableWithinMs: 1_800_000,
    effects: [],
  },
  {
    id: 'purify',
    capability: 'purify-dna',
    roles: { source: 'device', destination: 'device' },
    parameters: { worklist },
    durationMs: 3_600_000,
    durationPerTransferMs: 0,
    attended: false,
    effects: [],
  },
  {
    id: 'sequence',
    capability: 'sequence-samples',
    roles: { plate: 'device' },
    parameters: { wells: { type: 'wells', required: true, description: 'wells to sequence, from a planner' } },
    durationMs: 86_400_000,
    durationPerTransferMs: 0,
    attended: false,
    repeatableWithinMs: 604_800_000,
    effects: [],
  },
];

/** The unit operation with this id, if the library has it. */
export function findUnitOperation(id: string): UnitOperation | undefined {
  return unitOperations.find((operation) => operation.id === id);
}

/** Says whether an operation takes a course of measurements, which cannot be taken again: the labware has moved on. */
export const isKinetic = ({ id }: UnitOperation, parameters: Readonly<Record<string, unknown>>): boolean =>
  id === 'read-plate' && parameters['for'] !== undefined;

/**
 * Lab time within which a step may be repeated without a person's word: what it asks for, else what its operation allows.
 * Undefined when it may not be repeated at all, as a course of measurements.
 */
export function repeatWindowMs(
  operation: UnitOperation,
  parameters: Readonly<Record<string, unknown>>,
  askedMs?: number,
): number | undefined {
  const most = isKinetic(operation, parameters) ? undefined : operation.repeatableWithinMs;
  return most === undefined ? undefined : Math.min(most, askedMs ?? most);
}
