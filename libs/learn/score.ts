import type { Objective } from '../campaign/campaign';
import { DomainError } from '../errors/domain-error';

/** Readout values by readout id, in the readouts' units. */
export type ReadoutValues = Readonly<Record<string, number>>;

/**
 * One number to be maximised, from the values of the objectives' readouts.
 *
 * One objective: its value (maximise), its negative (minimise), or minus the distance from the target.
 * Several: the weighted geometric mean of their desirabilities in [0, 1] (Derringer & Suich 1980).
 *
 * @returns undefined when a readout an objective names is absent or not finite: an unmeasured thing has no score.
 * @throws DomainError `goal-without-value` when a target has no value, or several objectives lack `low` and `high`.
 */
export function scoreOf(objectives: readonly Objective[], readouts: ReadoutValues): number | undefined {
  const values = objectives.map((objective) => readouts[objective.readout]);
  if (!values.every((value) => value !== undefined && Number.isFinite(value))) return undefined;
  return scorer(objectives)(values as number[]);
}

/**
 * The score as a function of the objectives' values in their order: {@link scoreOf} prepared once for many calls.
 *
 * @throws DomainError `goal-without-value` as in {@link scoreOf}.
 */
export function scorer(objectives: readonly Objective[]): (values: ArrayLike<number>) => number {
  return combined(objectives, (d) => Math.min(1, Math.max(0, d)));
}

/**
 * The score without its flat floor: a desirability below 0.01 keeps falling towards zero instead of stopping at it, so that
 * a search still feels which way is better. Equals {@link scorer} for one objective and, up to 0.01, for several.
 */
export function searchScorer(objectives: readonly Objective[]): (values: ArrayLike<number>) => number {
  return combined(objectives, (d) => (d < 0.01 ? 0.01 * Math.exp(5 * (d - 0.01)) : Math.min(1, d)));
}

/**
 * Desirability of a value before it is clamped to [0, 1]: a line from `low` to `high` (maximise), its mirror (minimise), or a
 * tent with its top at the target and its feet at `low` and `high` (target ± tolerance where they are not given).
 *
 * @throws DomainError `goal-without-value` when the line has no ends.
 */
export function unclampedDesirability(objective: Objective, value: number): number {
  const { low, high } = endsOf(objective);
  switch (objective.goal) {
    case 'maximise':
      return (value - low) / (high - low);
    case 'minimise':
      return (high - value) / (high - low);
    case 'target': {
      const target = targetOf(objective);
      return value < target ? (value - low) / (target - low) : (high - value) / (high - target);
    }
  }
}

function combined(
  objectives: readonly Objective[],
  clamp: (desirability: number) => number,
): (values: ArrayLike<number>) => number {
  const [only] = objectives;
  if (only && objectives.length === 1) return single(only);
  objectives.forEach((objective) => unclampedDesirability(objective, 0));
  const total = objectives.reduce((sum, { weight }) => sum + weight, 0);
  if (!(total > 0))
    throw new DomainError('goal-without-value', 'Expected objectives with a positive weight, found none.');
  return (values) => {
    let logs = 0;
    for (let i = 0; i < objectives.length; i++) {
      const { weight } = objectives[i]!;
      if (weight > 0) logs += weight * Math.log(clamp(unclampedDesirability(objectives[i]!, values[i]!)));
    }
    return Math.exp(logs / total);
  };
}

function single(objective: Objective): (values: ArrayLike<number>) => number {
  switch (objective.goal) {
    case 'maximise':
      return (values) => values[0]!;
    case 'minimise':
      return (values) => -values[0]!;
    case 'target': {
      const target = targetOf(objective);
      return (values) => -Math.abs(values[0]! - target);
    }
  }
}

function targetOf(objective: Objective): number {
  if (objective.value === undefined) {
    throw new DomainError(
      'goal-without-value',
      `Expected a value for the target on "${objective.readout}", found none.`,
    );
  }
  return objective.value;
}

function endsOf(objective: Objective): { readonly low: number; readonly high: number } {
  const around = objective.goal === 'target' && objective.tolerance !== undefined;
  const low = objective.low ?? (around ? targetOf(objective) - objective.tolerance : undefined);
  const high = objective.high ?? (around ? targetOf(objective) + objective.tolerance : undefined);
  if (low === undefined || high === undefined || !(low < high)) {
    throw new DomainError(
      'goal-without-value',
      `Expected low < high for the objective on "${objective.readout}", found ${low} and ${high}: several objectives are combined by desirability.`,
    );
  }
  return { low, high };
}
