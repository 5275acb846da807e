/** What a planner takes and gives. Implementations are pure functions of `libs/build` and `libs/assay`, run by the worker. */
export interface PlannerSignature {
  readonly id: string;
  readonly stage: 'build' | 'test' | 'both';
  readonly description: string;
  /** `step`: id of an earlier plan step whose result it needs. */
  readonly inputs: Readonly<Record<string, { readonly type: 'step' | 'number' | 'string' | 'reads'; readonly required: boolean }>>;
  /** Labware variables of the protocol it makes instances of, by the name it uses for them. */
  readonly makes: readonly string[];
  /** Worklist outputs and the labware name whose instances key them. */
  readonly worklists: Readonly<Record<string, string>>;
  readonly values: readonly string[];
  readonly verdicts: Readonly<Record<string, readonly string[]>>;
}

const yesNo = ['yes', 'no'] as const;

export const planners: readonly PlannerSignature[] = [
  {
    id: 'assembly',
    stage: 'build',
    description: 'Which constructs or units of one reaction level are still to be built, and their reactions from parts or units in stock.',
    inputs: { level: { type: 'number', required: true } },
    makes: ['assemblyPlate'],
    worklists: { reactions: 'assemblyPlate' },
    values: ['reactions'],
    verdicts: { anythingToBuild: yesNo },
  },
  {
    id: 'transformation',
    stage: 'build',
    description: 'Competent cells and assembly reaction into a transformation plate.',
    inputs: { from: { type: 'step', required: true } },
    makes: ['transformationPlate'],
    worklists: { cells: 'transformationPlate' },
    values: [],
    verdicts: {},
  },
  {
    id: 'plating',
    stage: 'build',
    description: 'Transformations onto the regions of divided agar trays.',
    inputs: { from: { type: 'step', required: true } },
    makes: ['agarTray'],
    worklists: { spread: 'agarTray' },
    values: [],
    verdicts: {},
  },
  {
    id: 'picking',
    stage: 'build',
    description: 'Up to k colonies per region into deep wells with medium.',
    inputs: { from: { type: 'step', required: true } },
    makes: ['culturePlate'],
    worklists: { medium: 'culturePlate', picks: 'culturePlate' },
    values: [],
    verdicts: {},
  },
  {
    id: 'od-check',
    stage: 'both',
    description: 'A known dilution of every culture into a plate the reader can read.',
    inputs: { from: { type: 'step', required: true } },
    makes: ['odPlate'],
    worklists: { dilute: 'odPlate' },
    values: [],
    verdicts: {},
  },
  {
    id: 'growth',
    stage: 'build',
    description: 'Optical densities of the cultures from the read; which wells grew.',
    inputs: { from: { type: 'step', required: true } },
    makes: [],
    worklists: {},
    values: ['grownWells'],
    verdicts: { anythingGrew: yesNo },
  },
  {
    id: 'stocks',
    stage: 'build',
    description: 'Copies of the grown cultures: glycerol stocks, or purified plasmid in a source plate.',
    inputs: { from: { type: 'step', required: true }, kind: { type: 'string', required: true } },
    makes: ['stockPlate'],
    worklists: { copy: 'stockPlate' },
    values: [],
    verdicts: {},
  },
  {
    id: 'clone-verdicts',
    stage: 'build',
    description: 'Compares each clone sequence with its design: the first perfect clone is accepted, the others are kept with their verdict.',
    inputs: { from: { type: 'step', required: true }, level: { type: 'number', required: true } },
    makes: [],
    worklists: {},
    values: ['built', 'failed'],
    verdicts: { everyDesignBuilt: yesNo },
  },
  {
    id: 'starter-cultures',
    stage: 'test',
    description: 'Cultures of every construct to be measured, and of the controls, from their glycerol stocks.',
    inputs: {},
    makes: ['starterPlate'],
    worklists: { medium: 'starterPlate', inoculate: 'starterPlate' },
    values: [],
    verdicts: {},
  },
  {
    id: 'back-dilution',
    stage: 'test',
    description: 'Volumes that bring every culture to the start OD, from the OD read, on a seeded layout with controls.',
    inputs: { from: { type: 'step', required: true } },
    makes: ['assayPlate'],
    worklists: { dilute: 'assayPlate' },
    values: ['layout'],
    verdicts: {},
  },
  {
    id: 'evaluate',
    stage: 'test',
    description: 'Reads to readouts per well, controls against their bands, replicates to constructs.',
    inputs: { from: { type: 'step', required: true } },
    makes: [],
    worklists: {},
    values: ['platesHeld'],
    verdicts: { controlsInBand: yesNo },
  },
];

/** The planner with this id, if there is one. */
export function findPlanner(id: string): PlannerSignature | undefined {
  return planners.find((planner) => planner.id === id);
}
