import type { PlannedSample, PlannedTransfer } from '../device/job';
import { DomainError } from '../errors/domain-error';
import { findLabwareKind } from '../labware/kinds';
import type { PlannedLabware, PlannedWorklist } from '../protocol/protocol';
import { ulToPl } from '../units/volume';

/** A well of a labware, as one end of a transfer. */
export interface WellRef {
  readonly labwareId: string;
  readonly well: string;
}

/** Collects the transfers into one labware: ordinals run from 1, no well is filled over its brim. */
export class WorklistBuilder {
  private readonly transfers: PlannedTransfer[] = [];
  private readonly products = new Map<string, PlannedSample>();
  private readonly filledPl = new Map<string, number>();
  private readonly maxPl: number;

  /** @param heldPl what the wells hold before, by well. */
  constructor(
    private readonly destination: PlannedLabware,
    heldPl: Readonly<Record<string, number>> = {},
  ) {
    this.maxPl = ulToPl(findLabwareKind(destination.kind).maxUl);
    for (const [well, volumePl] of Object.entries(heldPl)) this.filledPl.set(well, volumePl);
  }

  /** @throws DomainError `plan-impossible` for no whole positive volume, or a well that would overflow. */
  add(from: WellRef, well: string, volumePl: number): void {
    if (!Number.isSafeInteger(volumePl) || volumePl <= 0) {
      throw new DomainError('plan-impossible', `Expected a volume of whole picolitres above 0, found ${volumePl}.`);
    }
    const filled = (this.filledPl.get(well) ?? 0) + volumePl;
    if (filled > this.maxPl) {
      const { barcode, kind } = this.destination;
      const message = `${barcode} ${well} would hold ${filled} pL; a well of ${kind} holds ${this.maxPl} pL.`;
      throw new DomainError('plan-impossible', message, { barcode, well });
    }
    this.filledPl.set(well, filled);
    this.transfers.push({
      ordinal: this.transfers.length + 1,
      fromLabwareId: from.labwareId,
      fromWell: from.well,
      toLabwareId: this.destination.labwareId,
      toWell: well,
      volumePl,
    });
  }

  /** States what a well holds once liquid went in. @throws DomainError `plan-impossible` when the well has a product. */
  make(product: PlannedSample): void {
    if (this.products.has(product.well)) {
      throw new DomainError('plan-impossible', `${this.destination.barcode} ${product.well} would be made twice.`);
    }
    this.products.set(product.well, product);
  }

  /** The worklist so far. */
  build(): PlannedWorklist {
    return { transfers: [...this.transfers], products: [...this.products.values()] };
  }
}

/** Ids of a construct and its clone for a product, where the source has them. */
export function descent(source: { readonly constructId?: string; readonly cloneId?: string; readonly code?: string }): {
  constructId?: string;
  cloneId?: string;
  code?: string;
} {
  return {
    ...(source.constructId === undefined ? {} : { constructId: source.constructId }),
    ...(source.cloneId === undefined ? {} : { cloneId: source.cloneId }),
    ...(source.code === undefined ? {} : { code: source.code }),
  };
}

/** Cuts a list into pieces of at most `size`. */
export function chunk<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}

/** Cuts a list into as few pieces of at most `size` as it takes, of nearly equal length. */
export function evenChunks<T>(items: readonly T[], size: number): T[][] {
  const pieces = Math.ceil(items.length / size);
  return pieces === 0 ? [] : chunk(items, Math.ceil(items.length / pieces));
}

/** Worklists by the key of their labware. */
export function byKey(
  labware: readonly PlannedLabware[],
  worklists: readonly PlannedWorklist[],
): Record<string, PlannedWorklist> {
  return Object.fromEntries(labware.map(({ key }, index) => [key, worklists[index] as PlannedWorklist]));
}
