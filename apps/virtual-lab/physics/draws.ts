import type { Generator } from '../../../libs/random/generator';
import { generatorFor } from '../../../libs/random/generator';

/**
 * Names a physical motion, so that its chance is the same in every order of events: the plate, the well, the step of the plan,
 * and how often that motion really happened. Never a dispatch number or a time of arrival.
 */
export interface MotionKey {
  readonly barcode: string;
  readonly well: string;
  readonly stepKey: string;
  /** From 1. */
  readonly count: number;
}

/** Generator of one property of one motion. */
export function drawFor(seed: number, { barcode, well, stepKey, count }: MotionKey, property: string): Generator {
  return generatorFor('virtual-lab', seed, barcode, well, stepKey, count, property);
}

/** A factor with mean 1 whose logarithm has the given standard deviation. */
export function factor(generator: Generator, spread: number): number {
  return Math.exp(spread * generator.normal() - (spread * spread) / 2);
}
