/**
 * Expected best value of n members drawn at random without replacement: the honest baseline of a learning curve.
 *
 * E = Σₖ y₍ₖ₎ (Fₖ − Fₖ₋₁) with Fₖ = C(k, n) / C(N, n), y sorted upwards, exact up to rounding.
 *
 * @param values one value per member of the pool (N ≥ 1), larger is better
 * @param n how many are drawn; clipped to 1…N
 */
export function randomBestOf(values: ArrayLike<number>, n: number): number {
  const sorted = Float64Array.from(values).sort();
  const size = sorted.length;
  const drawn = Math.min(size, Math.max(1, Math.floor(n)));
  // P(maximum is the k-th) falls by the factor (k − n) / (k − 1) from k to k − 1; start at k = N with n / N.
  let probability = drawn / size;
  let expected = 0;
  for (let k = size; k >= drawn; k--) {
    expected += probability * sorted[k - 1]!;
    probability *= k > 1 ? (k - drawn) / (k - 1) : 0;
  }
  return expected;
}
