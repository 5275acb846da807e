/** A value and its gradient; `value` may be Infinity or huge where the function does not exist. */
export interface Evaluation {
  readonly value: number;
  readonly gradient: Float64Array;
}

/** Bounds and stopping rule of a minimisation. */
export interface MinimiseOptions {
  readonly maxSteps: number;
  /** Stops when a step gains less than this. */
  readonly minGain: number;
  /** Largest change of any coordinate in one step. */
  readonly maxStep: number;
  readonly low: number;
  readonly high: number;
}

/** Defaults for log hyperparameters: 25 steps, gain 10⁻³, at most 1.5 per step, inside [−9, 6]. */
export const logParameterOptions: MinimiseOptions = { maxSteps: 25, minGain: 1e-3, maxStep: 1.5, low: -9, high: 6 };

interface Pair {
  readonly s: Float64Array;
  readonly y: Float64Array;
  readonly rho: number;
}

const MEMORY = 8;

/**
 * Limited-memory BFGS with Armijo back-tracking (Nocedal & Wright 2006, algorithms 7.4 and 3.1), clamped to a box.
 * Deterministic; returns the best point visited.
 */
export function minimise(
  evaluate: (x: Float64Array) => Evaluation,
  start: Float64Array,
  options: MinimiseOptions = logParameterOptions,
): { readonly x: Float64Array; readonly value: number } {
  let x = clamp(start, options);
  let at = evaluate(x);
  const pairs: Pair[] = [];
  for (let step = 0; step < options.maxSteps; step++) {
    const direction = boundedDirection(at.gradient, pairs, options.maxStep);
    const next = lineSearch(evaluate, x, at, direction, options);
    if (!next) break;
    remember(pairs, difference(next.x, x), difference(next.at.gradient, at.gradient));
    const gain = at.value - next.at.value;
    x = next.x;
    at = next.at;
    if (gain < options.minGain) break;
  }
  return { x, value: at.value };
}

function lineSearch(
  evaluate: (x: Float64Array) => Evaluation,
  x: Float64Array,
  at: Evaluation,
  direction: Float64Array,
  options: MinimiseOptions,
): { readonly x: Float64Array; readonly at: Evaluation } | undefined {
  let length = 1;
  for (let halving = 0; halving <= 12; halving++, length /= 2) {
    const candidate = clamp(
      x.map((value, i) => value + length * direction[i]!),
      options,
    );
    const slope = inner(at.gradient, difference(candidate, x));
    const found = evaluate(candidate);
    if (slope < 0 && found.value <= at.value + 1e-4 * slope) return { x: candidate, at: found };
  }
  return undefined;
}

/** Two-loop recursion; falls back to steepest descent when the direction does not descend. */
function boundedDirection(gradient: Float64Array, pairs: readonly Pair[], maxStep: number): Float64Array {
  let direction = quasiNewton(gradient, pairs);
  if (!(inner(direction, gradient) < 0)) direction = gradient.map((g) => -g);
  const largest = direction.reduce((max, d) => Math.max(max, Math.abs(d)), 0);
  const scale = largest > maxStep ? maxStep / largest : 1;
  return direction.map((d) => d * scale);
}

function quasiNewton(gradient: Float64Array, pairs: readonly Pair[]): Float64Array {
  const q = gradient.map((g) => -g);
  const alphas: number[] = [];
  for (let i = pairs.length - 1; i >= 0; i--) {
    const { s, y, rho } = pairs[i]!;
    const alpha = rho * inner(s, q);
    alphas[i] = alpha;
    for (let j = 0; j < q.length; j++) q[j]! -= alpha * y[j]!;
  }
  const newest = pairs.at(-1);
  if (newest) {
    const scale = 1 / (newest.rho * inner(newest.y, newest.y));
    for (let j = 0; j < q.length; j++) q[j]! *= scale;
  }
  pairs.forEach(({ s, y, rho }, i) => {
    const beta = rho * inner(y, q);
    for (let j = 0; j < q.length; j++) q[j]! += (alphas[i]! - beta) * s[j]!;
  });
  return q;
}

function remember(pairs: Pair[], s: Float64Array, y: Float64Array): void {
  const curvature = inner(s, y);
  if (!(curvature > 1e-10)) return;
  pairs.push({ s, y, rho: 1 / curvature });
  if (pairs.length > MEMORY) pairs.shift();
}

function clamp(x: Float64Array, { low, high }: MinimiseOptions): Float64Array {
  return x.map((value) => Math.min(high, Math.max(low, value)));
}

function difference(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, i) => value - b[i]!);
}

function inner(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
