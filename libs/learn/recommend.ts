import { DomainError } from '../errors/domain-error';
import { chooseBatch, greedyShareFor, type Choice } from './acquisition';
import { feasibility } from './feasibility';
import type { FittedReadout } from './readout-model';
import { fitReadout, predictReadout } from './readout-model';
import type { Allowed, BatchRequest, Pick, Prediction, Recommendation } from './recommendation';
import { drawScores, scoreInterval, type ScoreDraws } from './score-draws';
import { scoreOf } from './score';
import { checkSpace, sizeOf } from './space';

/** Everything that is known before members are chosen. */
interface Situation {
  readonly request: BatchRequest;
  readonly fitted: ReadonlyMap<string, FittedReadout>;
  readonly draws: ScoreDraws;
  readonly feasible: (index: number) => number;
  /** Members with a measured score, upwards. */
  readonly measured: ReadonlyMap<number, number>;
  readonly candidates: Int32Array;
  readonly warnings: string[];
}

/**
 * Recommends the members of the library to build next.
 *
 * One exact Gaussian process per readout the objectives name; the score is taken over joint posterior draws, so that its
 * interval and the chance that the best is already known come from the same draws as the batch. The same request gives the
 * same answer in whatever order observations, failures and exclusions are listed. Measured, failed and excluded members are
 * never proposed.
 *
 * @param allowed members the campaign's rules allow; all when absent
 * @throws DomainError `too-few-measurements` with fewer than two measured constructs for a readout,
 *   `empty-space` or `over-limit` for a space that cannot be searched, `goal-without-value` for incomplete objectives,
 *   `out-of-range` for an index outside the library or a batch below one.
 */
export function recommendBatch(request: BatchRequest, allowed?: Allowed): Recommendation {
  checkRequest(request);
  const situation = assess(request, allowed);
  const { measured, draws, candidates, feasible, warnings } = situation;
  const greedyShare = greedyShareFor(request.acquisition, request.batch);
  const choices = chooseBatch({
    candidates,
    mean: draws.meanGuide,
    draws: draws.guides,
    feasible,
    floor: floorOf(situation),
    batch: request.batch,
    greedyShare,
  });
  if (choices.length < request.batch) {
    warnings.push(
      `only ${choices.length} of ${request.batch} constructs could be proposed: the allowed library is used up`,
    );
  }
  return {
    picks: explain(situation, choices),
    bestMeasured: bestMeasured(situation),
    bestPredicted: bestPredicted(situation),
    probabilityBestMeasured: probabilityBestMeasured(situation),
    worthOfNextBatch: worthOf(
      situation,
      choices.map(({ index }) => index),
    ),
    greedyShare,
    draws: draws.count,
    hyperparameters: Object.fromEntries([...situation.fitted].map(([readout, { model }]) => [readout, model])),
    warnings: [...warnings, ...(measured.size < 8 ? [`only ${measured.size} constructs are measured`] : [])],
  };
}

function checkRequest(request: BatchRequest): void {
  checkSpace(request.space);
  if (request.objectives.length === 0) {
    throw new DomainError('goal-without-value', 'Expected at least one objective, found none.');
  }
  if (!Number.isInteger(request.batch) || request.batch < 1) {
    throw new DomainError('out-of-range', `Expected a batch of at least one construct, found ${request.batch}.`);
  }
  const size = sizeOf(request.space);
  const named = [...request.observations, ...request.failed].map(({ index }) => index).concat(request.exclude);
  const outside = named.find((index) => !Number.isInteger(index) || index < 0 || index >= size);
  if (outside !== undefined) {
    throw new DomainError('out-of-range', `Expected library indices in 0…${size - 1}, found ${outside}.`);
  }
}

function assess(request: BatchRequest, allowed?: Allowed): Situation {
  const { space, objectives, observations, failed } = request;
  const readouts = [...new Set(objectives.map(({ readout }) => readout))].sort();
  const fitted = new Map(
    readouts.map((readout) => [readout, fitReadout(space, readout, observations, request.earlier?.[readout])]),
  );
  const measured = measuredScores(request);
  if (measured.size === 0) {
    throw new DomainError(
      'too-few-measurements',
      'Expected a construct with every readout of the objectives, found none.',
    );
  }
  const draws = drawScores(objectives, fitted, sizeOf(space), request.seed);
  const feasible = feasibility(space, [...measured.keys()], failed);
  const candidates = candidatesOf(request, allowed);
  return { request, fitted, draws, feasible, measured, candidates, warnings: [] };
}

