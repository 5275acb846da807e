import type { RoundFacts } from '../../../db/science/round-facts';
import type { Design } from '../../../db/science/constructs';
import { designSpace } from '../../../libs/design/space';
import { isDomainError } from '../../../libs/errors/domain-error';
import type { FailedBuild } from '../../../libs/learn/feasibility';
import type { BatchRequest, Recommendation } from '../../../libs/learn/recommendation';
import { generatorFor } from '../../../libs/random/generator';
import type { Measured } from './measured';
import type { Science } from './science';
import type { StoredPick, StoredRecommendation } from './stored-recommendation';

type Batch = Pick<
  StoredRecommendation,
  'picks' | 'hyperparameters' | 'warnings' | 'probabilityBestMeasured' | 'worthOfNextBatch'
>;

/** Designs of the next round: by the model, or at random where the campaign says so or too little is measured. */
export async function nextBatch(science: Science, facts: RoundFacts, measured: Measured): Promise<Batch> {
  const allowed = (await science.screen(facts.campaign)).feasible;
  if (facts.campaign.selection.later.strategy === 'random') {
    return randomBatch(facts, measured, allowed, 'drawn at random, as the campaign says');
  }
  try {
    return toBatch(await science.recommend(batchRequest(facts, measured), allowed));
  } catch (error) {
    if (!isDomainError(error) || error.code !== 'too-few-measurements') throw error;
    return randomBatch(facts, measured, allowed, 'drawn at random: too little is measured to learn from');
  }
}

/** The question to the learner, from the facts alone. */
export function batchRequest({ campaign, round }: RoundFacts, { designs, observations }: Measured): BatchRequest {
  const { radices } = designSpace(campaign.library);
  const known = new Set(observations.map(({ index }) => index));
  const failed = failedBuilds(designs).filter(({ index }) => !known.has(index));
  const settled = new Set([...known, ...failed.map(({ index }) => index)]);
  const exclude = [...new Set(designs.map(({ designIndex }) => designIndex))].filter((index) => !settled.has(index));
  return {
    space: { radices },
    objectives: campaign.objectives,
    observations: observations.map(({ index, readouts }) => ({ index, readouts })),
    failed,
    exclude,
    batch: campaign.budget.constructsPerRound,
    acquisition: campaign.selection.later.acquisition,
    seed: `${campaign.seed}/r${round + 1}`,
    roundsLeft: Math.max(1, campaign.budget.maxRounds - round),
  };
}

const failureKinds: Readonly<Partial<Record<Design['status'], FailedBuild['kind']>>> = {
  'failed-transformation': 'transformation',
  'failed-sequence': 'sequence',
  'failed-growth': 'no-growth',
};

function failedBuilds(designs: readonly Design[]): FailedBuild[] {
  const failed = new Map<number, FailedBuild>();
  for (const { designIndex, status } of designs) {
    const kind = failureKinds[status];
    if (kind) failed.set(designIndex, { index: designIndex, kind });
  }
  return [...failed.values()];
}

function toBatch(recommendation: Recommendation): Batch {
  const { picks, probabilityBestMeasured, worthOfNextBatch, hyperparameters, warnings } = recommendation;
  return {
    picks: picks.map(({ index, arm, reason, predicted }) => ({
      index,
      arm,
      reason,
      predicted: predicted.readouts,
      predictedScore: predicted.score,
      feasible: predicted.feasible,
    })),
    probabilityBestMeasured,
    worthOfNextBatch,
    hyperparameters,
    warnings,
  };
}

/** Seeded draws among what is allowed and not proposed yet. */
function randomBatch(
  { campaign, round }: RoundFacts,
  { designs }: Measured,
  allowed: Uint8Array,
  reason: string,
): Batch {
  const taken = new Set(designs.map(({ designIndex }) => designIndex));
  const open = [...allowed.keys()].filter((index) => allowed[index] === 1 && !taken.has(index));
  const drawn = generatorFor(campaign.seed, `r${round + 1}`, 'random').shuffle(open);
  const picks = drawn
    .slice(0, campaign.budget.constructsPerRound)
    .map((index): StoredPick => ({ index, arm: 'random', reason, predicted: null }));
  return { picks, hyperparameters: {}, warnings: picks.length > 0 ? [] : ['the library is used up'] };
}
