/** Whether a double strand is closed. */
export type Topology = 'circular' | 'linear';

/** A named stretch of a molecule; it moves with its fragment through digestion and assembly. */
export interface Feature {
  readonly name: string;
  /** Sequence Ontology term, e.g. `SO:0000167`. */
  readonly role?: string;
  /** 0-based first base, in [0, length). */
  readonly start: number;
  /** 0-based, exclusive; beyond the length when the feature crosses the origin of a circle. */
  readonly end: number;
  readonly strand: 1 | -1;
}

/** A double-stranded DNA molecule, written by its top strand 5'→3' in upper-case IUPAC letters. */
export interface Molecule {
  readonly name: string;
  readonly sequence: string;
  readonly topology: Topology;
  readonly role?: string;
  readonly features?: readonly Feature[];
}
