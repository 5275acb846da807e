import fc from 'fast-check';
import { generatorFor } from '../random/generator';
import { fitReadout, predictReadout, toUnit } from './readout-model';
import type { Observation } from './recommendation';

const space = { radices: [3, 2] };
const value = fc.record({
  index: fc.integer({ min: 0, max: 2 }),
  mean: fc.double({ min: -9, max: 9, noNaN: true }),
  n: fc.integer({ min: 1, max: 5 }),
});
const asObservations = (values: readonly { index: number; mean: number; n: number }[]): Observation[] =>
  values.map(({ index, mean, n }) => ({ index, readouts: { x: { mean, n } } }));

describe('fitting one readout', () => {
  it('pools repeats to the last bit alike in every order', () => {
    fc.assert(
      fc.property(fc.array(value, { minLength: 6, maxLength: 9 }), fc.integer(), (values, seed) => {
        fc.pre(new Set(values.map(({ index }) => index)).size > 1);
        const shuffled = generatorFor('pool', seed).shuffle(values);
        const [a, b] = [values, shuffled].map((list) => fitReadout(space, 'x', asObservations(list)));
        expect(b!.gp.data).toEqual(a!.gp.data);
      }),
      { numRuns: 40 },
    );
  });

  it('weighs a mean by its replicates', () => {
    const { gp, model } = fitReadout(
      space,
      'x',
      asObservations([
        { index: 0, mean: 1, n: 1 },
        { index: 0, mean: 4, n: 2 },
        { index: 5, mean: -1, n: 1 },
      ]),
    );
    expect(toUnit(model, gp.data.y[0]!)).toBeCloseTo(3, 12);
    expect([...gp.data.noiseWeights]).toEqual([2 / 3, 2]);
  });

  it('predicts a log-scale readout by its mean, above the median and inside its interval', () => {
    const observations = asObservations([1, 10, 100, 20, 3].map((mean, index) => ({ index, mean, n: 1 })));
    const fitted = fitReadout(space, 'x', observations);
    expect(fitted.model.scale).toBe('log');
    const [unseen] = predictReadout(fitted, [5]);
    expect(unseen!.mean).toBeGreaterThan(Math.sqrt(unseen!.low * unseen!.high));
    expect(unseen!.low).toBeGreaterThan(0);
    expect(unseen!.mean).toBeLessThan(unseen!.high);
  });
});
