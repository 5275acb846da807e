import type { Part, PartCollection } from './collections/collection';
import { partRoles } from './collections/collection';
import { digestToInsert, hasSite } from './digest';
import type { TypeIISEnzyme } from './enzymes';
import { typeIISEnzymes } from './enzymes';

/** Length of the words that locate a part; the shortest part keeps one on either side of a point mutation. */
export const wordLength = 11;

/** What a part looks like inside a plasmid: its sequence with both fusion sites, or a vector's backbone with its ends. */
export interface Target {
  readonly part: Part;
  readonly sequence: string;
}

/** Words of all targets; a place is target number × 65,536 + offset in the target. */
export interface PartIndex {
  readonly targets: readonly Target[];
  readonly placesOf: ReadonlyMap<number, readonly number[]>;
}

/** Radix of a place; no target is longer. */
export const placeRadix = 65_536;

const indexes = new WeakMap<PartCollection, PartIndex>();

/** The index of a collection, built once. Parts that no enzyme releases cleanly cannot occur in a construct and are left out. */
export function partIndexOf(collection: PartCollection): PartIndex {
  const known = indexes.get(collection);
  if (known) return known;
  const targets = collection.parts.flatMap(targetOf);
  const placesOf = new Map<number, number[]>();
  targets.forEach(({ sequence }, target) => {
    forEachWord(sequence, false, (word, offset) => {
      const places = placesOf.get(word);
      if (places) places.push(target * placeRadix + offset);
      else placesOf.set(word, [target * placeRadix + offset]);
    });
  });
  const index = { targets, placesOf };
  indexes.set(collection, index);
  return index;
}

/** Calls back for every word of known bases, coded two bits a base, with its first position; a circle is read across its origin. */
export function forEachWord(sequence: string, circular: boolean, found: (word: number, at: number) => void): void {
  const mask = 4 ** wordLength - 1;
  const n = sequence.length;
  const last = circular ? n + wordLength - 1 : n;
  let word = 0;
  let length = 0;
  for (let i = 0; i < last; i++) {
    const base = 'ACGT'.indexOf(sequence[i < n ? i : i - n] as string);
    length = base < 0 ? 0 : length + 1;
    word = ((word << 2) | base) & mask;
    if (length >= wordLength) found(word, i - wordLength + 1);
  }
}

/** The longest piece an enzyme releases from a vector, or what the standard's enzyme releases from a part. */
function targetOf(part: Part): Target[] {
  const releases = typeIISEnzymes.flatMap((enzyme) => released(part, enzyme));
  const wanted = part.role === partRoles.vector ? Math.max : Math.min;
  const length = wanted(...releases.map((sequence) => sequence.length));
  const sequence = releases.find((candidate) => candidate.length === length);
  return sequence === undefined || sequence.length >= placeRadix ? [] : [{ part, sequence }];
}

function released(part: Part, enzyme: TypeIISEnzyme): string[] {
  if (!hasSite(part.sequence, part.topology, enzyme)) return [];
  try {
    const { left, insert, right } = digestToInsert(part, enzyme);
    return [left + insert + right];
  } catch {
    return [];
  }
}
