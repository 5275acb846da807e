import fc from 'fast-check';
import type { Objective } from '../campaign/campaign';
import { generatorFor } from '../random/generator';
import { chooseBatch, greedyShareFor } from './acquisition';
import { feasibility } from './feasibility';
import { randomBestOf } from './random-baseline';
import { recommendBatch } from './recommend';
import type { BatchRequest, Observation } from './recommendation';
import { levelsOf, sizeOf } from './space';

const space = { radices: [6, 5, 4, 3] };
const size = sizeOf(space);
const maximiseGreen: Objective[] = [{ readout: 'green', goal: 'maximise', weight: 1 }];

/** A multiplicative landscape with an interaction and log-normal noise, the same for everybody. */
function truth(index: number): number {
  const [a, b, c, d] = levelsOf(space, index) as [number, number, number, number];
  return Math.exp(0.5 * a + 0.4 * Math.sin(2 * b) + (c === 2 ? 0.8 : 0) + (a === 5 && d === 1 ? -1.5 : 0.2 * d));
}

function observe(index: number, n = 3): Observation {
  const mean = truth(index) * Math.exp((0.1 / Math.sqrt(n)) * generatorFor('noise', index).normal());
  const burden = 10 - truth(index) / 10;
  return { index, readouts: { green: { mean, n, sd: 0.1 * mean }, burden: { mean: burden, n } } };
}

const start = generatorFor('start')
  .shuffle(Array.from({ length: size }, (_, i) => i))
  .slice(0, 24);

function request(changes: Partial<BatchRequest> = {}): BatchRequest {
  return {
    space,
    objectives: maximiseGreen,
    observations: start.map((index) => observe(index)),
    failed: [],
    exclude: [],
    batch: 12,
    acquisition: 'auto',
    seed: 'campaign 1/r2',
    ...changes,
  };
}

