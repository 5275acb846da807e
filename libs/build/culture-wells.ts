import { findLabwareKind } from '../labware/kinds';
import { wellsByColumn } from '../labware/wells';

/** Wells of an OD plate that hold medium only; culture plates leave them free. */
export const blankWells = ['G12', 'H12'] as const;

/** Wells of a culture plate in filling order: every well but the blanks of the OD plate read from it. */
export function cultureWells(): string[] {
  return wellsByColumn(findLabwareKind('deepwell-96')).filter((well) => !blankWells.includes(well as 'G12'));
}
