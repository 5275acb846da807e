import type { Objective } from '../campaign/campaign';
import { generatorFor } from '../random/generator';
import { LibrarySampler } from './gaussian-process';
import type { FittedReadout } from './readout-model';
import { toUnit } from './readout-model';
import type { Interval } from './recommendation';
import { scorer, searchScorer } from './score';

/** Joint posterior draws of the score over the whole library. */
export interface ScoreDraws {
  readonly count: number;
  /** `scores[d][i]`: score of member i in draw d. */
  readonly scores: readonly Float64Array[];
  /** The same without the flat floor of desirability, for ranking; identical to `scores` for one objective. */
  readonly guides: readonly Float64Array[];
  /** Means over the draws, per member. */
  readonly meanScore: Float64Array;
  readonly meanGuide: Float64Array;
}

/** Memory bound: draws × members. */
const LARGEST_STORE = 8e6;

/** How many draws are kept for a library of a size: 256 up to 31,250 members, at least 32. */
export function drawCount(size: number): number {
  return Math.max(32, Math.min(256, Math.floor(LARGEST_STORE / size)));
}

/** Draws every readout independently and scores each draw; a draw depends on (seed, readout, draw number) only. */
export function drawScores(
  objectives: readonly Objective[],
  fitted: ReadonlyMap<string, FittedReadout>,
  size: number,
  seed: string,
): ScoreDraws {
  const count = drawCount(size);
  const samplers = new Map([...fitted].map(([readout, { gp }]) => [readout, new LibrarySampler(gp)]));
  const several = objectives.length > 1;
  const scores: Float64Array[] = [];
  const guides: Float64Array[] = [];
  for (let d = 0; d < count; d++) {
    const drawn = new Map<string, Float64Array>();
    for (const [readout, sampler] of samplers) {
      const { model } = fitted.get(readout)!;
      const values = sampler.draw(generatorFor(seed, 'learn', readout, d));
      drawn.set(
        readout,
        values.map((value) => toUnit(model, value)),
      );
    }
    const columns = objectives.map(({ readout }) => drawn.get(readout)!);
    const score = scoreColumns(scorer(objectives), columns, size);
    scores.push(score);
    guides.push(several ? scoreColumns(searchScorer(objectives), columns, size) : score);
  }
  const meanScore = meanOf(scores, size);
  return { count, scores, guides, meanScore, meanGuide: several ? meanOf(guides, size) : meanScore };
}

/** Mean and 5 % to 95 % range of one member's score over the draws. */
export function scoreInterval(draws: ScoreDraws, member: number): Interval {
  const sorted = Float64Array.from(draws.scores, (score) => score[member]!).sort();
  const at = (p: number): number => sorted[Math.round(p * (sorted.length - 1))]!;
  return { mean: draws.meanScore[member]!, low: at(0.05), high: at(0.95) };
}

function scoreColumns(
  score: (values: ArrayLike<number>) => number,
  columns: readonly Float64Array[],
  size: number,
): Float64Array {
  const values = new Float64Array(columns.length);
  const out = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    for (let c = 0; c < columns.length; c++) values[c] = columns[c]![i]!;
    out[i] = score(values);
  }
  return out;
}

function meanOf(rows: readonly Float64Array[], size: number): Float64Array {
  const mean = new Float64Array(size);
  for (const row of rows) for (let i = 0; i < size; i++) mean[i]! += row[i]!;
  return mean.map((sum) => sum / rows.length);
}
