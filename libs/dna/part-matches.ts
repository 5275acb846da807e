import type { PartCollection } from './collections/collection';
import { editDistance } from './names';
import type { PartIndex, Target } from './part-index';
import { forEachWord, partIndexOf, placeRadix, wordLength } from './part-index';
import { reverseComplement } from './sequence';

/** A part found in a plasmid; positions count on the given strand, fusion sites included. */
export interface PartMatch {
  readonly part: string;
  readonly role: string;
  readonly state: 'intact' | 'damaged';
  /** Bases substituted, inserted or deleted against the part; 0 when intact. */
  readonly changes: number;
  /** 0-based, in [0, length). */
  readonly start: number;
  /** Exclusive; beyond the length when the part crosses the origin. */
  readonly end: number;
  readonly strand: 1 | -1;
}

/** 0-based half-open range of the given strand; `end` is beyond the length when it crosses the origin. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
}

/** Runs of equal words along one diagonal: where the target would begin if it were there without insertions or deletions. */
interface Run {
  readonly target: number;
  readonly diagonal: number;
  words: number;
  first: number;
  last: number;
}

/** One copy of a target, possibly with insertions or deletions: the span its runs of words outline. */
interface Chain {
  readonly target: Target;
  readonly words: number;
  readonly diagonal: number;
  readonly length: number;
  readonly middle: number;
}

/** Share of a target's words that must be present before a damaged copy counts as that part. */
const leastWordShare = 0.2;
/** Share of a part's bases that may differ before it is no longer that part. */
const greatestChangeShare = 0.6;
/** A chain with less than this share of another's words over the same stretch cannot be the closer part. */
const outdoneShare = 0.6;
/** Neighbours share a fusion site of 4 bases; a larger overlap means two explanations of one stretch. */
const sharedBases = 8;

/** Every part of the collection found on either strand of a circle; each base is explained once, by the closest part. */
export function matchParts(
  sequence: string,
  collection: PartCollection,
): { matches: PartMatch[]; unexplained: Stretch[] } {
  const index = partIndexOf(collection);
  const covered = new Uint8Array(sequence.length);
  const strands = ([1, -1] as const).map((strand) => {
    const text = strand === 1 ? sequence : reverseComplement(sequence);
    return { strand, text, runs: collectRuns(text, index) };
  });
  const matches: PartMatch[] = [];
  const claim = (candidates: PartMatch[]): void => {
    candidates.sort(
      (a, b) => changeShare(a) - changeShare(b) || b.end - b.start - (a.end - a.start) || (a.part < b.part ? -1 : 1),
    );
    for (const candidate of candidates) if (claimBases(covered, candidate)) matches.push(candidate);
  };
  claim(strands.flatMap(({ strand, text, runs }) => intactMatches(strand, text, runs, index)));
  claim(strands.flatMap(({ strand, text, runs }) => damagedMatches(strand, text, runs, index, covered)));
  return { matches: matches.sort((a, b) => a.start - b.start), unexplained: gapsIn(covered) };
}

function changeShare(match: PartMatch): number {
  return match.changes / (match.end - match.start);
}

function collectRuns(text: string, index: PartIndex): Run[] {
  const n = text.length;
  const runs = new Map<number, Run>();
  forEachWord(text, true, (word, at) => {
    for (const place of index.placesOf.get(word) ?? []) {
      const target = Math.floor(place / placeRadix);
      const offset = place % placeRadix;
      const diagonal = (at - offset + placeRadix * n) % n;
      const key = target * n + diagonal;
      const run = runs.get(key);
      if (!run) runs.set(key, { target, diagonal, words: 1, first: offset, last: offset });
      else {
        run.words++;
        run.first = Math.min(run.first, offset);
        run.last = Math.max(run.last, offset);
      }
    }
  });
  return [...runs.values()];
}

function intactMatches(strand: 1 | -1, text: string, runs: readonly Run[], index: PartIndex): PartMatch[] {
  return runs.flatMap((run) => {
    const target = index.targets[run.target] as Target;
    const length = target.sequence.length;
    if (run.words < length - wordLength + 1 || length > text.length) return [];
    return [toMatch(target, strand, text.length, run.diagonal, length, 0)];
  });
}

