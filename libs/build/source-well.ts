import { DomainError } from '../errors/domain-error';
import { plToUl } from '../units/volume';

/** A well that liquid may be taken from. */
export interface SourceWell {
  readonly labwareId: string;
  readonly barcode: string;
  /** Labware kind. */
  readonly kind: string;
  readonly well: string;
  /** What a robot may still take: held less reserved less what stays behind. */
  readonly availablePl: number;
}

/** A well with a sample of a construct or control in it. */
export interface SampleWell extends SourceWell {
  readonly sampleId: string;
  readonly constructId?: string;
  readonly cloneId?: string;
  readonly code?: string;
}

/** A well found by what it holds: part id, construct id of a unit, or name of a reagent. */
export interface StockWell extends SourceWell {
  readonly code: string;
  /** DNA only. */
  readonly concentrationNgPerUl?: number;
}

/** Material on the shelf while one plan is made: what one transfer takes, the next cannot. */
export class Shelf {
  private readonly wells = new Map<string, { readonly well: StockWell; leftPl: number }[]>();

  constructor(stock: readonly StockWell[]) {
    for (const well of stock) {
      const alike = this.wells.get(well.code) ?? [];
      this.wells.set(well.code, [...alike, { well, leftPl: well.availablePl }]);
    }
  }

  /** Takes as `take` does when a well has enough; says whether one had. */
  offers(code: string, volumePl: number | ((well: StockWell) => number)): boolean {
    return this.draw(code, volumePl) !== undefined;
  }

  /**
   * The well to take from next: of duplicates the most concentrated that still has enough, then the fullest.
   * `volumePl` may depend on the well, since an amount of DNA is more liquid from a thinner stock.
   * @throws DomainError `plan-impossible` when none has enough; names what is missing and what there is.
   */
  take(code: string, volumePl: number | ((well: StockWell) => number)): { well: StockWell; volumePl: number } {
    const drawn = this.draw(code, volumePl);
    if (!drawn) throw this.shortOf(code);
    return drawn;
  }

  private draw(
    code: string,
    volumePl: number | ((well: StockWell) => number),
  ): { well: StockWell; volumePl: number } | undefined {
    const needs = typeof volumePl === 'number' ? () => volumePl : volumePl;
    const fitting = (this.wells.get(code) ?? []).filter((entry) => entry.leftPl >= needs(entry.well));
    const [best] = fitting.sort(
      (a, b) =>
        (b.well.concentrationNgPerUl ?? 0) - (a.well.concentrationNgPerUl ?? 0) ||
        b.leftPl - a.leftPl ||
        (a.well.barcode + a.well.well < b.well.barcode + b.well.well ? -1 : 1),
    );
    if (!best) return undefined;
    const taken = needs(best.well);
    best.leftPl -= taken;
    return { well: best.well, volumePl: taken };
  }

  private shortOf(code: string): DomainError {
    const held = this.wells.get(code);
    if (!held) return new DomainError('plan-impossible', `No stock of "${code}" in the lab; receive some.`, { code });
    const left = held.map(({ well, leftPl }) => `${plToUl(leftPl).toFixed(2)} µL in ${well.barcode} ${well.well}`);
    return new DomainError('plan-impossible', `Not enough "${code}": ${left.join(', ')} left; refill it.`, { code });
  }
}
