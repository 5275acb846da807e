/**
 * Seeded randomness, keyed by text: the same key gives the same stream on every machine and in every order of calls.
 * Hash: cyrb128 (public domain); generator: sfc32 (Doty-Humphrey, PractRand, public domain).
 */
export interface Generator {
  /** Uniform in [0, 1) with 32 random bits. */
  uniform(): number;
  /** Integer in [0, n). */
  below(n: number): number;
  /** Standard normal (Marsaglia's polar method). */
  normal(): number;
  /** Poisson count with the given mean ≥ 0. */
  poisson(mean: number): number;
  /** A shuffled copy. */
  shuffle<T>(items: readonly T[]): T[];
}

/** A generator for the given key parts, joined by an unprintable separator so that ("a", "bc") and ("ab", "c") differ. */
export function generatorFor(...key: readonly (string | number)[]): Generator {
  const next = sfc32(...cyrb128(key.join('\u001f')));
  for (let warm = 0; warm < 12; warm++) next();
  return fromUniform(next);
}

function fromUniform(uniform: () => number): Generator {
  let spare: number | undefined;
  const normal = (): number => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    for (;;) {
      const u = 2 * uniform() - 1;
      const v = 2 * uniform() - 1;
      const s = u * u + v * v;
      if (s <= 0 || s >= 1) continue;
      const scale = Math.sqrt((-2 * Math.log(s)) / s);
      spare = v * scale;
      return u * scale;
    }
  };
  const below = (n: number): number => Math.floor(uniform() * n);
  return {
    uniform,
    below,
    normal,
    poisson: (mean) => poisson(mean, uniform, normal),
    shuffle: (items) => {
      const copy = [...items];
      for (let i = copy.length - 1; i > 0; i--) {
        const j = below(i + 1);
        [copy[i], copy[j]] = [copy[j] as (typeof copy)[number], copy[i] as (typeof copy)[number]];
      }
      return copy;
    },
  };
}

/** Knuth's product method below 30; above it the normal approximation, rounded. */
function poisson(mean: number, uniform: () => number, normal: () => number): number {
  if (mean >= 30) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal()));
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = uniform(); product > limit; product *= uniform()) count++;
  return count;
}

function cyrb128(text: string): [number, number, number, number] {
  let [h1, h2, h3, h4] = [1779033703, 3144134277, 1013904242, 2773480762];
  for (let i = 0; i < text.length; i++) {
    const k = text.charCodeAt(i);
    h1 = h2 ^ Math.imul(h1 ^ k, 597399067);
    h2 = h3 ^ Math.imul(h2 ^ k, 2869860233);
    h3 = h4 ^ Math.imul(h3 ^ k, 951274213);
    h4 = h1 ^ Math.imul(h4 ^ k, 2716044179);
  }
  h1 = Math.imul(h3 ^ (h1 >>> 18), 597399067);
  h2 = Math.imul(h4 ^ (h2 >>> 22), 2869860233);
  h3 = Math.imul(h1 ^ (h3 >>> 17), 951274213);
  h4 = Math.imul(h2 ^ (h4 >>> 19), 2716044179);
  h1 ^= h2 ^ h3 ^ h4;
  return [h1 >>> 0, (h2 ^ h1) >>> 0, (h3 ^ h1) >>> 0, (h4 ^ h1) >>> 0];
}

function sfc32(a: number, b: number, c: number, d: number): () => number {
  return () => {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return (t >>> 0) / 4294967296;
  };
}
