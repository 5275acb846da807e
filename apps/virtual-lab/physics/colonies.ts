import { growth, transformation } from './constants';
import type { MotionKey } from './draws';
import { drawFor, factor } from './draws';
import type { Plasmids } from './plasmids';
import type { Portion, Well } from './well';
import { bareCell } from './well';

/**
 * Heat shock: competent cells take up the plasmids in the well, with a saturating dose response and a Poisson count. The DNA is
 * gone afterwards; a well without cells or DNA only gets warm.
 */
export function heatShock(well: Well, seed: number, key: MotionKey): void {
  const cellsUl = (well.liquids['competent-cells'] ?? 0) / 1e6;
  const ng = Object.values(well.dna).reduce((sum, amount) => sum + amount, 0);
  if (cellsUl <= 0 || ng <= 0) return;
  const chance = drawFor(seed, key, 'heat-shock');
  const saturation = ng / (ng + transformation.halfNg);
  const mean = transformation.mostPerUl * cellsUl * saturation * factor(chance, transformation.spread);
  for (const plasmid of Object.keys(well.dna).sort()) {
    const count = chance.poisson((mean * (well.dna[plasmid] as number)) / ng);
    if (count > 0) well.cells[plasmid] = (well.cells[plasmid] ?? 0) + count;
  }
  well.cells[bareCell] = (well.cells[bareCell] ?? 0) + cellsUl * transformation.bareCellsPerUl;
  well.dna = {};
}

/** Spreads a portion on a region of agar: every transformant that lands makes a colony, some with a changed base. */
export function plate(region: Well, portion: Portion, plasmids: Plasmids, seed: number, key: MotionKey): void {
  const chance = drawFor(seed, key, 'plating');
  const colonies: string[] = [];
  for (const plasmid of Object.keys(portion.cells).sort()) {
    if (plasmid === bareCell) continue;
    const count = chance.poisson(portion.cells[plasmid] as number);
    for (let i = 0; i < count; i++) {
      colonies.push(chance.uniform() < transformation.pointMutation ? mutate(plasmid, plasmids, chance) : plasmid);
    }
  }
  region.volumePl += portion.volumePl;
  region.colonies = [...(region.colonies ?? []), ...chance.shuffle(colonies)];
}

/** Colonies that can be seen and picked: none before the tray was warm long enough. */
export function visibleColonies(region: Well): number {
  if (region.warmMs < growth.colonyVisibleMs) return 0;
  return (region.colonies?.length ?? 0) - region.picked;
}

/** Takes the next colony of a region: cells to inoculate with, or undefined when there is none to be seen. */
export function pickColony(region: Well, seed: number, key: MotionKey): Portion | undefined {
  if (visibleColonies(region) <= 0) return undefined;
  const colony = region.colonies?.[region.picked] as string;
  region.picked += 1;
  const spoiled = region.warmMs > growth.spoilMs;
  const satellite = spoiled && drawFor(seed, key, 'satellite').uniform() < growth.satelliteShare;
  const cells = { [satellite ? bareCell : colony]: transformation.cellsPerPick };
  return { volumePl: 0, liquids: {}, dna: {}, cells };
}

/** One changed base inside a gene of the plasmid, or anywhere in a plasmid without genes. */
function mutate(plasmid: string, plasmids: Plasmids, chance: ReturnType<typeof drawFor>): string {
  const sequence = plasmids.sequenceOf(plasmid);
  const genes = plasmids
    .genotypeOf(plasmid)
    .units.flatMap(({ promoter, rbs, cds, terminator }) =>
      [promoter, rbs, cds, terminator].flatMap((part) => part ?? []),
    );
  const places = genes.length > 0 ? genes : [{ start: 0, end: sequence.length }];
  let at = chance.below(places.reduce((sum, { start, end }) => sum + end - start, 0));
  const gene = places.find(({ start, end }) => (at -= end - start) < 0) as { start: number; end: number };
  const position = (gene.end + at) % sequence.length;
  const others = 'ACGT'.replace(sequence[position] as string, '');
  const changed = others[chance.below(others.length)] as string;
  return plasmids.keyOf(sequence.slice(0, position) + changed + sequence.slice(position + 1));
}
