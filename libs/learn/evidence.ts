import type { Hyperparameters } from './kernel';
import { covariance, distanceSites, levelColumns } from './kernel';
import { choleskyInPlace, inverseFromCholesky, solveLower, solveLowerTransposed } from './linear-algebra';
import type { Evaluation } from './minimise';
import type { Space } from './space';

/** Observations of one Gaussian process, on the standardised scale. */
export interface TrainingData {
  readonly space: Space;
  /** Library index of each observation; repeats are allowed. */
  readonly indices: readonly number[];
  readonly y: Float64Array;
  /** wᵢ: noise variance of observation i relative to s²ₙ, e.g. n̄/nᵢ. */
  readonly noiseWeights: Float64Array;
}

/** Prior variance τ² of the constant mean, which is integrated out. */
export const MEAN_VARIANCE = 4;
const JITTER = 1e-8;
const NOISE_FLOOR = 1e-4;
const LOG_TWO_PI = Math.log(2 * Math.PI);

/** Mean and standard deviation of the normal priors on the natural logarithms, and where the search starts. */
const priors = {
  signal: { mean: 0, sd: 1, start: 0 },
  noise: { mean: Math.log(0.05), sd: 1.5, start: Math.log(0.1) },
  rate: { mean: Math.log(0.5), sd: 1, start: Math.log(0.5) },
} as const;

/** The factorised posterior at given hyperparameters. */
export interface Solved {
  readonly kernel: Float64Array;
  readonly cholesky: Float64Array;
  /** v = A⁻¹1, q = 1ᵀA⁻¹1 + 1/τ². */
  readonly v: Float64Array;
  readonly q: number;
  /** Posterior mean m of the constant, and α = A⁻¹(y − m1). */
  readonly mean: number;
  readonly alpha: Float64Array;
  /** Negative log evidence without prior and without n/2·log 2π. */
  readonly negativeLogEvidence: number;
}

/** Factors A = K + N + 10⁻⁸s²I and integrates the mean out; undefined when A is not positive definite. */
export function solve(
  data: TrainingData,
  theta: Hyperparameters,
  columns = levelColumns(data.space, data.indices),
): Solved | undefined {
  const n = data.y.length;
  const kernel = covariance(data.space, theta, columns, n);
  const cholesky = Float64Array.from(kernel);
  for (let i = 0; i < n; i++) {
    cholesky[i * n + i]! += theta.noiseVariance * data.noiseWeights[i]! + JITTER * theta.signalVariance;
  }
  if (!choleskyInPlace(cholesky, n)) return undefined;
  const o = solveLower(cholesky, n, new Float64Array(n).fill(1));
  const z = solveLower(cholesky, n, Float64Array.from(data.y));
  const q = inner(o, o) + 1 / MEAN_VARIANCE;
  const mean = inner(o, z) / q;
  let logDeterminant = 0;
  for (let i = 0; i < n; i++) logDeterminant += Math.log(cholesky[i * n + i]!);
  return {
    kernel,
    cholesky,
    q,
    mean,
    negativeLogEvidence:
      0.5 * (inner(z, z) - inner(o, z) ** 2 / q) + logDeterminant + 0.5 * Math.log(MEAN_VARIANCE * q),
    v: solveLowerTransposed(cholesky, n, Float64Array.from(o)),
    alpha: solveLowerTransposed(
      cholesky,
      n,
      z.map((value, i) => value - mean * o[i]!),
    ),
  };
}

/** Complete negative log evidence of the data, n/2·log 2π included, prior of the hyperparameters excluded. */
export function completeNegativeLogEvidence(solved: Solved, n: number): number {
  return solved.negativeLogEvidence + 0.5 * n * LOG_TWO_PI;
}

/** Where the search starts: logs of (s², s²ₙ, λ per site, g per site with distances). */
export function startParameters(space: Space): Float64Array {
  const sites = space.radices.length + distanceSites(space).length;
  return Float64Array.from([
    priors.signal.start,
    priors.noise.start,
    ...new Array<number>(sites).fill(priors.rate.start),
  ]);
}