/** Measured score per member: its pooled readouts, scored. */
function measuredScores({ objectives, observations }: BatchRequest): Map<number, number> {
  const byMember = new Map<number, (typeof observations)[number][]>();
  for (const observation of observations) {
    byMember.set(observation.index, [...(byMember.get(observation.index) ?? []), observation]);
  }
  const scores = new Map<number, number>();
  for (const index of [...byMember.keys()].sort((a, b) => a - b)) {
    const values = objectives.map(({ readout }) => [readout, pooledMean(byMember.get(index)!, readout)] as const);
    const score = scoreOf(objectives, Object.fromEntries(values));
    if (score !== undefined) scores.set(index, score);
  }
  return scores;
}

function pooledMean(
  observations: readonly { readouts: BatchRequest['observations'][number]['readouts'] }[],
  readout: string,
) {
  const values = observations
    .flatMap(({ readouts }) => readouts[readout] ?? [])
    .sort((a, b) => a.mean - b.mean || a.n - b.n);
  const n = values.reduce((sum, value) => sum + value.n, 0);
  return values.reduce((sum, value) => sum + value.mean * value.n, 0) / n;
}

function candidatesOf({ space, observations, failed, exclude }: BatchRequest, allowed?: Allowed): Int32Array {
  const barred = new Set([...observations, ...failed].map(({ index }) => index).concat(exclude));
  const isAllowed = typeof allowed === 'function' ? allowed : (index: number) => !allowed || allowed[index] !== 0;
  const candidates: number[] = [];
  for (let index = 0; index < sizeOf(space); index++) {
    if (!barred.has(index) && isAllowed(index)) candidates.push(index);
  }
  return Int32Array.from(candidates);
}

function floorOf({ measured, draws }: Situation): number {
  let floor = Infinity;
  for (const index of measured.keys()) floor = Math.min(floor, draws.meanGuide[index]!);
  return floor;
}

function predict({ fitted, draws, feasible }: Situation, members: readonly number[]): Prediction[] {
  const intervals = [...fitted].map(([readout, model]) => [readout, predictReadout(model, members)] as const);
  return members.map((member, i) => ({
    readouts: Object.fromEntries(intervals.map(([readout, found]) => [readout, found[i]!])),
    score: scoreInterval(draws, member),
    feasible: feasible(member),
  }));
}

function explain(situation: Situation, choices: readonly Choice[]): Pick[] {
  const best = Math.max(...situation.measured.values());
  const predictions = predict(
    situation,
    choices.map(({ index }) => index),
  );
  return choices.map(({ index, arm, draw }, i) => {
    const predicted = predictions[i]!;
    const expected = `expected score ${short(predicted.score.mean)} (5–95 %: ${short(predicted.score.low)} to ${short(predicted.score.high)}), best measured ${short(best)}`;
    const chance = predicted.feasible < 0.995 ? `; chance to be built and grow ${short(predicted.feasible)}` : '';
    const why = arm === 'greedy' ? 'among the highest expected scores' : `best of posterior draw ${draw}`;
    return { index, arm, reason: `${why}: ${expected}${chance}`, predicted };
  });
}

function bestMeasured(situation: Situation): Recommendation['bestMeasured'] {
  const [index, score] = [...situation.measured].reduce((a, b) => (b[1] > a[1] ? b : a));
  return { index, score, predicted: predict(situation, [index])[0]! };
}

function bestPredicted(situation: Situation): Recommendation['bestPredicted'] {
  const { measured, candidates, draws } = situation;
  const index = argMax(draws.meanGuide, [...measured.keys(), ...candidates]);
  return { index, measured: measured.has(index), predicted: predict(situation, [index])[0]! };
}

function probabilityBestMeasured({ measured, candidates, draws }: Situation): number {
  const known = [...measured.keys()];
  const hits = draws.guides.filter((guide) => {
    const bestKnown = guide[argMax(guide, known)]!;
    return !candidates.some((index) => guide[index]! > bestKnown);
  });
  return hits.length / draws.count;
}

/** Mean over draws of how far the batch's best exceeds the expected score of the best measured member. */
function worthOf({ measured, draws }: Situation, batch: readonly number[]): number {
  const incumbent = draws.meanScore[argMax(draws.meanScore, measured.keys())]!;
  const gains = draws.scores.map((score) =>
    batch.reduce((gain, index) => Math.max(gain, score[index]! - incumbent), 0),
  );
  return gains.reduce((sum, gain) => sum + gain, 0) / draws.count;
}

function argMax(values: Float64Array, members: Iterable<number>): number {
  let best = -1;
  for (const index of members) if (best < 0 || values[index]! > values[best]!) best = index;
  return best;
}

function short(value: number): string {
  return Number(value.toPrecision(3)).toString();
}
