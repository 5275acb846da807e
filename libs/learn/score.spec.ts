import fc from 'fast-check';
import type { Objective } from '../campaign/campaign';
import { scoreOf, scorer, searchScorer } from './score';

const green: Objective = { readout: 'green', goal: 'maximise', low: 0, high: 100, weight: 1 };
const burden: Objective = { readout: 'burden', goal: 'minimise', low: 0, high: 10, weight: 1 };
const ratio: Objective = { readout: 'ratio', goal: 'target', value: 2, low: 1, high: 6, weight: 2 };

describe('the score of one objective', () => {
  it.each<[string, Objective, number, number]>([
    ['is its value to maximise', { readout: 'x', goal: 'maximise', weight: 1 }, 7, 7],
    ['is its negative to minimise', { readout: 'x', goal: 'minimise', weight: 1 }, 7, -7],
    ['is minus the distance below a target', { readout: 'x', goal: 'target', value: 10, weight: 1 }, 7, -3],
    ['is minus the distance above a target', { readout: 'x', goal: 'target', value: 5, weight: 1 }, 7, -2],
  ])('%s', (_, objective, value, expected) => {
    expect(scoreOf([objective], { x: value })).toBe(expected);
  });
});

describe('the score of several objectives', () => {
  it.each<[string, Objective[], Record<string, number>, number]>([
    ['is 1 when all are perfect', [green, burden, ratio], { green: 100, burden: 0, ratio: 2 }, 1],
    ['is 0 when one is unacceptable', [green, burden], { green: 100, burden: 10 }, 0],
    ['is the geometric mean', [green, burden], { green: 25, burden: 0 }, 0.5],
    ['weighs', [green, ratio], { green: 100, ratio: 4 }, 0.5 ** (2 / 3)],
    ['does not reward beyond the ends', [green, burden], { green: 400, burden: -5 }, 1],
    ['falls from the target down to its foot', [ratio, green], { ratio: 1.5, green: 100 }, 0.5 ** (2 / 3)],
    [
      'uses the tolerance of a target as its feet',
      [{ readout: 'ratio', goal: 'target', value: 2, tolerance: 1, weight: 1 }, green],
      { ratio: 2.5, green: 100 },
      Math.SQRT1_2,
    ],
  ])('%s', (_, objectives, values, expected) => {
    expect(scoreOf(objectives, values)).toBeCloseTo(expected, 12);
  });

  it('is never better after one value got worse', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -50, max: 150, noNaN: true }),
        fc.double({ min: 0, max: 100, noNaN: true }),
        (g, by) => {
          const better = scoreOf([green, burden], { green: g, burden: 3 })!;
          expect(scoreOf([green, burden], { green: g - by, burden: 3 })).toBeLessThanOrEqual(better);
        },
      ),
    );
  });

  it('still tells worse from worst for a search, within 0.01 of the score', () => {
    const guide = searchScorer([green, burden]);
    expect(guide([-10, 1])).toBeGreaterThan(guide([-20, 1]));
    for (const value of [1, 5, 50, 100, 120])
      expect(guide([value, 1])).toBeCloseTo(scorer([green, burden])([value, 1]), 1);
  });
});

it('has no score when a readout is missing or not a number', () => {
  expect(scoreOf([green, burden], { green: 5 })).toBeUndefined();
  expect(scoreOf([green], { green: NaN })).toBeUndefined();
});

it.each<[string, Objective[]]>([
  ['a target has no value', [{ readout: 'x', goal: 'target', weight: 1 }]],
  ['several objectives have no ends', [green, { readout: 'x', goal: 'maximise', weight: 1 }]],
  ['the ends are the wrong way round', [green, { readout: 'x', goal: 'maximise', low: 5, high: 1, weight: 1 }]],
  [
    'no weight is positive',
    [
      { ...green, weight: 0 },
      { ...burden, weight: 0 },
    ],
  ],
])('refuses when %s', (_, objectives) => {
  expect(() => scorer(objectives)).toThrow(expect.objectContaining({ code: 'goal-without-value' }));
});
