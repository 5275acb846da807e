/**
 * (M₁ ⊗ M₂ ⊗ … ⊗ M_S) x for row-major L_s × L_s factors and a vector over the whole library (last site fastest).
 *
 * Contracts the last axis and writes it first, S times, after which the axes are back in order: N·ΣL_s operations and two
 * buffers. The input is not changed.
 */
export function kroneckerProduct(
  factors: readonly Float64Array[],
  radices: readonly number[],
  x: Float64Array,
): Float64Array {
  let from: Float64Array = Float64Array.from(x);
  let to: Float64Array = new Float64Array(x.length);
  for (let s = radices.length - 1; s >= 0; s--) {
    contractLastAxis(factors[s]!, radices[s]!, from, to);
    [from, to] = [to, from];
  }
  return from;
}

function contractLastAxis(m: Float64Array, radix: number, from: Float64Array, to: Float64Array): void {
  const rows = from.length / radix;
  for (let r = 0; r < rows; r++) {
    const base = r * radix;
    for (let a = 0; a < radix; a++) {
      let sum = 0;
      const row = a * radix;
      for (let b = 0; b < radix; b++) sum += m[row + b]! * from[base + b]!;
      to[a * rows + r] = sum;
    }
  }
}
