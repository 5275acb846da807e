import type { Campaign } from '../../../libs/campaign/campaign';
import { screenLibrary } from '../../../libs/design/screen';
import type { BatchRequest, Recommendation } from '../../../libs/learn/recommendation';
import { recommendBatch } from '../../../libs/learn/recommend';
import { collectionOf } from '../design/plasmids';

/** What became of every design of a library; one byte per design says whether it is allowed and assembles. */
export interface Screened {
  readonly size: number;
  readonly forbidden: number;
  readonly refused: number;
  readonly distinctConstructs: number;
  readonly refusals: readonly { readonly reason: string; readonly part: string | null; readonly count: number }[];
  readonly feasible: Uint8Array;
}

/** The long computations of design and learning; pure, the same question gives the same answer. */
export abstract class Science {
  abstract screen(campaign: Campaign): Promise<Screened>;
  abstract recommend(request: BatchRequest, allowed: Uint8Array): Promise<Recommendation>;
}

/** Computes at once, in the thread of the caller. */
export class InlineScience extends Science {
  async screen(campaign: Campaign): Promise<Screened> {
    return screenNow(campaign);
  }

  async recommend(request: BatchRequest, allowed: Uint8Array): Promise<Recommendation> {
    return recommendBatch(request, allowed);
  }
}

function screenNow(campaign: Campaign): Screened {
  const { size, forbidden, refused, distinctConstructs, refusals, feasible } = screenLibrary(
    campaign,
    collectionOf(campaign),
  );
  const flags = Uint8Array.from({ length: size }, (_, index) => (feasible(index) ? 1 : 0));
  return { size, forbidden, refused, distinctConstructs, refusals, feasible: flags };
}
