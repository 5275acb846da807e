import { DomainError } from '../errors/domain-error';
import type { WellGrid, WellPosition } from '../labware/wells';
import { parseWell, quadrantOf, wellCount, wellName, wellsByRow } from '../labware/wells';
import type { Generator } from '../random/generator';

/** Something to be put into a well: replicates share a group; controls are spread over the quadrants. */
export interface LayoutItem {
  readonly group: string;
  readonly control: boolean;
}

/** A layout and how good it is beside chance. */
export interface PlateLayout {
  /** Well of each item, in the items' order. */
  readonly wells: readonly string[];
  readonly score: number;
  /** Mean score of random layouts of the same items. */
  readonly randomScore: number;
}

/** What one unit of each fault costs. */
const weights = { neighbours: 3, sameLine: 1, quadrants: 2, edge: 0.25 } as const;
const randomLayouts = 20;
const swapsPerItem = 40;

/**
 * Cost of a layout, lower is better: replicates that touch, replicates that share a row or column, controls gathered in
 * one quadrant, samples at the edge.
 */
export function layoutScore(items: readonly LayoutItem[], wells: readonly string[], grid: WellGrid): number {
  return scoreOf(items, placesOf(wells, grid), grid);
}

/**
 * A seeded layout: starts from the best of some random ones and swaps wells as long as the score does not rise.
 * @throws DomainError `plate-overflow` when there are more items than wells.
 */
export function layOut(items: readonly LayoutItem[], grid: WellGrid, generator: Generator): PlateLayout {
  if (items.length > wellCount(grid)) {
    throw new DomainError('plate-overflow', `${items.length} wells are needed, the plate has ${wellCount(grid)}.`);
  }
  const all = placesOf(wellsByRow(grid), grid);
  const starts = Array.from({ length: randomLayouts }, () => generator.shuffle(all));
  const scores = starts.map((start) => scoreOf(items, start, grid));
  const randomScore = scores.reduce((sum, score) => sum + score, 0) / scores.length;
  const best = starts[scores.indexOf(Math.min(...scores))] as WellPosition[];
  const { places, score } = improve(items, best, grid, generator);
  return { wells: places.slice(0, items.length).map(wellName), score, randomScore };
}

const placesOf = (wells: readonly string[], grid: WellGrid): WellPosition[] =>
  wells.map((well) => parseWell(well, grid));

/** Places beyond the last item are empty and cost nothing. */
function scoreOf(items: readonly LayoutItem[], places: readonly WellPosition[], grid: WellGrid): number {
  let score = 0;
  for (let i = 0; i < items.length; i++) {
    for (let j = i + 1; j < items.length; j++) {
      if ((items[i] as LayoutItem).group !== (items[j] as LayoutItem).group) continue;
      score += pairCost(places[i] as WellPosition, places[j] as WellPosition);
    }
  }
  return (
    score + weights.quadrants * quadrantImbalance(items, places, grid) + weights.edge * edgeUse(items, places, grid)
  );
}

function pairCost(a: WellPosition, b: WellPosition): number {
  const rows = Math.abs(a.row - b.row);
  const columns = Math.abs(a.column - b.column);
  return (Math.max(rows, columns) <= 1 ? weights.neighbours : 0) + (rows === 0 || columns === 0 ? weights.sameLine : 0);
}

/** How many controls would have to move so that each group is spread over the quadrants as evenly as its number allows. */
function quadrantImbalance(items: readonly LayoutItem[], places: readonly WellPosition[], grid: WellGrid): number {
  const counts = new Map<string, [number, number, number, number]>();
  items.forEach(({ group, control }, index) => {
    if (!control) return;
    const own = counts.get(group) ?? [0, 0, 0, 0];
    own[quadrantOf(places[index] as WellPosition, grid)]++;
    counts.set(group, own);
  });
  return [...counts.values()].reduce((sum, own) => sum + surplus(own), 0);
}

function surplus(counts: readonly number[]): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  return counts.reduce((sum, count) => sum + Math.max(0, count - Math.ceil(total / 4)), 0);
}

function edgeUse(items: readonly LayoutItem[], places: readonly WellPosition[], grid: WellGrid): number {
  return items.filter(({ control }, index) => {
    const { row, column } = places[index] as WellPosition;
    return !control && (row % (grid.rows - 1) === 0 || column % (grid.columns - 1) === 0);
  }).length;
}

/** Swaps two wells (one may be empty) and keeps what is no worse. */
function improve(
  items: readonly LayoutItem[],
  start: readonly WellPosition[],
  grid: WellGrid,
  generator: Generator,
): { places: WellPosition[]; score: number } {
  const places = [...start];
  let score = scoreOf(items, places, grid);
  for (let step = 0; step < swapsPerItem * items.length && score > 0; step++) {
    const [a, b] = [generator.below(items.length), generator.below(places.length)];
    const swap = (): void => {
      [places[a], places[b]] = [places[b] as WellPosition, places[a] as WellPosition];
    };
    swap();
    const swapped = scoreOf(items, places, grid);
    if (swapped <= score) score = swapped;
    else swap();
  }
  return { places, score };
}
