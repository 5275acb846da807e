import { generatorFor } from '../random/generator';
import { randomBestOf } from './random-baseline';

describe('the expected best of n at random', () => {
  it.each<[number[], number, number]>([
    [[1, 2, 3], 1, 2],
    [[1, 2, 3], 3, 3],
    [[1, 2, 3], 2, (2 + 3 + 3) / 3],
    [[5, 5, 5, 5], 2, 5],
    [[4], 10, 4],
    [[3, 1], 0, 2],
  ])('of %j drawn %d is %d', (values, n, expected) => {
    expect(randomBestOf(values, n)).toBeCloseTo(expected, 12);
  });

  it('agrees with simulation and grows with n', () => {
    const generator = generatorFor('baseline');
    const values = Array.from({ length: 60 }, () => Math.exp(generator.normal()));
    let sum = 0;
    const trials = 20_000;
    for (let t = 0; t < trials; t++) sum += Math.max(...generator.shuffle(values).slice(0, 7));
    expect(Math.abs(sum / trials - randomBestOf(values, 7))).toBeLessThan(0.05);
    for (let n = 2; n <= 60; n++) expect(randomBestOf(values, n)).toBeGreaterThanOrEqual(randomBestOf(values, n - 1));
  });

  it('stays exact for a library of 100,000', () => {
    const values = Float64Array.from({ length: 100_000 }, (_, i) => i + 1);
    expect(randomBestOf(values, 99)).toBeCloseTo((99 * 100_001) / 100, 5);
  });
});
