import { labwareKinds } from './kinds';

/** Racks of tips, the smallest tips first. */
const racks = labwareKinds
  .flatMap(({ id, tipUl }) => (tipUl === undefined ? [] : { id, tipPl: tipUl * 1_000_000 }))
  .sort((a, b) => a.tipPl - b.tipPl);

/** Tips of one kind of rack. */
export interface TipCount {
  /** Labware kind of the rack, e.g. `tips-300`. */
  readonly kind: string;
  readonly count: number;
}

/** The kind of rack for a stroke: the smallest tips that hold it; the largest for what no tip holds, drawn in several strokes. */
export function tipRackFor(volumePl: number): string {
  return (racks.find(({ tipPl }) => volumePl <= tipPl) ?? racks[racks.length - 1])?.id as string;
}

/** One movement of liquid, as far as tips are concerned. */
export interface Stroke {
  readonly fromLabwareId: string;
  readonly fromWell: string;
  readonly volumePl: number;
}

/** What tells which tip a stroke is made with: the same tip serves the same source with strokes of the same class. */
export const tipKey = (source: string, volumePl: number): string => `${source}|${tipRackFor(volumePl)}`;

/**
 * Tips a worklist uses: a fresh one for every source well and class of stroke. Destinations are not touched (liquid is dispensed
 * from above), so a tip goes from well to well; strokes larger than the tip are split and use no more.
 */
export function tipsFor(strokes: readonly Stroke[]): TipCount[] {
  const used = new Map<string, string>();
  for (const { fromLabwareId, fromWell, volumePl } of strokes)
    used.set(tipKey(`${fromLabwareId}/${fromWell}`, volumePl), tipRackFor(volumePl));
  const counts = new Map<string, number>();
  for (const kind of used.values()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return racks.flatMap(({ id }) => (counts.has(id) ? { kind: id, count: counts.get(id) as number } : []));
}
