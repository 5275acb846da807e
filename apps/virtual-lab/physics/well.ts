/** Content of one well. Amounts move in proportion to volume. */
export interface Well {
  volumePl: number;
  /** Picolitres by name of the liquid. */
  liquids: Record<string, number>;
  /** Nanograms by plasmid key. */
  dna: Record<string, number>;
  /** Cells by the key of the plasmid they carry; `bareCell` carry none. */
  cells: Record<string, number>;
  /** Where the first cells came from; keys what is particular to this culture. */
  origin?: { readonly stepKey: string; readonly count: number };
  /** Lab time (ms) the cells of this well have spent at 37 °C. */
  warmMs: number;
  /** Agar only: plasmid keys of the colonies in the order they are picked, and how many were taken. */
  colonies?: string[];
  picked: number;
}

/** Key of cells without plasmid. */
export const bareCell = 'none';

/** An empty well. */
export const emptyWell = (): Well => ({ volumePl: 0, liquids: {}, dna: {}, cells: {}, warmMs: 0, picked: 0 });

/** What a transfer carries. */
export interface Portion {
  readonly volumePl: number;
  readonly liquids: Readonly<Record<string, number>>;
  readonly dna: Readonly<Record<string, number>>;
  readonly cells: Readonly<Record<string, number>>;
}

/** Takes a volume out of a well, a proportional share of everything in it; never more than there is. */
export function draw(well: Well, volumePl: number): Portion {
  const taken = Math.min(volumePl, well.volumePl);
  const share = well.volumePl === 0 ? 0 : taken / well.volumePl;
  const portion = {
    volumePl: taken,
    liquids: split(well.liquids, share),
    dna: split(well.dna, share),
    cells: split(well.cells, share),
  };
  well.volumePl -= taken;
  return portion;
}

/** Pours a portion into a well. */
export function pour(well: Well, portion: Portion): void {
  well.volumePl += portion.volumePl;
  merge(well.liquids, portion.liquids);
  merge(well.dna, portion.dna);
  merge(well.cells, portion.cells);
}

/** Number of cells that carry a plasmid. */
export function liveCells(well: Well): number {
  return Object.entries(well.cells).reduce((sum, [key, count]) => (key === bareCell ? sum : sum + count), 0);
}

/** Says whether a well holds any of the liquids. */
export function holdsLiquid(well: Well, ...names: readonly string[]): boolean {
  return names.some((name) => (well.liquids[name] ?? 0) > 0);
}

/** Removes a share of every amount and returns it. */
function split(amounts: Record<string, number>, share: number): Record<string, number> {
  const taken: Record<string, number> = {};
  for (const [key, amount] of Object.entries(amounts)) {
    taken[key] = amount * share;
    if (share >= 1) delete amounts[key];
    else amounts[key] = amount - (taken[key] as number);
  }
  return taken;
}

function merge(into: Record<string, number>, from: Readonly<Record<string, number>>): void {
  for (const [key, amount] of Object.entries(from)) if (amount > 0) into[key] = (into[key] ?? 0) + amount;
}
