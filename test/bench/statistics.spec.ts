import { meanWithError, pairedDifference } from './statistics';

describe('statistics of benchmarks', () => {
  it('gives the mean and its standard error', () => {
    const { mean, sem } = meanWithError([2, 4, 4, 6]);
    expect(mean).toBe(4);
    expect(sem).toBeCloseTo(Math.sqrt(8 / 3) / 2, 12);
  });

  it('compares pairs by their differences, with the interval of Student', () => {
    // Differences −1, −2, −3: mean −2, sd 1, t(2) = 4.3027.
    const { mean, low, high } = pairedDifference([1, 2, 3], [2, 4, 6]);
    expect(mean).toBe(-2);
    expect(low).toBeCloseTo(-2 - 4.3027 / Math.sqrt(3), 10);
    expect(high).toBeCloseTo(-2 + 4.3027 / Math.sqrt(3), 10);
  });

  it('claims nothing from a single pair', () => {
    expect(pairedDifference([1], [3])).toEqual({ mean: -2, sem: 0, low: -Infinity, high: Infinity });
  });
});
