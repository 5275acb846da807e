import { preparation } from './constants';
import type { MotionKey } from './draws';
import { drawFor, factor } from './draws';
import { opticalDensity } from './growth';
import type { Plasmids } from './plasmids';
import type { Portion, Well } from './well';
import { bareCell, liveCells } from './well';

/** OD from which a culture gives the full yield of plasmid. */
const fullYieldOd = 1;

/**
 * Purifies plasmid from a culture: the device works with the whole well and elutes `volumePl`, so the concentration depends on
 * the culture and not on the volume asked for. Plasmids come in the proportions of their cells.
 */
export function purify(culture: Well, volumePl: number, seed: number, key: MotionKey): Portion {
  const live = liveCells(culture);
  const od = opticalDensity(live, culture.volumePl);
  const own = factor(drawFor(seed, key, 'miniprep'), preparation.miniprepSpread);
  const ngPerUl = preparation.miniprepNgPerUl * own * Math.min(1, od / fullYieldOd);
  const dna: Record<string, number> = {};
  for (const [plasmid, cells] of Object.entries(culture.cells)) {
    if (plasmid !== bareCell && live > 0) dna[plasmid] = ngPerUl * (volumePl / 1e6) * (cells / live);
  }
  const taken = Math.min(volumePl, culture.volumePl);
  culture.volumePl -= taken;
  return { volumePl, liquids: { 'elution-buffer': volumePl }, dna, cells: {} };
}

/** Concentration of all plasmids in a well, ng/µL to one decimal. */
export function concentrationNgPerUl(well: Well): number {
  const ng = Object.values(well.dna).reduce((sum, amount) => sum + amount, 0);
  return well.volumePl <= 0 ? 0 : Math.round((ng / (well.volumePl / 1e6)) * 10) / 10;
}

/** Consensus of one well. */
export interface SequencedWell {
  readonly depth: number;
  readonly sequence: string;
  /** Share of the second plasmid, when it is large enough to be noticed. */
  readonly mixed?: number;
}

/**
 * Sequences what is really in a well: the consensus is the most abundant plasmid, cut open at a chance base. Undefined when there
 * is no plasmid or the service lost the sample.
 */
export function sequenceWell(well: Well, plasmids: Plasmids, seed: number, key: MotionKey): SequencedWell | undefined {
  const amounts = plasmidShares(well);
  const [first, second] = amounts;
  const chance = drawFor(seed, key, 'sequencing');
  const lost = chance.uniform() < preparation.lostSample;
  if (!first || lost) return undefined;
  const sequence = plasmids.sequenceOf(first[0]);
  const origin = chance.below(sequence.length);
  const mixed = second && second[1] >= preparation.mixtureShare ? { mixed: second[1] } : {};
  return {
    depth: Math.max(1, chance.poisson(preparation.depth)),
    sequence: sequence.slice(origin) + sequence.slice(0, origin),
    ...mixed,
  };
}

/** Plasmids of a well, free or in cells, with their shares, the largest first. */
function plasmidShares(well: Well): [string, number][] {
  const cells = Object.entries(well.cells).filter(([key]) => key !== bareCell);
  const amounts = cells.length > 0 ? cells : Object.entries(well.dna);
  const total = amounts.reduce((sum, [, amount]) => sum + amount, 0);
  return amounts
    .filter(([, amount]) => amount > 0)
    .map(([key, amount]): [string, number] => [key, amount / total])
    .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
}
