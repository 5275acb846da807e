import { Phenotypes } from '../../../apps/virtual-lab/physics/expression';
import { Plasmids } from '../../../apps/virtual-lab/physics/plasmids';
import { truthOf } from '../../../apps/virtual-lab/physics/truth';
import type { Campaign } from '../../../libs/campaign/campaign';
import { designAssembler } from '../../../libs/design/construct';
import type { DesignSpace } from '../../../libs/design/space';
import { designSpace } from '../../../libs/design/space';
import { loadCollection } from '../../../libs/dna/collections/collection';
import { scoreOf } from '../../../libs/learn/score';

/** A member of the library as the virtual lab knows it. */
export interface TrueMember {
  /** Key of the construct in `plasmids`. */
  readonly plasmid: string;
  /** Keys of the reactions that make it, units first: equal for members that share a unit. */
  readonly reactions: readonly string[];
  /** Noise-free readouts by id, and their score by the campaign's objectives. */
  readonly readouts: Readonly<Record<string, number>>;
  readonly score: number;
}

/** A campaign's whole library with the virtual lab's truth: every allowed design assembled and expressed. */
export interface TrueLibrary {
  readonly campaign: Campaign;
  readonly space: DesignSpace;
  readonly plasmids: Plasmids;
  readonly phenotypes: Phenotypes;
  /** By design index; undefined where a rule forbids the design. */
  readonly members: readonly (TrueMember | undefined)[];
  /** Design index of the best true score (the lowest index of equals) and that score. */
  readonly best: { readonly index: number; readonly score: number };
}

/**
 * Assembles every allowed design of a campaign and asks the virtual lab what it would show without noise.
 * @throws DomainError `assembly-refused` when an allowed design does not assemble.
 */
export function trueLibrary(campaign: Campaign): TrueLibrary {
  const { collection: ref } = campaign.library;
  const collection = loadCollection(ref.id, ref.version);
  const space = designSpace(campaign.library);
  const plasmids = new Plasmids(collection);
  const assemble = designAssembler(campaign, collection);
  const members = Array.from({ length: space.size }, (_, index): TrueMember | undefined => {
    if (!space.allowed(index)) return undefined;
    const { units, construct } = assemble(space.designAt(index));
    const { readouts } = truthOf(construct.sequence, plasmids, campaign.assay);
    return {
      plasmid: plasmids.keyOf(construct.sequence),
      reactions: [...units, construct].map(({ key }) => key),
      readouts,
      score: scoreOf(campaign.objectives, readouts) ?? NaN,
    };
  });
  return { campaign, space, plasmids, phenotypes: new Phenotypes(plasmids), members, best: bestOf(members) };
}

function bestOf(members: readonly (TrueMember | undefined)[]): TrueLibrary['best'] {
  return members.reduce(
    (best, member, index) => (member && member.score > best.score ? { index, score: member.score } : best),
    {
      index: -1,
      score: -Infinity,
    },
  );
}
