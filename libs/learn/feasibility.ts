import type { Space } from './space';
import { levelsOf } from './space';

/** A construct that could not be measured, and how far it came. */
export interface FailedBuild {
  readonly index: number;
  /** `transformation`: no colonies; `sequence`: no clone with the right sequence; `no-growth`: right, but it does not grow. */
  readonly kind: 'transformation' | 'sequence' | 'no-growth';
}

/** Pseudo-observations at the overall rate that every part starts with. */
const PRIOR_STRENGTH = 4;
const FLOOR = 0.02;

/**
 * Probability that a member can be built and grows, from which parts took part in successes and failures.
 *
 * Building and growing are two Beta-Bernoulli models: the overall success rate with a Beta(9, 1) prior, times one factor per
 * part, its rate (shrunk to the overall one by 4 pseudo-observations) relative to the overall one. A construct that was built
 * but did not grow counts as a success of building.
 *
 * @returns a function from library index to a probability in [0.02, 1]
 */
export function feasibility(
  space: Space,
  measured: readonly number[],
  failed: readonly FailedBuild[],
): (index: number) => number {
  const notGrown = failed.filter(({ kind }) => kind === 'no-growth').map(({ index }) => index);
  const notBuilt = failed.filter(({ kind }) => kind !== 'no-growth').map(({ index }) => index);
  const building = successModel(space, [...measured, ...notGrown], notBuilt);
  const growing = successModel(space, measured, notGrown);
  return (index) => {
    const levels = levelsOf(space, index);
    return clip(building(levels) * growing(levels));
  };
}

function successModel(
  space: Space,
  succeeded: readonly number[],
  failed: readonly number[],
): (levels: readonly number[]) => number {
  if (failed.length === 0) return () => 1;
  const overall = (succeeded.length + 9) / (succeeded.length + failed.length + 10);
  const good = countParts(space, succeeded);
  const bad = countParts(space, failed);
  return (levels) =>
    levels.reduce((product, level, s) => {
      const [successes, failures] = [good[s]![level]!, bad[s]![level]!];
      const rate = (successes + PRIOR_STRENGTH * overall) / (successes + failures + PRIOR_STRENGTH);
      return product * (rate / overall);
    }, overall);
}

function countParts(space: Space, members: readonly number[]): number[][] {
  const counts = space.radices.map((radix) => new Array<number>(radix).fill(0));
  for (const member of members) {
    levelsOf(space, member).forEach((level, s) => {
      counts[s]![level]!++;
    });
  }
  return counts;
}

function clip(probability: number): number {
  return Math.min(1, Math.max(FLOOR, probability));
}
