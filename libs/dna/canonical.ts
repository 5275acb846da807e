import { createHash } from 'node:crypto';
import type { Topology } from './molecule';
import { reverseComplement } from './sequence';

/**
 * Canonical form of a circle: the lexicographically least rotation over both strands, in O(n).
 * Two circles are the same molecule exactly when their canonical forms are equal.
 */
export function canonicalCircle(sequence: string): string {
  const top = leastRotation(sequence);
  const bottom = leastRotation(reverseComplement(sequence));
  return top < bottom ? top : bottom;
}

/** Canonical form of a blunt linear molecule: the smaller of its two strands. */
export function canonicalLine(sequence: string): string {
  const opposite = reverseComplement(sequence);
  return sequence < opposite ? sequence : opposite;
}

/**
 * Identity of a construct: SHA-256 (hex) of its canonical form, never of its name.
 * A circle hashes its bare canonical form; a line is prefixed by `linear:`, so that the two never collide.
 */
export function constructHash(sequence: string, topology: Topology): string {
  const upper = sequence.toUpperCase();
  const form = topology === 'circular' ? canonicalCircle(upper) : `linear:${canonicalLine(upper)}`;
  return createHash('sha256').update(form, 'latin1').digest('hex');
}

/** The least rotation by the two-pointer method: of two candidate starts, a mismatch rules out a whole run of starts. */
function leastRotation(sequence: string): string {
  const n = sequence.length;
  const bases = Buffer.from(sequence + sequence, 'latin1');
  let i = 0;
  let j = 1;
  let k = 0;
  while (i < n && j < n && k < n) {
    const difference = (bases[i + k] as number) - (bases[j + k] as number);
    if (difference === 0) {
      k++;
      continue;
    }
    if (difference > 0) i += k + 1;
    else j += k + 1;
    if (i === j) j++;
    k = 0;
  }
  const start = Math.min(i, j);
  return sequence.slice(start) + sequence.slice(0, start);
}
