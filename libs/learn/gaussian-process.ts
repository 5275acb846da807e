import type { Solved, TrainingData } from './evidence';
import {
  MEAN_VARIANCE,
  completeNegativeLogEvidence,
  fromLogs,
  posteriorOfLogs,
  solve,
  startParameters,
  toLogs,
} from './evidence';
import type { Hyperparameters } from './kernel';
import { crossCovariance, levelColumns, siteTables } from './kernel';
import { kroneckerProduct } from './kronecker';
import { choleskyInPlace, inverseFromCholesky, solveLower, solveLowerTransposed } from './linear-algebra';
import { minimise } from './minimise';
import { levelsOf, sizeOf } from './space';
import type { Generator } from '../random/generator';

/** An exact Gaussian process over a factorial library, conditioned on data at fixed hyperparameters. */
export interface GaussianProcess {
  readonly data: TrainingData;
  readonly theta: Hyperparameters;
  readonly columns: readonly Int32Array[];
  readonly tables: readonly Float64Array[];
  readonly solved: Solved;
  /** −log p(y | θ), n/2·log 2π included. */
  readonly negativeLogEvidence: number;
}

/** Mean and variance of a latent value (noise excluded) or of a left-out observation (noise included). */
export interface Moments {
  readonly mean: number;
  readonly variance: number;
}

const LARGEST_FIT = 1000;

/** Conditions on data at given hyperparameters. Throws when the covariance is not positive definite (a bug: there is jitter). */
export function condition(data: TrainingData, theta: Hyperparameters): GaussianProcess {
  const columns = levelColumns(data.space, data.indices);
  const solved = solve(data, theta, columns);
  if (!solved) throw new Error('covariance of the observations is not positive definite');
  const negativeLogEvidence = completeNegativeLogEvidence(solved, data.y.length);
  return { data, theta, columns, tables: siteTables(data.space, theta), solved, negativeLogEvidence };
}

/**
 * Fits the hyperparameters by maximum a posteriori from the prior's start and, when given, from earlier ones; keeps the
 * better. Above 1,000 observations the fit uses the 300 best and 700 spread over the rest; the conditioning uses all.
 */
export function fit(data: TrainingData, earlier?: Hyperparameters): GaussianProcess {
  const subset = forFitting(data);
  const columns = levelColumns(subset.space, subset.indices);
  const starts = [startParameters(data.space), ...(earlier ? [toLogs(data.space, earlier)] : [])];
  const found = starts.map((start) => minimise((logs) => posteriorOfLogs(subset, logs, columns), start));
  const best = found.reduce((a, b) => (b.value < a.value ? b : a));
  return condition(data, fromLogs(data.space, best.x));
}

function forFitting(data: TrainingData): TrainingData {
  const n = data.y.length;
  if (n <= LARGEST_FIT) return data;
  const order = Array.from({ length: n }, (_, i) => i).sort((a, b) => data.y[b]! - data.y[a]! || a - b);
  const rest = order.slice(300);
  const spread = Array.from({ length: 700 }, (_, k) => rest[Math.floor((k * rest.length) / 700)]!);
  const chosen = [...order.slice(0, 300), ...spread];
  return {
    space: data.space,
    indices: chosen.map((i) => data.indices[i]!),
    y: Float64Array.from(chosen, (i) => data.y[i]!),
    noiseWeights: Float64Array.from(chosen, (i) => data.noiseWeights[i]!),
  };
}

/** Posterior mean of every member of the library: m + s²(⊗Kₛ) scatter(α). */
export function meanOfLibrary(gp: GaussianProcess): Float64Array {
  const scattered = scatter(gp, gp.solved.alpha);
  const mean = kroneckerProduct(gp.tables, gp.data.space.radices, scattered);
  return mean.map((value) => gp.solved.mean + gp.theta.signalVariance * value);
}

/** Exact posterior moments of single members, the uncertain mean included, noise excluded. O(n²) each. */
export function momentsOf(gp: GaussianProcess, members: readonly number[]): Moments[] {
  const { data, theta, columns, tables, solved } = gp;
  const n = data.y.length;
  const prior = theta.signalVariance + MEAN_VARIANCE;
  return members.map((member) => {
    const k = crossCovariance(data.space, theta.signalVariance, tables, columns, levelsOf(data.space, member));
    let mean = solved.mean;
    for (let i = 0; i < n; i++) mean += k[i]! * solved.alpha[i]!;
    const withMean = k.map((value) => value + MEAN_VARIANCE);
    const projected = withMean.reduce((sum, value, i) => sum + value * solved.v[i]!, 0);
    const whitened = solveLower(solved.cholesky, n, withMean);
    const explained = whitened.reduce((sum, value) => sum + value * value, 0) - (projected * projected) / solved.q;
    return { mean, variance: Math.max(0, prior - explained) };
  });
}

