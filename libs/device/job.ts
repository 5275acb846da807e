/** What a device can do. A bench person is a device too. */
export const capabilities = [
  'transfer-liquid',
  'thermocycle',
  'seal-plate',
  'pick-colonies',
  'read-plate',
  'purify-dna',
  'sequence-samples',
  'move-labware',
] as const;
export type Capability = (typeof capabilities)[number];

/** A stored file: content-addressed. */
export interface FileRef {
  readonly sha256: string;
  readonly bytes: number;
  readonly name: string;
  readonly mediaType: string;
}

export type Seal = 'none' | 'foil' | 'breathable';

/** How a labware must be closed when a job starts; `no-foil`: open or breathable. */
export type ExpectedSeal = Seal | 'no-foil';

/** One labware a job needs. */
export interface JobLabware {
  /** Role in the unit operation: `source`, `destination`, `plate`. */
  readonly role: string;
  readonly labwareId: string;
  readonly barcode: string;
  /** Labware kind of `libs/labware`, e.g. `pcr-96`. */
  readonly kind: string;
  /** `device`: must be on the device that runs the job; `anywhere`: the job itself goes and gets it. */
  readonly at: 'device' | 'anywhere';
  /** Queued: how it must be closed when the job starts, absent when it does not matter. Leased: how it is closed. */
  readonly seal?: ExpectedSeal;
  /** Queued: whether its lid must be on; leased: whether it is. */
  readonly lid?: boolean;
  /** Leased: 1-based position on the deck, where one is known; of a move, the one to put it on. */
  readonly position?: number;
}

/** Tips of one kind of rack (`tips-300` of `libs/labware`) that a job uses. */
export interface JobTips {
  readonly kind: string;
  readonly count: number;
}

/** Tips a leased job takes from one rack on its deck. */
export interface LeasedTips extends JobTips {
  /** Barcode of the rack. */
  readonly rack: string;
  readonly position?: number;
}

/** A sample that the job makes when the transfer into its well happens (first dispense). */
export interface PlannedSample {
  readonly labwareId: string;
  readonly well: string;
  readonly sampleId: string;
  readonly kind: SampleKind;
  readonly constructId?: string;
  /** The clone (a colony sample id) a culture, stock or assay culture descends from. */
  readonly cloneId?: string;
  /** A code people use, for stocks: `gfp-demo/r1/c07/1`. */
  readonly code?: string;
}

export type SampleKind =
  | 'part'
  | 'reagent'
  | 'assembly-reaction'
  | 'transformation'
  | 'colony-region'
  | 'culture'
  | 'miniprep'
  | 'glycerol-stock'
  | 'starter-culture'
  | 'assay-culture'
  | 'od-sample';

/** What success does to a labware, beside liquid. */
export interface LabwareEffect {
  readonly role: string;
  readonly seal?: Seal;
  readonly lid?: boolean;
  /** Move jobs: place code the labware is put in, e.g. `incubator-37`, `freezer-80`. */
  readonly toPlace?: string;
}

/** One planned movement of liquid; also one row of a worklist. Ordinals are unique within a job, over all its dispatches. */
export interface PlannedTransfer {
  readonly ordinal: number;
  readonly fromLabwareId: string;
  readonly fromWell: string;
  readonly toLabwareId: string;
  readonly toWell: string;
  readonly volumePl: number;
}

/** What is asked of a device. Immutable once queued; a retry is a new dispatch with a worklist of its own. */
export interface JobSpec {
  readonly version: 1;
  /** Unit operation id, e.g. `transfer`. */
  readonly operation: string;
  readonly capability: Capability;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly labware: readonly JobLabware[];
  /** Tips it uses; absent when it uses none. */
  readonly tips?: readonly JobTips[];
  /** Expected duration in lab time. */
  readonly durationMs: number;
  /** Present when doing it twice harms nothing, within this lab time after the labware became ready; absent: never repeated by the system. */
  readonly repeatableWithinMs?: number;
  readonly attended: boolean;
  readonly effects: readonly LabwareEffect[];
  readonly products: readonly PlannedSample[];
  /** One line for people: `dispense 312 transfers into ASM-r1-1`. */
  readonly summary: string;
}

