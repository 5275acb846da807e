import type { Space } from './space';
import { levelsOf } from './space';

/**
 * Hyperparameters of one Gaussian process, natural scale.
 * Kernel: k(x, x') = s² ∏ₛ exp(−λₛ[xₛ ≠ x'ₛ] − gₛ Dₛ(xₛ, x'ₛ)); noise of observation i: s²ₙ wᵢ.
 */
export interface Hyperparameters {
  readonly signalVariance: number;
  readonly noiseVariance: number;
  /** λₛ per site. */
  readonly mismatchRates: readonly number[];
  /** gₛ per site; 0 where the site has no distances. */
  readonly distanceRates: readonly number[];
}

/** Sites that have a table of distances, in order. */
export function distanceSites(space: Space): number[] {
  return space.radices.map((_, s) => s).filter((s) => space.distances?.[s] != null);
}

/** One flat L_s × L_s correlation table per site. */
export function siteTables(space: Space, theta: Hyperparameters): Float64Array[] {
  return space.radices.map((radix, s) => {
    const table = new Float64Array(radix * radix).fill(1);
    const distances = space.distances?.[s];
    for (let a = 0; a < radix; a++) {
      for (let b = 0; b < radix; b++) {
        if (a === b) continue;
        const distance = distances ? theta.distanceRates[s]! * distances[a]![b]! : 0;
        table[a * radix + b] = Math.exp(-theta.mismatchRates[s]! - distance);
      }
    }
    return table;
  });
}

/** Levels of many members, site by site: `[site][observation]`. */
export function levelColumns(space: Space, indices: ArrayLike<number>): Int32Array[] {
  const columns = space.radices.map(() => new Int32Array(indices.length));
  for (let i = 0; i < indices.length; i++) {
    levelsOf(space, indices[i]!).forEach((level, s) => {
      columns[s]![i] = level;
    });
  }
  return columns;
}

/** Covariance of the latent function between observed members, n × n. */
export function covariance(
  space: Space,
  theta: Hyperparameters,
  columns: readonly Int32Array[],
  n: number,
): Float64Array {
  const k = new Float64Array(n * n).fill(theta.signalVariance);
  siteTables(space, theta).forEach((table, s) => multiplyLowerBySite(k, n, table, space.radices[s]!, columns[s]!));
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) k[j * n + i] = k[i * n + j]!;
  return k;
}

function multiplyLowerBySite(k: Float64Array, n: number, table: Float64Array, radix: number, levels: Int32Array): void {
  for (let i = 0; i < n; i++) {
    const row = levels[i]! * radix;
    for (let j = 0; j < i; j++) k[i * n + j]! *= table[row + levels[j]!]!;
  }
}

/** Covariance of one member with every observed member. */
export function crossCovariance(
  space: Space,
  signalVariance: number,
  tables: readonly Float64Array[],
  columns: readonly Int32Array[],
  levels: readonly number[],
): Float64Array {
  const n = columns[0]!.length;
  const k = new Float64Array(n).fill(signalVariance);
  tables.forEach((table, s) => {
    const row = levels[s]! * space.radices[s]!;
    const column = columns[s]!;
    for (let i = 0; i < n; i++) k[i]! *= table[row + column[i]!]!;
  });
  return k;
}
