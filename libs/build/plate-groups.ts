import { findLabwareKind } from '../labware/kinds';
import { columnMajorIndex } from '../labware/wells';

/** Wells by labware, in the order the labware first appears; within one, by column. */
export function groupByLabware<T extends { readonly labwareId: string; readonly kind: string; readonly well: string }>(
  wells: readonly T[],
): T[][] {
  const groups = new Map<string, T[]>();
  for (const well of wells) groups.set(well.labwareId, [...(groups.get(well.labwareId) ?? []), well]);
  return [...groups.values()].map((group) => {
    const kind = findLabwareKind((group[0] as T).kind);
    return group.sort((a, b) => columnMajorIndex(a.well, kind) - columnMajorIndex(b.well, kind));
  });
}
