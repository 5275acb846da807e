/** A member chosen for the batch, and why. */
export interface Choice {
  readonly index: number;
  readonly arm: 'greedy' | 'thompson';
  /** Number of the draw whose best it was; undefined for greedy. */
  readonly draw?: number;
}

/** What a batch is chosen from. */
export interface BatchQuestion {
  /** Members that may be proposed, upwards. */
  readonly candidates: Int32Array;
  /** Expected score per member of the library. */
  readonly mean: Float64Array;
  /** Score per draw and member. */
  readonly draws: readonly Float64Array[];
  /** Probability of success per member. */
  readonly feasible: (index: number) => number;
  /** Score below which a success is worth nothing: the worst measured one. */
  readonly floor: number;
  readonly batch: number;
  readonly greedyShare: number;
}

/**
 * Share of a batch chosen by expected score. Small batches see little data, where the posterior is still close to the prior
 * and draws are close to random; large ones are diverse by draws alone: ½ up to 24, ⅓ at 48, 0 from 96, straight between.
 */
export function greedyShareFor(acquisition: 'auto' | 'thompson' | 'greedy', batch: number): number {
  if (acquisition === 'greedy') return 1;
  if (acquisition === 'thompson') return 0;
  if (batch <= 24) return 0.5;
  if (batch <= 48) return 0.5 - ((batch - 24) / 24) * (0.5 - 1 / 3);
  if (batch < 96) return (1 / 3) * (1 - (batch - 48) / 48);
  return 0;
}

/**
 * Chooses distinct members: first the greedy share by expected gain × feasibility, then by Thompson sampling: the best of one
 * draw after the other that is not chosen yet, again over the draws when they run out. Ties go to the lower index.
 */
export function chooseBatch(question: BatchQuestion): Choice[] {
  const { candidates, batch, greedyShare } = question;
  const wanted = Math.min(batch, candidates.length);
  const weights = Float64Array.from(candidates, (index) => question.feasible(index));
  const greedyCount = Math.min(wanted, Math.ceil(batch * greedyShare));
  const choices: Choice[] = [];
  const taken = new Set<number>();
  for (const index of topOf(question, question.mean, weights, greedyCount)) {
    choices.push({ index, arm: 'greedy' });
    taken.add(index);
  }
  while (choices.length < wanted) addThompson(question, weights, wanted, choices, taken);
  return choices;
}

function addThompson(
  question: BatchQuestion,
  weights: Float64Array,
  wanted: number,
  choices: Choice[],
  taken: Set<number>,
): void {
  for (let draw = 0; draw < question.draws.length && choices.length < wanted; draw++) {
    const index = bestFree(question, question.draws[draw]!, weights, taken);
    choices.push({ index, arm: 'thompson', draw });
    taken.add(index);
  }
}

function bestFree(
  { candidates, floor }: BatchQuestion,
  values: Float64Array,
  weights: Float64Array,
  taken: ReadonlySet<number>,
): number {
  let [best, bestGain] = [-1, -Infinity];
  for (let c = 0; c < candidates.length; c++) {
    const index = candidates[c]!;
    const gain = weighted(values[index]!, floor, weights[c]!);
    if (gain > bestGain && !taken.has(index)) [best, bestGain] = [index, gain];
  }
  return best;
}

function topOf({ candidates, floor }: BatchQuestion, values: Float64Array, weights: Float64Array, k: number): number[] {
  return Array.from(candidates, (index, c) => ({ index, gain: weighted(values[index]!, floor, weights[c]!) }))
    .sort((a, b) => b.gain - a.gain || a.index - b.index)
    .slice(0, k)
    .map(({ index }) => index);
}

/** Expected gain over the floor; a loss is not made smaller by a poor chance of success. */
function weighted(value: number, floor: number, probability: number): number {
  const gain = value - floor;
  return gain > 0 ? gain * probability : gain;
}
