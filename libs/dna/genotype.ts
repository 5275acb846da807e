import type { PartCollection } from './collections/collection';
import { partRoles } from './collections/collection';
import type { PartMatch, Stretch } from './part-matches';
import { matchParts } from './part-matches';

/** One gene as a plasmid carries it, read 5'→3'; null where no part of that role was recognised. */
export interface TranscriptionUnit {
  readonly promoter: PartMatch | null;
  readonly rbs: PartMatch | null;
  readonly cds: PartMatch | null;
  readonly terminator: PartMatch | null;
  /** All four parts are there and none is damaged. */
  readonly intact: boolean;
}

/** What a circular plasmid carries, in terms of the parts of a collection. */
export interface Genotype {
  /** In reading order, beginning behind the backbone. */
  readonly units: readonly TranscriptionUnit[];
  /** The vector it sits in, null when none was recognised. */
  readonly backbone: PartMatch | null;
  /** Stretches of the given strand that no part explains. */
  readonly unexplained: readonly Stretch[];
}

type UnitSlot = 'promoter' | 'rbs' | 'cds' | 'terminator';

const slotOrder: readonly UnitSlot[] = ['promoter', 'rbs', 'cds', 'terminator'];
const slotOf = new Map<string, UnitSlot>(slotOrder.map((slot) => [partRoles[slot], slot]));

/**
 * Reads a circular plasmid: which promoters, RBS, coding sequences and terminators of the collection it carries, as
 * transcription units in order. Strand and origin of the given sequence do not matter. A part with point mutations, small
 * insertions or deletions is reported as `damaged`; what resembles nothing is `unexplained`.
 */
export function readGenotype(sequence: string, collection: PartCollection): Genotype {
  const { matches, unexplained } = matchParts(sequence.toUpperCase(), collection);
  const backbone = matches.find(({ role }) => role === partRoles.vector) ?? null;
  const units = ([1, -1] as const).flatMap((strand) => {
    const genes = matches.filter((match) => match.strand === strand && slotOf.has(match.role));
    return groupIntoUnits(inReadingOrder(genes, strand, backbone, sequence.length));
  });
  return { units, backbone, unexplained };
}

/** Sorted along their own strand, beginning where the backbone ends, or at the origin of the sequence without one. */
function inReadingOrder(
  genes: readonly PartMatch[],
  strand: 1 | -1,
  backbone: PartMatch | null,
  length: number,
): PartMatch[] {
  const alongStrand = (from: number, to: number): number => (strand === 1 ? from : length - to);
  const origin = backbone === null ? 0 : (strand === 1 ? backbone.end : length - backbone.start) - 4;
  const distance = ({ start, end }: PartMatch): number =>
    (((alongStrand(start, end) - origin) % length) + length) % length;
  return [...genes].sort((a, b) => distance(a) - distance(b));
}

/** A unit ends where the next part could not follow it: a promoter never follows an RBS within one gene. */
function groupIntoUnits(genes: readonly PartMatch[]): TranscriptionUnit[] {
  const groups: PartMatch[][] = [];
  let rank = Infinity;
  for (const gene of genes) {
    const next = slotOrder.indexOf(slotOf.get(gene.role) as UnitSlot);
    if (next <= rank) groups.push([]);
    (groups[groups.length - 1] as PartMatch[]).push(gene);
    rank = next;
  }
  return groups.map(toUnit);
}

function toUnit(genes: readonly PartMatch[]): TranscriptionUnit {
  const part = (slot: UnitSlot): PartMatch | null => genes.find(({ role }) => slotOf.get(role) === slot) ?? null;
  return {
    promoter: part('promoter'),
    rbs: part('rbs'),
    cds: part('cds'),
    terminator: part('terminator'),
    intact: genes.length === slotOrder.length && genes.every(({ state }) => state === 'intact'),
  };
}