/** Natural-scale hyperparameters from the logs the search works on; the noise has a floor of 10⁻⁴. */
export function fromLogs(space: Space, logs: ArrayLike<number>): Hyperparameters {
  const sites = space.radices.length;
  const distanceRates = new Array<number>(sites).fill(0);
  distanceSites(space).forEach((site, i) => {
    distanceRates[site] = Math.exp(logs[2 + sites + i]!);
  });
  return {
    signalVariance: Math.exp(logs[0]!),
    noiseVariance: Math.max(NOISE_FLOOR, Math.exp(logs[1]!)),
    mismatchRates: space.radices.map((_, s) => Math.exp(logs[2 + s]!)),
    distanceRates,
  };
}

/** Inverse of {@link fromLogs}. */
export function toLogs(space: Space, theta: Hyperparameters): Float64Array {
  const rates = [...theta.mismatchRates, ...distanceSites(space).map((site) => theta.distanceRates[site]!)];
  return Float64Array.from([theta.signalVariance, theta.noiseVariance, ...rates].map((x) => Math.log(x)));
}

/**
 * Negative log posterior of the hyperparameters (evidence plus log-normal priors, no 2π) and its gradient in the logs.
 * Exact: the mean is integrated out, W = C⁻¹ − ααᵀ with C = A + τ²11ᵀ (Rasmussen & Williams 2006, eq. 5.9).
 */
export function posteriorOfLogs(data: TrainingData, logs: Float64Array, columns: readonly Int32Array[]): Evaluation {
  const theta = fromLogs(data.space, logs);
  const solved = solve(data, theta, [...columns]);
  if (!solved) return { value: 1e10, gradient: new Float64Array(logs.length) };
  const gradient = evidenceGradient(data, theta, solved, columns);
  if (Math.exp(logs[1]!) < NOISE_FLOOR) gradient[1] = 0;
  let value = solved.negativeLogEvidence;
  for (let j = 0; j < logs.length; j++) {
    const prior = j === 0 ? priors.signal : j === 1 ? priors.noise : priors.rate;
    const z = (logs[j]! - prior.mean) / prior.sd;
    value += 0.5 * z * z;
    gradient[j]! += z / prior.sd;
  }
  return { value, gradient };
}

function evidenceGradient(
  data: TrainingData,
  theta: Hyperparameters,
  solved: Solved,
  columns: readonly Int32Array[],
): Float64Array {
  const { space } = data;
  const tables = space.radices.map((radix) => new Float64Array(radix * radix));
  const { signal, noise } = accumulate(data, theta, solved, columns, tables);
  const mismatch = tables.map((table, s) => -0.5 * theta.mismatchRates[s]! * offDiagonal(table, space.radices[s]!));
  const distance = distanceSites(space).map((s) => {
    const radix = space.radices[s]!;
    const distances = space.distances![s]!;
    const weighted = tables[s]!.reduce((sum, b, at) => sum + b * distances[Math.floor(at / radix)]![at % radix]!, 0);
    return -0.5 * theta.distanceRates[s]! * weighted;
  });
  return Float64Array.from([signal, noise, ...mismatch, ...distance]);
}

/** One pass over pairs: ½ΣW∘K, the noise term, and Σ W∘K per pair of levels of each site. */
function accumulate(
  data: TrainingData,
  theta: Hyperparameters,
  { kernel, cholesky, v, q, alpha }: Solved,
  columns: readonly Int32Array[],
  tables: readonly Float64Array[],
): { signal: number; noise: number } {
  const n = data.y.length;
  const inverse = inverseFromCholesky(cholesky, n);
  const rowOf = columns.map((column, s) => column.map((level) => level * data.space.radices[s]!));
  let [signal, noise] = [0, 0];
  for (let i = 0; i < n; i++) {
    const w = inverse[i * n + i]! - (v[i]! * v[i]!) / q - alpha[i]! * alpha[i]!;
    noise += 0.5 * w * theta.noiseVariance * data.noiseWeights[i]!;
    signal += 0.5 * w * theta.signalVariance;
    for (let j = 0; j < i; j++) {
      const pair = (inverse[i * n + j]! - (v[i]! * v[j]!) / q - alpha[i]! * alpha[j]!) * kernel[i * n + j]!;
      signal += pair;
      for (let s = 0; s < tables.length; s++) tables[s]![rowOf[s]![i]! + columns[s]![j]!]! += 2 * pair;
    }
  }
  return { signal, noise };
}

function offDiagonal(table: Float64Array, radix: number): number {
  let sum = 0;
  for (let a = 0; a < radix; a++) for (let b = 0; b < radix; b++) if (a !== b) sum += table[a * radix + b]!;
  return sum;
}

function inner(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
