import { generatorFor } from '../random/generator';
import type { TrainingData } from './evidence';
import { posteriorOfLogs, solve, startParameters, toLogs } from './evidence';
import { LibrarySampler, condition, fit, leaveOneOut, mainEffect, meanOfLibrary, momentsOf } from './gaussian-process';
import { levelColumns } from './kernel';
import { indexOf } from './space';

const space = {
  radices: [3, 2],
  distances: [
    [
      [0, 0.5, 2],
      [0.5, 0, 0.5],
      [2, 0.5, 0],
    ],
    null,
  ],
};
const data: TrainingData = {
  space,
  indices: [
    [0, 0],
    [1, 0],
    [2, 1],
    [1, 1],
  ].map((levels) => indexOf(space, levels)),
  y: Float64Array.from([-1, 0.2, 0.5, 1.3]),
  noiseWeights: Float64Array.from([1 / 3, 1, 1 / 2, 1]),
};
const theta = { signalVariance: 1, noiseVariance: 0.1, mismatchRates: [0.5, 0.8], distanceRates: [0.3, 0] };
const gp = condition(data, theta);
const columns = levelColumns(space, data.indices);

function expectAll(found: ArrayLike<number>, expected: readonly number[], digits = 5): void {
  expect(found.length).toBe(expected.length);
  expected.forEach((value, i) => expect(found[i]).toBeCloseTo(value, digits));
}

describe('the exact Gaussian process on the golden case (3 × 2, four observations)', () => {
  it('integrates the mean out', () => {
    expect(gp.solved.mean).toBeCloseTo(0.088967, 5);
    expect(gp.solved.negativeLogEvidence).toBeCloseTo(2.480165, 5);
    expectAll(gp.solved.alpha, [-1.483671, 0.274678, -0.140634, 1.371868]);
  });

  it('gives the posterior of the hyperparameters and its gradient', () => {
    const at = posteriorOfLogs(data, toLogs(space, theta), columns);
    expect(at.value).toBeCloseTo(2.827855, 5);
    expectAll(at.gradient, [-0.108552, 0.349138, 0.013995, 0.480836, -0.47757]);
  });

  it('predicts every member with its standard deviation', () => {
    const mean = [-0.950544, 0.156107, 0.172532, 1.162813, -0.002901, 0.507032];
    const sd = [0.179216, 0.798381, 0.294717, 0.294846, 0.80053, 0.217516];
    expectAll(meanOfLibrary(gp), mean);
    const moments = momentsOf(gp, [0, 1, 2, 3, 4, 5]);
    expectAll(
      moments.map((m) => m.mean),
      mean,
    );
    expectAll(
      moments.map((m) => Math.sqrt(m.variance)),
      sd,
    );
  });

  it('predicts every observation from the others', () => {
    const left = leaveOneOut(gp);
    expectAll(
      left.map((m) => m.mean),
      [0.35687, -0.009013, 0.630859, 0.250022],
    );
    expectAll(
      left.map((m) => m.variance),
      [0.914536, 0.760938, 0.930497, 0.765364],
    );
  });

  it('averages the library into main effects', () => {
    expectAll(mainEffect(gp, 0), [-0.397219, 0.667673, 0.252065]);
    const grid = meanOfLibrary(gp);
    expectAll(mainEffect(gp, 1), [(grid[0]! + grid[2]! + grid[4]!) / 3, (grid[1]! + grid[3]! + grid[5]!) / 3], 10);
  });

  it('draws samples whose moments are the exact posterior ones', () => {
    const sampler = new LibrarySampler(gp);
    const exact = momentsOf(gp, [0, 1, 2, 3, 4, 5]);
    const count = 40_000;
    const [sum, squares] = [new Float64Array(6), new Float64Array(6)];
    const generator = generatorFor('moments');
    for (let d = 0; d < count; d++) {
      sampler.draw(generator).forEach((value, i) => {
        sum[i]! += value;
        squares[i]! += (value - exact[i]!.mean) ** 2;
      });
    }
    exact.forEach(({ mean, variance }, i) => {
      const error = Math.sqrt(variance / count);
      expect(Math.abs(sum[i]! / count - mean)).toBeLessThan(4.5 * error);
      expect(Math.abs(squares[i]! / count / variance - 1)).toBeLessThan(4.5 * Math.sqrt(2 / count));
    });
  });
});

describe('fitting', () => {
  it('has a gradient that agrees with differences', () => {
    const logs = Float64Array.from([0.3, -1.2, -0.4, 0.2, -1.1]);
    const at = posteriorOfLogs(data, logs, columns);
    logs.forEach((_, j) => {
      const shifted = (h: number): number =>
        posteriorOfLogs(
          data,
          logs.map((x, i) => (i === j ? x + h : x)),
          columns,
        ).value;
      expect(at.gradient[j]).toBeCloseTo((shifted(1e-5) - shifted(-1e-5)) / 2e-5, 6);
    });
  });

  it('ends at a better place than it started and repeats itself exactly', () => {
    const first = fit(data);
    const start = posteriorOfLogs(data, startParameters(space), columns).value;
    const end = posteriorOfLogs(data, toLogs(space, first.theta), columns).value;
    expect(end).toBeLessThan(start);
    expect(fit(data).theta).toEqual(first.theta);
  });

  it('gives no solution rather than a wrong one when the covariance is singular', () => {
    const twice = { ...data, indices: [0, 0, 5, 3] };
    expect(solve(twice, { ...theta, signalVariance: -1, noiseVariance: 0 })).toBeUndefined();
  });
});
