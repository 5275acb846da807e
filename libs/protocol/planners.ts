/** What a planner takes and gives. Implementations are pure functions of `libs/build` and `libs/assay`, run by the worker. */
export interface PlannerSignature {
  readonly id: string;
  readonly stage: 'build' | 'test' | 'both';
  readonly description: string;
  /** `step`: id of an earlier plan step whose result it needs. */
  readonly inputs: Readonly<Record<string, PlannerInput>>;
  /** Labware variables of the protocol it makes instances of, by the name it uses for them. */
  readonly makes: readonly string[];
  /** Worklist outputs and the labware name whose instances key them. */
  readonly worklists: Readonly<Record<string, string>>;
  readonly values: readonly string[];
  readonly verdicts: Readonly<Record<string, readonly string[]>>;
}

/** One input of a planner. */
export interface PlannerInput {
  readonly type: 'step' | 'number' | 'string' | 'reads';
  readonly required: boolean;
  /** `step`: planners whose result it takes. */
  readonly of?: readonly string[];
  /** Values a literal may take. */
  readonly oneOf?: readonly (string | number)[];
}

const yesNo = ['yes', 'no'] as const;
const level: PlannerInput = { type: 'number', required: true, oneOf: [1, 2] };
const stepOf = (...of: string[]): PlannerInput => ({ type: 'step', required: true, of });

export const planners: readonly PlannerSignature[] = [
  {
    id: 'assembly',
    stage: 'build',
    description:
      'Which constructs or units of one reaction level are still to be built, and their reactions from parts or units in stock.',
    inputs: { level },
    makes: ['assemblyPlate'],
    worklists: { reactions: 'assemblyPlate' },
    values: ['reactions'],
    verdicts: { anythingToBuild: yesNo },
  },
  {
    id: 'transformation',
    stage: 'build',
    description: 'Competent cells and assembly reaction into a transformation plate.',
    inputs: { from: stepOf('assembly') },
    makes: ['transformationPlate'],
    worklists: { cells: 'transformationPlate' },
    values: [],
    verdicts: {},
  },
  {
    id: 'plating',
    stage: 'build',
    description: 'Transformations onto the regions of divided agar trays.',
    inputs: { from: stepOf('transformation') },
    makes: ['agarTray'],
    worklists: { spread: 'agarTray' },
    values: [],
    verdicts: {},
  },
  {
    id: 'picking',
    stage: 'build',
    description: 'Up to k colonies per region into deep wells with medium.',
    inputs: { from: stepOf('plating') },
    makes: ['culturePlate'],
    worklists: { medium: 'culturePlate', picks: 'culturePlate' },
    values: [],
    verdicts: {},
  },
  {
    id: 'od-check',
    stage: 'both',
    description: 'A known dilution of every culture into a plate the reader can read.',
    inputs: { from: stepOf('picking', 'starter-cultures') },
    makes: ['odPlate'],
    worklists: { dilute: 'odPlate' },
    values: [],
    verdicts: {},
  },
  {
    id: 'growth',
    stage: 'build',
    description: 'Optical densities of the cultures from the read; which wells grew.',
    inputs: { from: stepOf('od-check') },
    makes: [],
    worklists: {},
    values: ['grownWells'],
    verdicts: { anythingGrew: yesNo },
  },
  {
    id: 'stocks',
    stage: 'build',
    description: 'Copies of the grown cultures: glycerol stocks, or purified plasmid in a source plate.',
    inputs: { from: stepOf('growth'), kind: { type: 'string', required: true, oneOf: ['miniprep', 'glycerol'] } },
    makes: ['stockPlate'],
    worklists: { copy: 'stockPlate' },
    values: [],
    verdicts: {},
  },
  {
    id: 'clone-verdicts',
    stage: 'build',
    description:
      'Compares each clone sequence with its design: the first perfect clone is accepted, the others are kept with their verdict.',
    inputs: { from: stepOf('stocks', 'growth', 'picking'), level },
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
    description:
      'Volumes that bring every culture to the start OD, from the OD read, on a seeded layout with controls.',
    inputs: { from: stepOf('od-check') },
    makes: ['assayPlate'],
    worklists: { dilute: 'assayPlate' },
    values: ['layout'],
    verdicts: {},
  },
  {
    id: 'evaluate',
    stage: 'test',
    description: 'Reads to readouts per well, controls against their bands, replicates to constructs.',
    inputs: { from: stepOf('back-dilution') },
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