/** A job as a device gets it. */
export interface LeasedJob {
  readonly protocolVersion: 1;
  readonly dispatchId: string;
  readonly jobId: string;
  readonly stepKey: string;
  readonly attempt: number;
  /** Decimal text of a 64-bit number that grows with every grant at this installation. */
  readonly fencingToken: string;
  readonly leaseMs: number;
  /** Spec without products (the device needs none of them). */
  readonly spec: Omit<JobSpec, 'products'>;
  /** Worklist file (Echo-style CSV), when the operation moves liquid. */
  readonly worklist?: FileRef;
  /** Racks on the deck that tips are reserved on, begun ones first. */
  readonly tips?: readonly LeasedTips[];
  readonly labNow: string;
}

/** Inclusive ranges of transfer ordinals, e.g. `[[1, 40], [44, 44]]`. */
export type OrdinalRanges = readonly (readonly [number, number])[];

/** What a device reports at the end. */
export interface Outcome {
  readonly version: 1;
  readonly result: 'succeeded' | 'failed';
  /** Operations that move liquid: which transfers surely happened, and which may have. All others did not. */
  readonly transfers?: {
    readonly done: OrdinalRanges;
    readonly uncertain: OrdinalRanges;
    /** Volumes the device measured, in picolitres by ordinal; the planned volume counts for all others. 0: nothing was moved. */
    readonly actualPl?: Readonly<Record<string, number>>;
  };
  /** Small facts of the operation: colonies per region, `scanned` barcodes, `tipsUsed` by barcode of the rack. */
  readonly facts?: Readonly<Record<string, unknown>>;
  readonly files: readonly FileRef[];
  readonly problem?: { readonly code: string; readonly message: string };
  /** ISO lab times, as the device saw them. */
  readonly labStartedAt?: string;
  readonly labEndedAt?: string;
}

/** Message to the waiting workflow: one dispatch settled or became unknown. */
export interface JobSettled {
  /** Id of the outbox row; receivers deduplicate by it and confirm it when they next wait. */
  readonly eventId: string;
  readonly jobId: string;
  readonly stepKey: string;
  readonly attempt: number;
  readonly state: DispatchStateSeen;
  readonly problem?: string;
  /** Last of its block, and succeeded. */
  readonly blockEnded: boolean;
  /** Failed by a named person's word about an unknown outcome. */
  readonly verdict?: FailureFacts['verdict'];
  readonly partialFile?: FailureFacts['partialFile'];
}

/** What is known of a failure beside its problem. */
export interface FailureFacts {
  /** What a named person said of an unknown outcome; `did-not` is the permission to do it again. */
  readonly verdict?: 'did-not' | 'partly';
  /** A course of measurements broke off and left a file: it is judged as it is, never measured again. */
  readonly partialFile?: true;
}
export type DispatchStateSeen =
  'succeeded' | 'failed' | 'unknown' | 'withdrawn' | 'queued' | 'blocked' | 'leased' | 'started';

/** Expands ranges to ordinals. */
export function expandOrdinals(ranges: OrdinalRanges): number[] {
  return ranges.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, i) => first + i));
}

/** Compresses ordinals (any order, duplicates allowed) to ranges. */
export function compressOrdinals(ordinals: readonly number[]): [number, number][] {
  const sorted = [...new Set(ordinals)].sort((a, b) => a - b);
  const ranges: [number, number][] = [];
  for (const ordinal of sorted) {
    const last = ranges[ranges.length - 1];
    if (last && last[1] === ordinal - 1) last[1] = ordinal;
    else ranges.push([ordinal, ordinal]);
  }
  return ranges;
}
