import type { PlannedTransfer } from '../device/job';

/** Between which volumes a transfer of a job moved liquid, all its attempts together. */
export interface MovedVolume {
  readonly lowPl: number;
  readonly highPl: number;
}

/** What is known of a job that failed part-way. */
export interface PartialWork {
  readonly transfers: readonly PlannedTransfer[];
  /** What the ledger says of each ordinal that was posted. */
  readonly moved: ReadonlyMap<number, MovedVolume>;
  /** Wells (`labwareId/well`) whose sample is void. */
  readonly voidWells: ReadonlySet<string>;
}

/** A shortfall up to this share of the planned volume is what pipettes do. */
const tolerance = 0.05;

/**
 * Transfers that are left: same ordinals, without those that happened and without those into a well that is void or that an
 * uncertain transfer may have reached: more liquid there would not make it right. A transfer that surely moved too little is
 * left with the volume that lacks.
 */
export function remainingTransfers(work: PartialWork): PlannedTransfer[] {
  const spoilt = new Set(work.voidWells);
  for (const transfer of work.transfers) {
    const moved = work.moved.get(transfer.ordinal);
    if (moved && moved.lowPl === 0 && moved.highPl > 0) spoilt.add(destinationOf(transfer));
  }
  return work.transfers.flatMap((transfer) => {
    const lackingPl = lacking(transfer, work.moved.get(transfer.ordinal));
    return lackingPl === 0 || spoilt.has(destinationOf(transfer)) ? [] : { ...transfer, volumePl: lackingPl };
  });
}

/** What a transfer still has to move; nothing when it may have moved enough. */
function lacking({ volumePl }: PlannedTransfer, moved: MovedVolume | undefined): number {
  if (!moved) return volumePl;
  return moved.highPl >= volumePl * (1 - tolerance) ? 0 : volumePl - moved.highPl;
}

const destinationOf = ({ toLabwareId, toWell }: PlannedTransfer): string => `${toLabwareId}/${toWell}`;
