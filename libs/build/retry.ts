import type { PlannedTransfer } from '../device/job';

/** What is known of a job that failed part-way. */
export interface PartialWork {
  readonly transfers: readonly PlannedTransfer[];
  /** Ordinals that surely happened. */
  readonly done: ReadonlySet<number>;
  /** Ordinals that may have happened. */
  readonly uncertain: ReadonlySet<number>;
  /** Wells (`labwareId/well`) whose sample is void. */
  readonly voidWells: ReadonlySet<string>;
}

/**
 * Transfers that are left: same ordinals, without those that happened and without those into a well that is void or that an
 * uncertain transfer may have reached: more liquid there would not make it right.
 */
export function remainingTransfers(work: PartialWork): PlannedTransfer[] {
  const spoilt = new Set(work.voidWells);
  for (const transfer of work.transfers) if (work.uncertain.has(transfer.ordinal)) spoilt.add(destinationOf(transfer));
  return work.transfers.filter((transfer) => !work.done.has(transfer.ordinal) && !spoilt.has(destinationOf(transfer)));
}

const destinationOf = ({ toLabwareId, toWell }: PlannedTransfer): string => `${toLabwareId}/${toWell}`;
