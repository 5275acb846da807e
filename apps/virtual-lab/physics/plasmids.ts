import { constructHash } from '../../../libs/dna/canonical';
import type { PartCollection } from '../../../libs/dna/collections/collection';
import { findPart, partRoles } from '../../../libs/dna/collections/collection';
import { findEnzyme } from '../../../libs/dna/enzymes';
import type { Genotype } from '../../../libs/dna/genotype';
import { readGenotype } from '../../../libs/dna/genotype';
import { assembleGoldenGate } from '../../../libs/dna/golden-gate';
import type { Molecule } from '../../../libs/dna/molecule';
import { DomainError } from '../../../libs/errors/domain-error';

/** Every plasmid that ever was in the lab, by a key of its circular sequence. */
export class Plasmids {
  private readonly sequences = new Map<string, string>();
  private readonly keys = new Map<string, string>();
  private readonly genotypes = new Map<string, Genotype>();
  private readonly vectors: ReadonlySet<string>;

  constructor(readonly collection: PartCollection) {
    const vectors = collection.parts.filter(({ role }) => role === partRoles.vector);
    this.vectors = new Set(vectors.map(({ sequence }) => this.keyOf(sequence)));
  }

  /** Key of a circular sequence; rotation and strand do not matter. The sequence is remembered. */
  keyOf(sequence: string): string {
    const known = this.keys.get(sequence);
    if (known) return known;
    const key = constructHash(sequence, 'circular').slice(0, 16);
    this.keys.set(sequence, key);
    if (!this.sequences.has(key)) this.sequences.set(key, sequence);
    return key;
  }

  /** Sequence of a key, on the strand and from the base it was first seen with. */
  sequenceOf(key: string): string {
    const sequence = this.sequences.get(key);
    if (sequence === undefined) throw new Error(`no plasmid has the key ${key}`);
    return sequence;
  }

  /** What a plasmid carries, in parts of the collection. */
  genotypeOf(key: string): Genotype {
    const known = this.genotypes.get(key);
    if (known) return known;
    const genotype = readGenotype(this.sequenceOf(key), this.collection);
    this.genotypes.set(key, genotype);
    return genotype;
  }

  /** The plasmid as a molecule named by its key. */
  moleculeOf(key: string): Molecule {
    return { name: key, sequence: this.sequenceOf(key), topology: 'circular' };
  }

  /** Says whether the plasmid is an empty destination vector of the collection. */
  isVector(key: string): boolean {
    return this.vectors.has(key);
  }
}

const referenceUnits = [
  ['DVK_AE', 'J23106_AB', 'B0032m_BC', 'E0040m_CD', 'B0015_DE'],
  ['DVK_EF', 'J23106_EB', 'B0032m_BC', 'E1010m_CD', 'B0015_DF'],
] as const;
const controlVector = 'DVA_AF';

/** Sequences of the control plasmids by code: the empty vector, and a two-colour construct of medium strength. */
export function controlPlasmids(collection: PartCollection): Readonly<Record<string, string>> {
  const units = referenceUnits.map((ids) =>
    onlyProduct(
      ids.map((id) => findPart(collection, id)),
      'BsaI',
    ),
  );
  const vector = findPart(collection, controlVector);
  return {
    'empty-vector': vector.sequence,
    'reference-two-colour': onlyProduct([vector, ...units], 'BbsI').sequence,
  };
}

function onlyProduct(inputs: readonly Molecule[], enzyme: string): Molecule {
  const [product] = assembleGoldenGate(inputs, findEnzyme(enzyme)).products;
  if (!product) throw new DomainError('assembly-refused', 'a control plasmid of the virtual lab does not assemble');
  return product;
}
