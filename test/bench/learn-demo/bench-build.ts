import { assembly, growth, preparation, transformation } from '../../../apps/virtual-lab/physics/constants';
import type { Campaign } from '../../../libs/campaign/campaign';
import type { FailedBuild } from '../../../libs/learn/feasibility';
import { generatorFor } from '../../../libs/random/generator';
import type { TrueLibrary } from './true-library';

/** Share of picked colonies that turn out right: not the uncut vector, no changed base, grown, and read by the sequencer. */
const rightClone =
  (1 / (1 + assembly.uncutVector)) *
  (1 - transformation.pointMutation) *
  (1 - growth.deadCulture) *
  (1 - preparation.lostSample);

/**
 * Builds members of the library with the virtual lab's yields: of each reaction, some wells make nothing and some clones are
 * wrong; as many clones and attempts as the campaign plans. Members of one round that share a unit share its luck.
 *
 * @param lot seeds the luck, e.g. `3/loop/r2`
 * @returns the members that could not be built; the others are there to be measured
 */
export function failedBuilds(library: TrueLibrary, members: readonly number[], lot: string): FailedBuild[] {
  return members.flatMap((index): FailedBuild[] => {
    const outcomes = library.members[index]!.reactions.map((reaction) =>
      reactionOutcome(library.campaign, reaction, lot),
    );
    const kind = outcomes.find((outcome) => outcome !== 'built');
    return kind === undefined ? [] : [{ index, kind }];
  });
}

function reactionOutcome({ build }: Campaign, reaction: string, lot: string): 'built' | 'transformation' | 'sequence' {
  let outcome: 'transformation' | 'sequence' = 'transformation';
  for (let attempt = 1; attempt <= build.attempts; attempt++) {
    const chance = generatorFor('bench-build', lot, reaction, attempt);
    outcome = chance.uniform() < assembly.deadReaction ? 'transformation' : 'sequence';
    const clones = Array.from({ length: build.clonesPerDesign }, () => chance.uniform() < rightClone);
    if (outcome === 'sequence' && clones.includes(true)) return 'built';
  }
  return outcome;
}