describe('recommending a batch', () => {
  it('gives the same answer whatever the order of what it is told', () => {
    const repeats = [0.1, 0.2, 0.37, 1e5 / 3, 1e-3, 7.7, 1e3 / 7].map((mean, n) => ({
      index: 5,
      readouts: { green: { mean, n: n + 1 } },
    }));
    const whole = request({
      observations: [...start.map((index) => observe(index)), ...repeats],
      failed: [
        { index: 3, kind: 'sequence' },
        { index: 7, kind: 'no-growth' },
      ],
      exclude: [9, 8],
    });
    const expected = recommendBatch(whole);
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const { shuffle } = generatorFor('order', seed);
        const shuffled = {
          ...whole,
          observations: shuffle(whole.observations),
          failed: shuffle(whole.failed),
          exclude: shuffle(whole.exclude),
        };
        expect(recommendBatch(shuffled)).toEqual(expected);
      }),
      { numRuns: 5 },
    );
  });

  it('survives a trip through JSON', () => {
    const answer = recommendBatch(request());
    expect(JSON.parse(JSON.stringify(answer))).toEqual(answer);
    expect(recommendBatch(JSON.parse(JSON.stringify(request())) as BatchRequest)).toEqual(answer);
  });

  it('follows its seed', () => {
    const indices = (seed: string): number[] => recommendBatch(request({ seed })).picks.map(({ index }) => index);
    expect(indices('a')).toEqual(indices('a'));
    expect(indices('a')).not.toEqual(indices('b'));
  });

  it('never proposes measured, failed, excluded, forbidden or repeated members', () => {
    const failed = [
      { index: 359, kind: 'sequence' as const },
      { index: 358, kind: 'transformation' as const },
    ];
    const exclude = Array.from({ length: 40 }, (_, i) => 300 + i);
    const odd = (index: number): boolean => index % 2 === 1;
    const bitmap = Uint8Array.from({ length: size }, (_, i) => i % 2);
    const byPredicate = recommendBatch(request({ failed, exclude, batch: 40 }), odd);
    expect(recommendBatch(request({ failed, exclude, batch: 40 }), bitmap)).toEqual(byPredicate);
    const picked = byPredicate.picks.map(({ index }) => index);
    expect(new Set(picked).size).toBe(40);
    const barred = new Set([...start, 359, 358, ...exclude]);
    expect(picked.filter((index) => barred.has(index) || !odd(index))).toEqual([]);
  });

  it('proposes what is left and says so when the library is used up', () => {
    const answer = recommendBatch(request({ batch: 10 }), (index) => index < 3);
    expect(answer.picks.length).toBeLessThanOrEqual(3);
    expect(answer.warnings.join()).toContain('used up');
  });

  it('mixes both arms by default and keeps to one when told', () => {
    const arms = (acquisition: BatchRequest['acquisition']): string[] =>
      recommendBatch(request({ acquisition })).picks.map(({ arm }) => arm);
    expect(arms('auto').filter((arm) => arm === 'greedy')).toHaveLength(6);
    expect(new Set(arms('greedy'))).toEqual(new Set(['greedy']));
    expect(new Set(arms('thompson'))).toEqual(new Set(['thompson']));
  });

  it('finds a log-normal readout to be on the log scale and covers the truth', () => {
    const { hyperparameters, picks } = recommendBatch(request({ batch: 60 }));
    expect(hyperparameters['green']?.scale).toBe('log');
    const covered = picks.filter(({ index, predicted }) => {
      const { low, high } = predicted.readouts['green']!;
      return truth(index) >= low && truth(index) <= high;
    });
    expect(covered.length / picks.length).toBeGreaterThan(0.75);
  });

  it('keeps values below zero on their own scale', () => {
    const observations = start.map((index) => ({ index, readouts: { green: { mean: truth(index) - 20, n: 1 } } }));
    expect(recommendBatch(request({ observations })).hyperparameters['green']?.scale).toBe('raw');
  });

  it('learns: after four rounds it is far above random search', () => {
    const observations = start.slice(0, 12).map((index) => observe(index));
    for (let round = 2; round <= 4; round++) {
      const { picks } = recommendBatch(request({ observations, batch: 12, seed: `learning/r${round}` }));
      observations.push(...picks.map(({ index }) => observe(index)));
    }
    const all = Array.from({ length: size }, (_, index) => truth(index));
    const best = Math.max(...observations.map(({ index }) => truth(index)));
    expect(best).toBeGreaterThan(randomBestOf(all, 48) + 0.5 * (Math.max(...all) - randomBestOf(all, 48)));
  });

  it('knows when the best is probably measured and one more batch is worth nothing', () => {
    const everything = Array.from({ length: size }, (_, index) => index).filter((index) => index % 30 !== 0);
    const late = recommendBatch(request({ observations: everything.map((index) => observe(index, 8)) }));
    const early = recommendBatch(request());
    expect(late.probabilityBestMeasured).toBeGreaterThan(0.9);
    expect(early.probabilityBestMeasured).toBeLessThan(late.probabilityBestMeasured);
    expect(late.worthOfNextBatch).toBeLessThan(early.worthOfNextBatch);
    expect(late.bestMeasured.score).toBeCloseTo(
      Math.max(...everything.map((i) => observe(i, 8).readouts['green']!.mean)),
      10,
    );
  });

  it('combines several objectives by desirability', () => {
    const objectives: Objective[] = [
      { readout: 'green', goal: 'maximise', low: 0, high: 40, weight: 1 },
      { readout: 'burden', goal: 'minimise', low: 0, high: 12, weight: 1 },
    ];
    const { picks, bestMeasured, hyperparameters } = recommendBatch(request({ objectives }));
    expect(Object.keys(hyperparameters)).toEqual(['burden', 'green']);
    expect(bestMeasured.score).toBeLessThanOrEqual(1);
    for (const { predicted } of picks) {
      expect(predicted.score.low).toBeGreaterThanOrEqual(0);
      expect(predicted.score.high).toBeLessThanOrEqual(1);
      expect(predicted.score.low).toBeLessThanOrEqual(predicted.score.high);
    }
  });

  it('shuns parts that failed to be built', () => {
    const plain = recommendBatch(request({ acquisition: 'greedy' }));
    const [favourite] = plain.picks;
    const part = levelsOf(space, favourite!.index)[0]!;
    const failed = Array.from({ length: size }, (_, index) => index)
      .filter((index) => levelsOf(space, index)[0] === part && !start.includes(index) && index !== favourite!.index)
      .filter((_, i) => i % 3 === 0)
      .map((index) => ({ index, kind: 'transformation' as const }));
    const wary = recommendBatch(request({ acquisition: 'greedy', failed }));
    const share = (picks: typeof plain.picks): number =>
      picks.filter(({ index }) => levelsOf(space, index)[0] === part).length / picks.length;
    expect(share(wary.picks)).toBeLessThan(share(plain.picks));
  });

  it.each<[string, Partial<BatchRequest>, string]>([
    ['nothing was measured', { observations: [] }, 'too-few-measurements'],
    ['one construct was measured', { observations: [observe(1)] }, 'too-few-measurements'],
    ['the space has no sites', { space: { radices: [] } }, 'empty-space'],
    ['an index is outside the library', { exclude: [360] }, 'out-of-range'],
    ['the batch is empty', { batch: 0 }, 'out-of-range'],
    ['there is no objective', { objectives: [] }, 'goal-without-value'],
  ])('refuses when %s', (_, changes, code) => {
    expect(() => recommendBatch(request(changes))).toThrow(expect.objectContaining({ code }));
  });
});

describe('the parts of the policy', () => {
  it.each([
    ['auto', 8, 0.5],
    ['auto', 24, 0.5],
    ['auto', 48, 1 / 3],
    ['auto', 72, 1 / 6],
    ['auto', 96, 0],
    ['auto', 384, 0],
    ['greedy', 96, 1],
    ['thompson', 8, 0],
  ] as const)('greedy share of %s for %d is %d', (acquisition, batch, share) => {
    expect(greedyShareFor(acquisition, batch)).toBeCloseTo(share, 12);
  });

  it('breaks ties by the lower index and reuses draws when they run out', () => {
    const flat = new Float64Array(10);
    const question = {
      candidates: Int32Array.from([2, 4, 6, 8]),
      mean: flat,
      draws: [flat],
      feasible: () => 1,
      floor: 0,
    };
    expect(chooseBatch({ ...question, batch: 3, greedyShare: 0 }).map(({ index }) => index)).toEqual([2, 4, 6]);
    expect(chooseBatch({ ...question, batch: 9, greedyShare: 0.5 }).map(({ index }) => index)).toEqual([2, 4, 6, 8]);
  });

  it('believes everything feasible until something fails, then blames the parts that failed', () => {
    expect(feasibility(space, [1, 2], [])(5)).toBe(1);
    const failed = [0, 1, 2].map((index) => ({ index, kind: 'sequence' as const }));
    const succeeded = Array.from({ length: 40 }, (_, i) => 100 + i);
    const chance = feasibility(space, succeeded, failed);
    expect(chance(0)).toBeLessThan(chance(104));
    expect(chance(104)).toBeLessThanOrEqual(1);
  });
});
