import fc from 'fast-check';
import { generatorFor } from '../random/generator';
import { choleskyInPlace, inverseFromCholesky, solveLower, solveLowerTransposed } from './linear-algebra';
import { kroneckerProduct } from './kronecker';
import { minimise } from './minimise';

/** B Bᵀ + n·I for a random B: symmetric positive definite. */
function positiveDefinite(n: number, seed: number): Float64Array {
  const generator = generatorFor('spd', n, seed);
  const b = Array.from({ length: n }, () => Array.from({ length: n }, () => generator.normal()));
  const a = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) a[i * n + j] = b[i]!.reduce((sum, x, k) => sum + x * b[j]![k]!, i === j ? n : 0);
  }
  return a;
}

function multiply(a: Float64Array, x: Float64Array, n: number): number[] {
  return Array.from({ length: n }, (_, i) => x.reduce((sum, value, k) => sum + a[i * n + k]! * value, 0));
}

describe('Cholesky', () => {
  it.each([1, 2, 3, 47, 48, 49, 97, 131])('solves and inverts a system of size %d across panel borders', (n) => {
    const a = positiveDefinite(n, 1);
    const l = Float64Array.from(a);
    expect(choleskyInPlace(l, n)).toBe(true);
    const x = Float64Array.from({ length: n }, (_, i) => Math.sin(i));
    const b = Float64Array.from(multiply(a, x, n));
    const solved = solveLowerTransposed(l, n, solveLower(l, n, b));
    solved.forEach((value, i) => expect(value).toBeCloseTo(x[i]!, 9));
    const unit = multiply(inverseFromCholesky(l, n), Float64Array.from(multiply(a, x, n)), n);
    unit.forEach((value, i) => expect(value).toBeCloseTo(x[i]!, 8));
  });

  it('says no to a matrix that is not positive definite', () => {
    expect(choleskyInPlace(Float64Array.from([1, 2, 2, 1]), 2)).toBe(false);
  });
});

describe('the Kronecker product', () => {
  it('equals the dense product for unequal factors', () => {
    const shape = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(shape, fc.integer(), (radices, seed) => {
        const generator = generatorFor('kron', seed);
        const factors = radices.map((r) => Float64Array.from({ length: r * r }, () => generator.normal()));
        const size = radices.reduce((a, b) => a * b, 1);
        const x = Float64Array.from({ length: size }, () => generator.normal());
        const digits = (i: number): number[] =>
          radices.reduceRight<[number[], number]>(
            ([d, rest], r) => [[rest % r, ...d], Math.floor(rest / r)],
            [[], i],
          )[0];
        const found = kroneckerProduct(factors, radices, x);
        for (let i = 0; i < size; i++) {
          let sum = 0;
          for (let j = 0; j < size; j++) {
            const [a, b] = [digits(i), digits(j)];
            sum += radices.reduce((product, r, s) => product * factors[s]![a[s]! * r + b[s]!]!, x[j]!);
          }
          expect(found[i]).toBeCloseTo(sum, 8);
        }
      }),
      { numRuns: 50 },
    );
  });
});

describe('minimise', () => {
  it('finds the minimum of the Rosenbrock valley', () => {
    const valley = (p: Float64Array) => {
      const [x, y] = [p[0]!, p[1]!];
      const value = (1 - x) ** 2 + 100 * (y - x * x) ** 2;
      const gradient = Float64Array.from([-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)]);
      return { value, gradient };
    };
    const options = { maxSteps: 200, minGain: 1e-14, maxStep: 1.5, low: -9, high: 6 };
    const { x } = minimise(valley, Float64Array.from([-1.2, 1]), options);
    expect(x[0]).toBeCloseTo(1, 4);
    expect(x[1]).toBeCloseTo(1, 4);
  });

  it('stays inside its box', () => {
    const slope = (p: Float64Array) => ({ value: p[0]!, gradient: Float64Array.from([1]) });
    expect(minimise(slope, Float64Array.from([0])).x[0]).toBe(-9);
  });
});
