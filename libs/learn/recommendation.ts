import type { Objective } from '../campaign/campaign';
import type { FailedBuild } from './feasibility';
import type { Hyperparameters } from './kernel';
import type { Space } from './space';

/** Mean of a readout over `n` replicates of one construct. */
export interface ReplicatedValue {
  readonly mean: number;
  /** Replicates behind the mean, ≥ 1: the noise variance falls with it. */
  readonly n: number;
  readonly sd?: number;
}

/** What was measured of one member; several observations of one member are pooled. */
export interface Observation {
  readonly index: number;
  readonly readouts: Readonly<Record<string, ReplicatedValue>>;
}

/** A question to the learner: plain data, so that any language can ask it or answer it. */
export interface BatchRequest {
  readonly space: Space;
  readonly objectives: readonly Objective[];
  readonly observations: readonly Observation[];
  readonly failed: readonly FailedBuild[];
  /** Members that may not be proposed for other reasons: queued, or built without a value yet. */
  readonly exclude: readonly number[];
  /** Constructs wanted. */
  readonly batch: number;
  readonly acquisition: 'auto' | 'thompson' | 'greedy';
  /** Key of all randomness, e.g. `<campaign seed>/r3`. */
  readonly seed: string;
  /** Rounds still to come, the one asked for included. */
  readonly roundsLeft?: number;
  /** Hyperparameters of the last round per readout, a second start of the fit. */
  readonly earlier?: Readonly<Record<string, Hyperparameters>>;
}

/** Members the campaign allows: a predicate, or one byte per member (non-zero = allowed). */
export type Allowed = ((index: number) => boolean) | Uint8Array;

/** A mean with the 5 % and 95 % quantiles of its posterior. */
export interface Interval {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** What the model expects of one member: the construct's own value, without measurement noise. */
export interface Prediction {
  readonly readouts: Readonly<Record<string, Interval>>;
  readonly score: Interval;
  /** Probability that it can be built and grows, from the failures seen. */
  readonly feasible: number;
}

export interface Pick {
  readonly index: number;
  /** How it was chosen: by expected score, or as the best of one posterior draw. */
  readonly arm: 'greedy' | 'thompson';
  readonly reason: string;
  readonly predicted: Prediction;
}

/** The model of one readout, as it was used. */
export interface ReadoutModel {
  readonly scale: 'raw' | 'log';
  readonly scaleReason: string;
  /** On the standardised scale (after log, when log). */
  readonly hyperparameters: Hyperparameters;
  readonly centre: number;
  readonly spread: number;
  readonly observations: number;
  /** −log p(data) in the readout's unit, comparable between scales. */
  readonly negativeLogEvidence: number;
}

export interface Recommendation {
  readonly picks: readonly Pick[];
  /** The measured member with the highest measured score. */
  readonly bestMeasured: { readonly index: number; readonly score: number; readonly predicted: Prediction };
  /** The allowed or measured member with the highest expected score. */
  readonly bestPredicted: { readonly index: number; readonly measured: boolean; readonly predicted: Prediction };
  /** Share of posterior draws whose best member is measured already. */
  readonly probabilityBestMeasured: number;
  /** Expected gain in score of this batch over the best measured member's expected score, ≥ 0. */
  readonly worthOfNextBatch: number;
  /** Share of the batch chosen by expected score; the rest by posterior draws. */
  readonly greedyShare: number;
  readonly draws: number;
  readonly hyperparameters: Readonly<Record<string, ReadoutModel>>;
  readonly warnings: readonly string[];
}
