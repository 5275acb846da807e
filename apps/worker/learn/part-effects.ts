/** How constructs with one option in one slot did on average. */
export interface PartEffect {
  readonly slot: string;
  readonly option: string;
  /** Mean score of the measured constructs that hold it. */
  readonly mean: number;
  /** Mean less the mean of all measured constructs. */
  readonly effect: number;
  readonly constructs: number;
}

/** Marginal means of the score by slot and option, in the order the options first appear. Descriptive: slots may be confounded. */
export function partEffects(
  measured: readonly { readonly choice: Readonly<Record<string, string>>; readonly score: number }[],
): PartEffect[] {
  const overall = meanOf(measured.map(({ score }) => score));
  const groups = new Map<string, { slot: string; option: string; scores: number[] }>();
  for (const { choice, score } of measured) {
    for (const [slot, option] of Object.entries(choice)) {
      const key = `${slot}\u001f${option}`;
      const group = groups.get(key) ?? { slot, option, scores: [] };
      group.scores.push(score);
      groups.set(key, group);
    }
  }
  return [...groups.values()].map(({ slot, option, scores }) => ({
    slot,
    option,
    mean: meanOf(scores),
    effect: meanOf(scores) - overall,
    constructs: scores.length,
  }));
}

const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
