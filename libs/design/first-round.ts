import { DomainError } from '../errors/domain-error';
import type { Generator } from '../random/generator';
import type { Choice, DesignSpace } from './space';

/** Up to this many designs every feasible one is considered; of a larger space, a seeded sample of this size. */
const candidateLimit = 20_000;
/** Draws per wanted candidate before a sparse space counts as exhausted. */
const drawsPerCandidate = 50;

/** What the first round should look like. */
export interface FirstRoundRequest {
  readonly space: DesignSpace;
  /** Designs to choose, `mustInclude` among them. */
  readonly count: number;
  readonly strategy: 'maximin' | 'random';
  readonly mustInclude: readonly Choice[];
  /** Says whether a design can be built; the library's rules are checked besides. */
  readonly feasible: (index: number) => boolean;
  readonly generator: Generator;
}

/**
 * Chooses the designs of the first round, without repetition; the same request and seed give the same answer.
 * `maximin` adds, one at a time, the design farthest (Hamming) from its nearest chosen neighbour, then the one whose options
 * were used least, then the one with fewest neighbours that near, then a seeded draw (Johnson, Moore & Ylvisaker 1990).
 *
 * @returns indices into the space: those of `mustInclude` first, then in order of choice
 * @throws DomainError `batch-exceeds-space` when fewer designs are feasible than asked for, `too-few-runs` when `mustInclude`
 * alone is longer than the round, `design-impossible` when one of them is not feasible.
 */
export function chooseFirstRound(request: FirstRoundRequest): number[] {
  const required = requiredIndices(request);
  const candidates = candidateIndices(request, required);
  const missing = request.count - required.length;
  if (candidates.length < missing) {
    const message = `${request.count} designs were asked for, but only ${candidates.length + required.length} are feasible`;
    throw new DomainError('batch-exceeds-space', message, {
      count: request.count,
      feasible: candidates.length + required.length,
    });
  }
  const chosen =
    request.strategy === 'random'
      ? request.generator.shuffle(candidates).slice(0, missing)
      : spreadOut(request, required, candidates, missing);
  return [...required, ...chosen];
}

function isFeasible({ space, feasible }: FirstRoundRequest, index: number): boolean {
  return space.allowed(index) && feasible(index);
}

function requiredIndices(request: FirstRoundRequest): number[] {
  const indices = [...new Set(request.mustInclude.map((choice) => request.space.indexOf(choice)))];
  if (indices.length > request.count) {
    const message = `${indices.length} designs must be included, but the round has ${request.count}`;
    throw new DomainError('too-few-runs', message, { count: request.count, mustInclude: indices.length });
  }
  const impossible = indices.find((index) => !isFeasible(request, index));
  if (impossible !== undefined) {
    const design = request.space.designAt(impossible);
    const message = `a design that must be included is not feasible: ${Object.values(design).join(', ')}`;
    throw new DomainError('design-impossible', message, { index: impossible, design });
  }
  return indices;
}

function candidateIndices(request: FirstRoundRequest, required: readonly number[]): number[] {
  const { space, generator } = request;
  const taken = new Set(required);
  const wanted = (index: number): boolean => !taken.has(index) && isFeasible(request, index);
  if (space.size <= candidateLimit) return Array.from({ length: space.size }, (_, index) => index).filter(wanted);
  const sample: number[] = [];
  for (let draw = 0; draw < candidateLimit * drawsPerCandidate && sample.length < candidateLimit; draw++) {
    const index = Math.floor(generator.uniform() * space.size);
    if (!wanted(index)) continue;
    taken.add(index);
    sample.push(index);
  }
  return sample;
}

/** State of the greedy search, by candidate: distance to the nearest chosen design and how many are that near. */
interface Neighbourhood {
  readonly nearest: Float64Array;
  readonly crowd: Float64Array;
}

function spreadOut(
  { space, generator }: FirstRoundRequest,
  required: readonly number[],
  candidates: readonly number[],
  missing: number,
): number[] {
  const levels = candidates.map((index) => space.levelsAt(index));
  const around = { nearest: new Float64Array(levels.length).fill(Infinity), crowd: new Float64Array(levels.length) };
  const uses = space.radices.map((radix) => new Array<number>(radix).fill(0));
  const luck = candidates.map(() => generator.uniform());
  const add = (chosen: readonly number[]): void => {
    chosen.forEach((level, slot) => ((uses[slot] as number[])[level] as number)++);
    levels.forEach((candidate, at) => approach(around, at, hamming(candidate, chosen)));
  };
  for (const index of required) add(space.levelsAt(index));
  const chosen: number[] = [];
  while (chosen.length < missing) {
    const best = bestCandidate(levels, around, uses, luck);
    chosen.push(candidates[best] as number);
    add(levels[best] as number[]);
    around.nearest[best] = -1;
  }
  return chosen;
}

function approach({ nearest, crowd }: Neighbourhood, at: number, distance: number): void {
  if (distance < (nearest[at] as number)) {
    nearest[at] = distance;
    crowd[at] = 1;
  } else if (distance === nearest[at]) {
    crowd[at] = (crowd[at] as number) + 1;
  }
}

function hamming(a: readonly number[], b: readonly number[]): number {
  let distance = 0;
  for (let slot = 0; slot < a.length; slot++) if (a[slot] !== b[slot]) distance++;
  return distance;
}

function bestCandidate(
  levels: readonly (readonly number[])[],
  { nearest, crowd }: Neighbourhood,
  uses: readonly (readonly number[])[],
  luck: readonly number[],
): number {
  let best = -1;
  let bestUse = 0;
  for (let at = 0; at < levels.length; at++) {
    if (best >= 0 && (nearest[at] as number) < (nearest[best] as number)) continue;
    const use = (levels[at] as number[]).reduce((sum, level, slot) => sum + (uses[slot]?.[level] as number), 0);
    const order =
      best < 0
        ? 1
        : (nearest[at] as number) - (nearest[best] as number) ||
          bestUse - use ||
          (crowd[best] as number) - (crowd[at] as number) ||
          (luck[at] as number) - (luck[best] as number);
    if (order > 0) [best, bestUse] = [at, use];
  }
  return best;
}
