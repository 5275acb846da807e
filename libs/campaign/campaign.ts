/**
 * A campaign as Anneal reasons about it: what the document says after it was parsed and every default was filled in.
 * Plain data, safe for workflows; the document's shape and its checks live in `document/`.
 */
export interface Campaign {
  readonly schema: 'anneal/v1';
  /** Slug, unique per tenant: `two-colour-demo`. */
  readonly id: string;
  readonly title: string;
  readonly library: Library;
  readonly assembly: AssemblyPlan;
  readonly host: { readonly strain: string; readonly marker: string };
  readonly build: BuildPlan;
  readonly assay: AssayPlan;
  readonly controls: readonly Control[];
  readonly replication: Replication;
  readonly objectives: readonly Objective[];
  readonly budget: Budget;
  readonly selection: Selection;
  readonly stop: readonly StopRule[];
  readonly approvals: readonly Approval[];
  /** Seeds every draw that belongs to this campaign (layouts, first round, sampling). */
  readonly seed: number;
}

/** What is varied. A design picks one option per slot; it is an index into the mixed-radix space of the options. */
export interface Library {
  readonly collection: { readonly id: string; readonly version: string };
  readonly slots: readonly Slot[];
  readonly rules: readonly Rule[];
  readonly mustInclude: readonly Readonly<Record<string, string>>[];
}

export interface Slot {
  readonly id: string;
  /** Sequence Ontology term, e.g. `SO:0000167` (promoter). */
  readonly role: string;
  /** Fusion sites left and right, by the standard's letters: `["A", "B"]`. */
  readonly position: readonly [string, string];
  /** Part ids of the collection. */
  readonly options: readonly string[];
}

/** Combinations that are not allowed: every slot named must hold one of its parts for the rule to bite. */
export interface Rule {
  readonly forbid: Readonly<Record<string, readonly string[]>>;
  readonly reason: string;
}

export interface AssemblyPlan {
  readonly standard: { readonly id: string; readonly version: string };
  /** In order: level-1 units from slots, then at most one level-2 reaction that joins units. The last one makes the construct. */
  readonly reactions: readonly Reaction[];
}

export interface Reaction {
  readonly id: string;
  readonly level: 1 | 2;
  readonly method: 'golden-gate';
  /** Enzyme name, e.g. `BsaI` or `BbsI`. */
  readonly enzyme: string;
  /** Vector id of the collection, e.g. `DVK_AE`. */
  readonly backbone: string;
  /** Level 1: the slots whose parts go in. */
  readonly slots: readonly string[];
  /** Level 2: the reactions whose products go in. */
  readonly inputs: readonly string[];
  readonly volumeUl: number;
  readonly fmolPerPart: number;
}

export interface BuildPlan {
  readonly protocol: ProtocolRef;
  /** Colonies picked per construct (k). */
  readonly clonesPerDesign: number;
  /** Passes through assembly and transformation before a construct counts as failed. */
  readonly attempts: number;
  /** The round goes on when at least this share of its designs is built. */
  readonly proceedIfBuiltFraction: number;
}

export interface AssayPlan {
  readonly protocol: ProtocolRef;
  readonly medium: string;
  readonly temperatureC: number;
  readonly startOd: number;
  /** Assay plates one round may fill. */
  readonly platesPerRound?: number;
  readonly reads: readonly Read[];
  readonly readouts: readonly Readout[];
}

export interface ProtocolRef {
  readonly id: string;
  readonly version: string;
}

export interface Read {
  readonly id: string;
  readonly mode: 'absorbance' | 'fluorescence';
  /** Absorbance: the wavelength; fluorescence: excitation. */
  readonly wavelengthNm: number;
  /** Fluorescence only. */
  readonly emissionNm?: number;
  readonly gain?: number;
}

/** How reads become one number per well. Named methods, no expression language. */
export interface Readout {
  readonly id: string;
  readonly unit: string;
  /** `ratio`: blank-subtracted signal over blank-subtracted OD; kinetic protocols take it inside the OD window. */
  readonly method: 'ratio' | 'growth-rate';
  /** Read id of the signal; growth-rate has none. */
  readonly signal?: string;
  /** Read id of the OD. */
  readonly od: string;
  /** Kinetic only: OD window [low, high] the ratio is averaged over. */
  readonly odWindow?: readonly [number, number];
}

export interface Control {
  readonly id: string;
  readonly kind: 'blank' | 'negative' | 'reference';
  /** Code of the stock sample (glycerol) the control is grown from; a blank has none. */
  readonly sample?: string;
  readonly wellsPerPlate: number;
  /** Reference and negative: band per readout outside which the plate is held, in the readout's unit. */
  readonly bands: readonly { readonly readout: string; readonly low: number; readonly high: number }[];
}

export interface Replication {
  readonly clonesPerDesign: number;
  readonly culturesPerClone: number;
  readonly wellsPerCulture: number;
}

/**
 * What better means. One objective: its value (maximise), its negative (minimise) or minus the distance (target).
 * Several: weighted geometric mean of desirabilities in [0, 1] (Derringer & Suich 1980), for which `low` and `high` are required.
 */
export interface Objective {
  readonly readout: string;
  readonly goal: 'maximise' | 'minimise' | 'target';
  readonly value?: number;
  readonly tolerance?: number;
  /** Desirability 0 at `low`, 1 at `high` (maximise); reversed for minimise. */
  readonly low?: number;
  readonly high?: number;
  readonly weight: number;
}

export interface Budget {
  readonly maxRounds: number;
  readonly constructsPerRound: number;
  readonly confirmTop: number;
  readonly currency: string;
  /** Minor units (pence, cents). */
  readonly maxMinor?: number;
  readonly perConstructMinor?: number;
  /** ISO date. */
  readonly deadline?: string;
}

export interface Selection {
  readonly first: { readonly strategy: 'maximin' | 'random' };
  readonly later: { readonly strategy: 'bayesian' | 'random'; readonly acquisition: 'auto' | 'thompson' | 'greedy' };
}

export type StopRule =
  | { readonly kind: 'objective-met'; readonly score: number }
  | { readonly kind: 'plateau'; readonly rounds: number; readonly minGain: number }
  | { readonly kind: 'budget-exhausted' }
  | { readonly kind: 'build-success-below'; readonly fraction: number };

export interface Approval {
  readonly gate: 'next-round' | 'build-release';
  readonly role: 'scientist' | 'pi' | 'ops' | 'operator' | 'biosafety';
  readonly auto: boolean;
}
