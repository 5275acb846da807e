import type { Campaign } from '../campaign/campaign';
import type { PartCollection } from '../dna/collections/collection';
import { DomainError } from '../errors/domain-error';
import { designAssembler } from './construct';
import { designSpace } from './space';

/** Largest library whose every construct is simulated. */
const screenLimit = 250_000;

/** How many designs fail for one reason because of one part. */
export interface RefusalCount {
  readonly reason: string;
  /** The culprit, when a single part is to blame. */
  readonly part: string | null;
  readonly count: number;
  /** One refusal in words. */
  readonly example: string;
}

/** What became of every design of a library. size = forbidden + assembled + refused. */
export interface LibraryScreen {
  readonly size: number;
  /** Excluded by the library's rules. */
  readonly forbidden: number;
  readonly assembled: number;
  readonly refused: number;
  /** Different sequences among the assembled; fewer than `assembled` when two designs make the same plasmid. */
  readonly distinctConstructs: number;
  /** Most frequent first. */
  readonly refusals: readonly RefusalCount[];
  /** Says whether a design is allowed and assembles. */
  readonly feasible: (index: number) => boolean;
}

/**
 * Simulates the assembly of every allowed design and counts what fails, by reason and culprit part.
 *
 * @throws DomainError `over-limit` for libraries above 250,000 designs; whatever is not an `assembly-refused` passes through.
 */
export function screenLibrary(campaign: Campaign, collection: PartCollection): LibraryScreen {
  const space = designSpace(campaign.library);
  if (space.size > screenLimit) {
    const message = `the library has ${space.size} designs; at most ${screenLimit} are screened one by one`;
    throw new DomainError('over-limit', message, { size: space.size });
  }
  const assemble = designAssembler(campaign, collection);
  const feasible = new Uint8Array(space.size);
  const hashes = new Set<string>();
  const refusals = new Map<string, RefusalCount>();
  let forbidden = 0;
  for (let index = 0; index < space.size; index++) {
    if (!space.allowed(index)) {
      forbidden++;
      continue;
    }
    try {
      hashes.add(assemble(space.designAt(index)).construct.hash);
      feasible[index] = 1;
    } catch (refusal) {
      countRefusal(refusals, refusal);
    }
  }
  const assembled = feasible.reduce((count, flag) => count + flag, 0);
  return {
    size: space.size,
    forbidden,
    assembled,
    refused: space.size - forbidden - assembled,
    distinctConstructs: hashes.size,
    refusals: [...refusals.values()].sort((a, b) => b.count - a.count),
    feasible: (index) => feasible[index] === 1,
  };
}

function countRefusal(refusals: Map<string, RefusalCount>, refusal: unknown): void {
  if (!(refusal instanceof DomainError) || refusal.code !== 'assembly-refused') throw refusal;
  const reason = String(refusal.details['reason']);
  const part = typeof refusal.details['part'] === 'string' ? refusal.details['part'] : null;
  const key = JSON.stringify([reason, part]);
  const known = refusals.get(key);
  refusals.set(key, { reason, part, count: (known?.count ?? 0) + 1, example: known?.example ?? refusal.message });
}
