import { DomainError } from '../errors/domain-error';
import type { TrainingData } from './evidence';
import type { GaussianProcess } from './gaussian-process';
import { fit, momentsOf } from './gaussian-process';
import type { Hyperparameters } from './kernel';
import type { Interval, Observation, ReadoutModel } from './recommendation';
import type { Space } from './space';

/** A fitted readout: one Gaussian process and the way back to the readout's unit. */
export interface FittedReadout {
  readonly gp: GaussianProcess;
  readonly model: ReadoutModel;
}

interface Pooled {
  readonly indices: readonly number[];
  readonly means: readonly number[];
  readonly counts: readonly number[];
}

/** 95 % quantile of the standard normal. */
const Q95 = 1.6448536269514722;

/**
 * Fits one readout. Positive values are tried on the logarithmic scale too; the scale with the higher evidence of the data
 * (Jacobian included, so that the two compare in the readout's unit) is kept.
 *
 * @throws DomainError `too-few-measurements` with fewer than two measured members.
 */
export function fitReadout(
  space: Space,
  readout: string,
  observations: readonly Observation[],
  earlier?: Hyperparameters,
): FittedReadout {
  const pooled = pool(readout, observations);
  if (pooled.indices.length < 2) {
    throw new DomainError(
      'too-few-measurements',
      `Expected at least two constructs with "${readout}", found ${pooled.indices.length}: measure more before learning.`,
      { readout },
    );
  }
  const raw = fitOnScale(space, pooled, 'raw', earlier);
  if (!pooled.means.every((mean) => mean > 0)) return named(raw, 'values at or below zero have no logarithm');
  const log = fitOnScale(space, pooled, 'log', earlier);
  const gain = raw.model.negativeLogEvidence - log.model.negativeLogEvidence;
  const chosen = gain > 0 ? log : raw;
  return named(chosen, `log evidence of ${chosen.model.scale} is higher by ${Math.abs(gain).toFixed(1)} nats`);
}

function named(fitted: FittedReadout, scaleReason: string): FittedReadout {
  return { gp: fitted.gp, model: { ...fitted.model, scaleReason } };
}

/** Pools replicates of a member, weighted by their number; ordered by member, so that the order of arrival is forgotten. */
function pool(readout: string, observations: readonly Observation[]): Pooled {
  const byMember = new Map<number, { mean: number; n: number }[]>();
  for (const { index, readouts } of observations) {
    const value = readouts[readout];
    if (!value || !Number.isFinite(value.mean) || !(value.n > 0)) continue;
    byMember.set(index, [...(byMember.get(index) ?? []), { mean: value.mean, n: value.n }]);
  }
  const indices = [...byMember.keys()].sort((a, b) => a - b);
  const groups = indices.map((index) => byMember.get(index)!.sort((a, b) => a.mean - b.mean || a.n - b.n));
  const counts = groups.map((group) => group.reduce((sum, { n }) => sum + n, 0));
  const means = groups.map((group, i) => group.reduce((sum, { mean, n }) => sum + mean * n, 0) / counts[i]!);
  return { indices, means, counts };
}

function fitOnScale(space: Space, pooled: Pooled, scale: 'raw' | 'log', earlier?: Hyperparameters): FittedReadout {
  const values = scale === 'log' ? pooled.means.map((mean) => Math.log(mean)) : pooled.means;
  const n = values.length;
  const centre = values.reduce((sum, x) => sum + x, 0) / n;
  const variance = values.reduce((sum, x) => sum + (x - centre) ** 2, 0) / n;
  const spread = variance > 0 ? Math.sqrt(variance) : 1;
  const averageCount = pooled.counts.reduce((sum, count) => sum + count, 0) / n;
  const data: TrainingData = {
    space,
    indices: pooled.indices,
    y: Float64Array.from(values, (x) => (x - centre) / spread),
    noiseWeights: Float64Array.from(pooled.counts, (count) => averageCount / count),
  };
  const gp = fit(data, earlier);
  const jacobian = n * Math.log(spread) + (scale === 'log' ? values.reduce((sum, x) => sum + x, 0) : 0);
  const negativeLogEvidence = gp.negativeLogEvidence + jacobian;
  const model = { scale, scaleReason: '', hyperparameters: gp.theta, centre, spread, observations: n };
  return { gp, model: { ...model, negativeLogEvidence } };
}

/** From the standardised scale to the readout's unit. */
export function toUnit({ scale, centre, spread }: ReadoutModel, standardised: number): number {
  const value = centre + spread * standardised;
  return scale === 'log' ? Math.exp(value) : value;
}

/** Exact posterior of single members in the readout's unit: mean, 5 % and 95 % quantile, noise excluded. */
export function predictReadout({ gp, model }: FittedReadout, members: readonly number[]): Interval[] {
  return momentsOf(gp, members).map(({ mean, variance }) => {
    const sd = Math.sqrt(variance);
    const correction = model.scale === 'log' ? (model.spread * model.spread * variance) / 2 : 0;
    return {
      mean: toUnit(model, mean) * Math.exp(correction),
      low: toUnit(model, mean - Q95 * sd),
      high: toUnit(model, mean + Q95 * sd),
    };
  });
}
