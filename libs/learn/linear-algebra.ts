/**
 * Dense linear algebra for Gaussian processes: row-major n × n matrices in one Float64Array.
 * Only the lower triangle of a Cholesky factor is meaningful.
 */

const PANEL = 48;

/**
 * Factors a symmetric positive definite matrix in place: A = L Lᵀ, L in the lower triangle.
 * Left-looking by panels of columns, so that the inner loops run along rows.
 *
 * @returns false when A is not positive definite (the content is then undefined).
 */
export function choleskyInPlace(a: Float64Array, n: number): boolean {
  for (let from = 0; from < n; from += PANEL) {
    const to = Math.min(n, from + PANEL);
    if (from > 0) subtractFactored(a, n, from, to);
    if (!factorPanel(a, n, from, to)) return false;
  }
  return true;
}

/** A[i][j] −= Σ_{k<from} L[i][k] L[j][k] for the columns of one panel, two columns at a time. */
function subtractFactored(a: Float64Array, n: number, from: number, to: number): void {
  for (let i = from; i < n; i++) {
    const row = i * n;
    const last = Math.min(to - 1, i);
    let j = from;
    for (; j < last; j += 2) {
      const [first, second] = [j * n, (j + 1) * n];
      let [sum0, sum1] = [0, 0];
      for (let k = 0; k < from; k++) {
        const x = a[row + k]!;
        sum0 += x * a[first + k]!;
        sum1 += x * a[second + k]!;
      }
      a[row + j]! -= sum0;
      a[row + j + 1]! -= sum1;
    }
    if (j === last) a[row + j]! -= dot(a, row, a, j * n, from);
  }
}

function factorPanel(a: Float64Array, n: number, from: number, to: number): boolean {
  for (let j = from; j < to; j++) {
    const rowJ = j * n;
    const pivot = a[rowJ + j]! - dot(a, rowJ + from, a, rowJ + from, j - from);
    if (!(pivot > 0)) return false;
    const root = Math.sqrt(pivot);
    a[rowJ + j] = root;
    for (let i = j + 1; i < n; i++) {
      const rowI = i * n;
      a[rowI + j] = (a[rowI + j]! - dot(a, rowI + from, a, rowJ + from, j - from)) / root;
    }
  }
  return true;
}

function dot(a: Float64Array, fromA: number, b: Float64Array, fromB: number, length: number): number {
  let sum = 0;
  for (let k = 0; k < length; k++) sum += a[fromA + k]! * b[fromB + k]!;
  return sum;
}

/** Solves L x = b in place of b. */
export function solveLower(l: Float64Array, n: number, b: Float64Array): Float64Array {
  for (let i = 0; i < n; i++) b[i] = (b[i]! - dot(l, i * n, b, 0, i)) / l[i * n + i]!;
  return b;
}

/** Solves Lᵀ x = b in place of b, by rows of L. */
export function solveLowerTransposed(l: Float64Array, n: number, b: Float64Array): Float64Array {
  for (let i = n - 1; i >= 0; i--) {
    const row = i * n;
    const x = b[i]! / l[row + i]!;
    b[i] = x;
    for (let k = 0; k < i; k++) b[k]! -= l[row + k]! * x;
  }
  return b;
}

/** A⁻¹ (full, symmetric) from the Cholesky factor of A. */
export function inverseFromCholesky(l: Float64Array, n: number): Float64Array {
  const lower = inverseOfLower(l, n);
  const inverse = new Float64Array(n * n);
  for (let k = 0; k < n; k++) {
    const row = k * n;
    for (let i = 0; i <= k; i++) {
      const x = lower[row + i]!;
      const target = i * n;
      for (let j = 0; j <= i; j++) inverse[target + j]! += x * lower[row + j]!;
    }
  }
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) inverse[j * n + i] = inverse[i * n + j]!;
  return inverse;
}

function inverseOfLower(l: Float64Array, n: number): Float64Array {
  const inverse = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    const row = i * n;
    for (let k = 0; k < i; k++) {
      const x = l[row + k]!;
      for (let j = 0; j <= k; j++) inverse[row + j]! -= x * inverse[k * n + j]!;
    }
    const pivot = l[row + i]!;
    for (let j = 0; j < i; j++) inverse[row + j]! /= pivot;
    inverse[row + i] = 1 / pivot;
  }
  return inverse;
}