/** Candidates among stretches that no intact part explains: the span from a target's first to its last recognised word. */
function damagedMatches(
  strand: 1 | -1,
  text: string,
  runs: readonly Run[],
  index: PartIndex,
  covered: Uint8Array,
): PartMatch[] {
  const n = text.length;
  const free = runs.filter((run) => {
    const middle = (run.diagonal + Math.floor((run.first + run.last + wordLength) / 2)) % n;
    return covered[strand === 1 ? middle : n - 1 - middle] === 0;
  });
  const byTarget = new Map<number, Run[]>();
  for (const run of free) byTarget.set(run.target, [...(byTarget.get(run.target) ?? []), run]);
  const all = [...byTarget].flatMap(([number, own]) => chains(own, index.targets[number] as Target, n));
  return closestChains(all, n).flatMap((chain) => damagedMatch(chain, strand, text));
}

/** Drops chains that another one over the same stretch clearly outdoes, before any costly comparison. */
function closestChains(chains: readonly Chain[], n: number): Chain[] {
  const kept: Chain[] = [];
  for (const chain of [...chains].sort((a, b) => b.words - a.words)) {
    if (chain.words < leastWordShare * (chain.target.sequence.length - wordLength + 1)) continue;
    const outdone = kept.some((better) => {
      const ahead = (chain.middle - better.diagonal + n) % n;
      return chain.words < outdoneShare * better.words && ahead < better.length;
    });
    if (!outdone) kept.push(chain);
  }
  return kept;
}

/** Groups the runs of one target into copies, each begun at its best run and joined by the runs in line with it. */
function chains(runs: readonly Run[], target: Target, n: number): Chain[] {
  const open = [...runs].sort((a, b) => b.words - a.words);
  const found: Chain[] = [];
  while (open.length > 0) {
    const seed = open.shift() as Run;
    const near = open.filter((run) => Math.abs(shiftBetween(seed, run, n)) <= target.sequence.length / 2);
    for (const run of near) open.splice(open.indexOf(run), 1);
    const inLine = near.filter((run) => run.words > 1 && (run.first > seed.last || run.last < seed.first));
    found.push(toChain([seed, ...inLine], target, n));
  }
  return found;
}

function toChain(runs: readonly Run[], target: Target, n: number): Chain {
  const ordered = [...runs].sort((a, b) => a.first - b.first);
  const first = ordered[0] as Run;
  const length = target.sequence.length + shiftBetween(first, ordered[ordered.length - 1] as Run, n);
  const words = runs.reduce((sum, run) => sum + run.words, 0);
  return { target, words, diagonal: first.diagonal, length, middle: (first.diagonal + Math.floor(length / 2)) % n };
}

/** How far the second run's diagonal lies behind the first's, the short way round the circle. */
function shiftBetween(from: Run, to: Run, n: number): number {
  const shift = (to.diagonal - from.diagonal + n) % n;
  return shift > n / 2 ? shift - n : shift;
}

function damagedMatch({ target, diagonal, length }: Chain, strand: 1 | -1, text: string): PartMatch[] {
  const expected = target.sequence;
  if (length <= 0 || length > text.length) return [];
  const observed = (text + text).slice(diagonal, diagonal + length);
  const changes = length === expected.length ? differences(observed, expected) : editDistance(observed, expected);
  if (changes > greatestChangeShare * expected.length) return [];
  return [toMatch(target, strand, text.length, diagonal, length, changes)];
}

function differences(a: string, b: string): number {
  let count = 0;
  for (let i = 0; i < a.length; i++) if (a.charCodeAt(i) !== b.charCodeAt(i)) count++;
  return count;
}

function toMatch(target: Target, strand: 1 | -1, n: number, at: number, length: number, changes: number): PartMatch {
  const start = strand === 1 ? at : (2 * n - at - length) % n;
  const state = changes === 0 ? 'intact' : 'damaged';
  return { part: target.part.id, role: target.part.role, state, changes, start, end: start + length, strand };
}

/** Marks the match's bases as explained, unless another match explains more than a fusion site of them already. */
function claimBases(covered: Uint8Array, match: PartMatch): boolean {
  const n = covered.length;
  let taken = 0;
  for (let i = match.start; i < match.end; i++) taken += covered[i % n] as number;
  if (taken > sharedBases) return false;
  for (let i = match.start; i < match.end; i++) covered[i % n] = 1;
  return true;
}

function gapsIn(covered: Uint8Array): Stretch[] {
  const n = covered.length;
  const origin = covered.indexOf(1);
  if (origin < 0) return [{ start: 0, end: n }];
  const gaps: Stretch[] = [];
  for (let i = origin; i < origin + n; i++) {
    if (covered[i % n] === 1) continue;
    let end = i;
    while (end < origin + n && covered[end % n] === 0) end++;
    const start = i % n;
    gaps.push({ start, end: start + end - i });
    i = end;
  }
  return gaps.sort((a, b) => a.start - b.start);
}
