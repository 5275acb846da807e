import type { Interval, Recommendation } from '../../../libs/learn/recommendation';
import type { PartEffect } from './part-effects';

/** A pick as it is stored: the next round's design activity reads it. */
export interface StoredPick {
  readonly index: number;
  readonly arm: string;
  readonly reason: string;
  /** Per readout; null when it was not predicted. */
  readonly predicted: Readonly<Record<string, Interval>> | null;
  readonly predictedScore?: Interval;
  /** Chance that it can be built and grows. */
  readonly feasible?: number;
}

/** What Learn stored about a round. */
export interface StoredRecommendation {
  readonly stop: boolean;
  readonly reason: string;
  readonly picks: readonly StoredPick[];
  /** Mean score by slot and option over everything measured. */
  readonly effects: readonly PartEffect[];
  readonly best?: { readonly name: string; readonly score: number };
  /** Share of posterior draws whose best member is measured. */
  readonly probabilityBestMeasured?: number;
  readonly worthOfNextBatch?: number;
  readonly hyperparameters: Recommendation['hyperparameters'];
  readonly warnings: readonly string[];
}

/** Step key of what a round's Learn stored. */
export const recommendationKey = (round: number): string => `r${round}/learn/recommendation`;