/** Leave-one-out predictions of every observation, noise included (Rasmussen & Williams 2006, eq. 5.12). */
export function leaveOneOut(gp: GaussianProcess): Moments[] {
  const n = gp.data.y.length;
  const { cholesky, v, q, alpha } = gp.solved;
  const inverse = inverseFromCholesky(cholesky, n);
  return Array.from({ length: n }, (_, i) => {
    const variance = 1 / (inverse[i * n + i]! - (v[i]! * v[i]!) / q);
    return { mean: gp.data.y[i]! - alpha[i]! * variance, variance };
  });
}

/** Mean prediction per level of one site, averaged over all members that carry the level. */
export function mainEffect(gp: GaussianProcess, site: number): number[] {
  const { data, theta, tables, columns, solved } = gp;
  const average = tables.map((table, s) => rowMeans(table, data.space.radices[s]!));
  return Array.from({ length: data.space.radices[site]! }, (_, level) => {
    let sum = 0;
    solved.alpha.forEach((alpha, i) => {
      let product = alpha;
      columns.forEach((column, s) => {
        const at = column[i]!;
        product *= s === site ? tables[s]![level * data.space.radices[s]! + at]! : average[s]![at]!;
      });
      sum += product;
    });
    return solved.mean + theta.signalVariance * sum;
  });
}

function rowMeans(table: Float64Array, radix: number): number[] {
  return Array.from(
    { length: radix },
    (_, a) => table.subarray(a * radix, (a + 1) * radix).reduce((x, y) => x + y, 0) / radix,
  );
}

/**
 * Exact joint posterior samples of the whole library by Matheron's rule with Kronecker algebra
 * (Wilson et al. 2020, arXiv 2002.09309). A sample is mean plus latent value of every member, noise excluded.
 */
export class LibrarySampler {
  private readonly roots: readonly Float64Array[];

  constructor(private readonly gp: GaussianProcess) {
    this.roots = gp.tables.map((table, s) => lowerRoot(table, gp.data.space.radices[s]!));
  }

  /** One sample over all members, from the generator alone. */
  draw(generator: Generator): Float64Array {
    const { data, theta, tables } = this.gp;
    const { radices } = data.space;
    const white = new Float64Array(sizeOf(data.space));
    for (let i = 0; i < white.length; i++) white[i] = generator.normal();
    const prior = kroneckerProduct(this.roots, radices, white);
    const scale = Math.sqrt(theta.signalVariance);
    const constant = Math.sqrt(MEAN_VARIANCE) * generator.normal();
    const weights = this.correction(prior, scale, constant, generator);
    const shift = constant + MEAN_VARIANCE * weights.reduce((sum, a) => sum + a, 0);
    const update = kroneckerProduct(tables, radices, scatter(this.gp, weights));
    for (let i = 0; i < prior.length; i++) prior[i] = shift + scale * prior[i]! + theta.signalVariance * update[i]!;
    return prior;
  }

  /** a = C⁻¹(y − c − f(X) − ε). */
  private correction(prior: Float64Array, scale: number, constant: number, generator: Generator): Float64Array {
    const { data, theta, solved } = this.gp;
    const n = data.y.length;
    const r = new Float64Array(n);
    for (let i = 0; i < n; i++) {
      const noise = Math.sqrt(theta.noiseVariance * data.noiseWeights[i]!) * generator.normal();
      r[i] = data.y[i]! - constant - scale * prior[data.indices[i]!]! - noise;
    }
    const projected = r.reduce((sum, value, i) => sum + value * solved.v[i]!, 0) / solved.q;
    const a = solveLowerTransposed(solved.cholesky, n, solveLower(solved.cholesky, n, r));
    return a.map((value, i) => value - solved.v[i]! * projected);
  }
}

function scatter(gp: GaussianProcess, weights: Float64Array): Float64Array {
  const whole = new Float64Array(sizeOf(gp.data.space));
  gp.data.indices.forEach((index, i) => {
    whole[index]! += weights[i]!;
  });
  return whole;
}

/** Cholesky root of one site's table with 10⁻⁹ on the diagonal, upper triangle zero. */
function lowerRoot(table: Float64Array, radix: number): Float64Array {
  const root = Float64Array.from(table);
  for (let a = 0; a < radix; a++) root[a * radix + a]! += 1e-9;
  if (!choleskyInPlace(root, radix)) throw new Error('site correlation is not positive definite');
  for (let a = 0; a < radix; a++) for (let b = a + 1; b < radix; b++) root[a * radix + b] = 0;
  return root;
}
