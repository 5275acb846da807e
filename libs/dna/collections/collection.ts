import { DomainError } from '../../errors/domain-error';
import type { Molecule } from '../molecule';
import { nearestNames } from '../names';
import cidarMoclo from './cidar-moclo.json';

/** Sequence Ontology terms of the roles a collection knows. */
export const partRoles = {
  promoter: 'SO:0000167',
  rbs: 'SO:0000139',
  cds: 'SO:0000316',
  terminator: 'SO:0000141',
  vector: 'SO:0000755',
} as const;

/** A DNA part as a laboratory keeps it: a plasmid that releases the part, or a vector that receives one. */
export interface Part extends Molecule {
  readonly id: string;
  readonly role: string;
  /** Fusion sites left and right, by the standard's letters. */
  readonly position: readonly [string, string];
  readonly description: string;
  /** Antibiotic the plasmid's host survives. */
  readonly resistance: string;
  /** Published activity relative to a reference part of the same role; absent when none is published, which is not zero. */
  readonly relativeStrength?: {
    readonly value: number;
    readonly relativeTo: string;
    /** Key into the collection's citations. */
    readonly citation: string;
  };
}

/** A versioned set of parts of one assembly standard, with its origin and licence. */
export interface PartCollection {
  readonly id: string;
  readonly version: string;
  readonly title: string;
  readonly source: string;
  readonly licence: string;
  readonly attribution: string;
  /** Overhang of each fusion site letter, 5'→3' on the top strand. */
  readonly fusionSites: Readonly<Record<string, string>>;
  readonly citations: Readonly<Record<string, string>>;
  readonly parts: readonly Part[];
}

const collections: readonly PartCollection[] = [named(cidarMoclo as unknown as PartCollection)];

/**
 * The collection of an id and version.
 *
 * @throws DomainError `unknown-reference` when there is none; names those there are.
 */
export function loadCollection(id: string, version: string): PartCollection {
  const found = collections.find((collection) => collection.id === id && collection.version === version);
  if (found) return found;
  const known = collections.map((collection) => `${collection.id}@${collection.version}`);
  throw new DomainError('unknown-reference', `no collection ${id}@${version}; there is ${known.join(', ')}`, { known });
}

/**
 * The part of an id, letter case included.
 *
 * @throws DomainError `unknown-part` with the nearest ids.
 */
export function findPart(collection: PartCollection, id: string): Part {
  const found = collection.parts.find((part) => part.id === id);
  if (found) return found;
  const nearest = nearestPartIds(collection, id);
  throw new DomainError('unknown-part', `no part "${id}" in ${collection.id}; did you mean ${nearest.join(' or ')}?`, {
    part: id,
    nearest,
  });
}

/** The ids of a collection closest to a misspelt one, best first. */
export function nearestPartIds(collection: PartCollection, id: string): string[] {
  return nearestNames(
    id,
    collection.parts.map((part) => part.id),
  );
}

/** A part is called by its id wherever a molecule has a name. */
function named(collection: PartCollection): PartCollection {
  return { ...collection, parts: collection.parts.map((part) => ({ ...part, name: part.id })) };
}
