import { growth } from './constants';
import type { MotionKey } from './draws';
import { drawFor, factor } from './draws';
import type { Phenotypes } from './expression';
import type { Well } from './well';
import { bareCell, holdsLiquid, liveCells } from './well';

/** Where a well is, for keys and capacities. */
export interface Culture {
  readonly barcode: string;
  readonly wellName: string;
  /** Labware kind. */
  readonly kind: string;
  readonly well: Well;
}

/** Optical density (plate-reader units) of a number of cells in a volume. */
export function opticalDensity(cells: number, volumePl: number): number {
  return volumePl <= 0 ? 0 : cells / (volumePl / 1e6) / growth.cellsPerUlAtOd1;
}

/** OD of all cells in a well. */
export function densityOf({ cells, volumePl }: Well): number {
  return opticalDensity(
    Object.values(cells).reduce((sum, count) => sum + count, 0),
    volumePl,
  );
}

/**
 * Keeps a culture at 37 °C for a while. Below `saturatedMs` of warm time it grows logistically; from then on it stands at the
 * saturation density of its well, however long it waits; beyond `spoilMs` it falls to half of that and stays there.
 * Cells without plasmid do not grow in antibiotic; a well without medium does not change.
 */
export function keepWarm(culture: Culture, elapsedMs: number, phenotypes: Phenotypes, seed: number): void {
  const { well } = culture;
  well.warmMs += elapsedMs;
  if (!grows(culture, seed)) return;
  const saturation = saturationOd(culture, phenotypes, seed);
  const before = opticalDensity(liveCells(well), well.volumePl);
  if (well.warmMs > growth.spoilMs) scaleTo(well, saturation * growth.spoiledDensityShare);
  else if (well.warmMs >= growth.saturatedMs) scaleTo(well, saturation);
  else scaleTo(well, logistic(before, saturation, meanRate(well, phenotypes), elapsedMs));
}

/** OD of the growing cells after so long at 37 °C by the logistic alone: what a reader sees during a kinetic run. */
export function densityAfter(culture: Culture, elapsedMs: number, phenotypes: Phenotypes, seed: number): number {
  const { well } = culture;
  const before = opticalDensity(liveCells(well), well.volumePl);
  if (!grows(culture, seed)) return before;
  return logistic(before, saturationOd(culture, phenotypes, seed), meanRate(well, phenotypes), elapsedMs);
}

/** Says whether the culture can grow at all: medium, live cells, not spoiled, and not one of the wells that never do. */
export function grows({ barcode, wellName, well }: Culture, seed: number): boolean {
  if (!well.origin || liveCells(well) <= 0 || !holdsLiquid(well, 'medium', 'assay-medium')) return false;
  if ((well.liquids['glycerol-50'] ?? 0) > growth.mostGlycerol * well.volumePl) return false;
  const key: MotionKey = { barcode, well: wellName, ...well.origin };
  return drawFor(seed, key, 'grows').uniform() >= growth.deadCulture;
}

/** Saturation density of a well: by labware kind, burden and a keyed factor. */
export function saturationOd({ barcode, wellName, kind, well }: Culture, phenotypes: Phenotypes, seed: number): number {
  const key: MotionKey = { barcode, well: wellName, ...(well.origin ?? { stepKey: '', count: 0 }) };
  const own = factor(drawFor(seed, key, 'saturation'), growth.saturationSpread);
  const loss = meanOverCells(well, (plasmid) => phenotypes.of(plasmid).densityLoss);
  return (growth.saturationOd[kind] ?? growth.otherSaturationOd) * own * (1 - loss);
}

/** OD after a time: K / (1 + (K/N₀ − 1) e^(−μt)); a culture above K falls to it the same way. */
export function logistic(startOd: number, saturation: number, ratePerH: number, elapsedMs: number): number {
  if (startOd <= 0) return 0;
  return saturation / (1 + (saturation / startOd - 1) * Math.exp((-ratePerH * elapsedMs) / 3_600_000));
}

/** Brings the growing cells of a well to an OD, in the proportions they have. */
export function scaleTo(well: Well, od: number): void {
  const before = opticalDensity(liveCells(well), well.volumePl);
  if (before <= 0) return;
  for (const key of Object.keys(well.cells))
    if (key !== bareCell) well.cells[key] = ((well.cells[key] ?? 0) * od) / before;
}

function meanRate(well: Well, phenotypes: Phenotypes): number {
  return meanOverCells(well, (plasmid) => phenotypes.of(plasmid).growthPerH);
}

function meanOverCells(well: Well, valueOf: (plasmid: string) => number): number {
  const total = liveCells(well);
  if (total <= 0) return 0;
  const growing = Object.entries(well.cells).filter(([key]) => key !== bareCell);
  return growing.reduce((sum, [key, count]) => sum + valueOf(key) * (count / total), 0);
}
