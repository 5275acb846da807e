import { meanOf, sdOf, tQuantile975 } from '../../libs/assay/statistics';

/** Mean of independent repeats with its standard error. */
export interface MeanWithError {
  readonly mean: number;
  /** Standard deviation / √n; 0 for a single repeat. */
  readonly sem: number;
}

/** Mean of paired differences with its 95 % confidence interval. */
export interface PairedDifference extends MeanWithError {
  readonly low: number;
  readonly high: number;
}

/** Mean and standard error of independent repeats (at least one). */
export function meanWithError(values: readonly number[]): MeanWithError {
  return { mean: meanOf(values), sem: (sdOf(values) ?? 0) / Math.sqrt(values.length) };
}

/**
 * Mean of aᵢ − bᵢ with its 95 % confidence interval by Student's t; pairs share a seed.
 * With a single pair the interval is unbounded: nothing is known of its spread.
 */
export function pairedDifference(a: readonly number[], b: readonly number[]): PairedDifference {
  const { mean, sem } = meanWithError(a.map((value, i) => value - b[i]!));
  const half = a.length > 1 ? tQuantile975(a.length - 1) * sem : Infinity;
  return { mean, sem, low: mean - half, high: mean + half };
}
