import type { Pool } from 'pg';
import type { RoundFacts, RoundKey } from '../../../db/science/round-facts';
import { loadRound } from '../../../db/science/round-facts';
import { storedResult, storeResult } from '../../../db/science/step-results';
import { inTransaction } from '../../../db/transaction';
import type { StopDecision } from '../../../libs/learn/stop';
import { shouldStop } from '../../../libs/learn/stop';
import type { LearnResult } from '../../../workflows/learn/learn.activities';
import type { Measured, ScoredDesign } from './measured';
import { loadMeasured, scoredDesigns } from './measured';
import { nextBatch } from './next-batch';
import { partEffects } from './part-effects';
import type { Science } from './science';
import type { StoredRecommendation } from './stored-recommendation';
import { recommendationKey } from './stored-recommendation';

/**
 * What a round taught: stop with a reason, or the picks of the next one with their predictions, stored under
 * `r<n>/learn/recommendation`. A round that was learned from gives the same answer again.
 */
export async function learnRound(pool: Pool, science: Science, key: RoundKey): Promise<LearnResult> {
  const step = { tenantId: key.tenantId, campaignId: key.campaignId, stepKey: recommendationKey(key.round) };
  const known = await storedResult<StoredRecommendation>(pool, step);
  if (known) return toResult(known);
  const facts = await loadRound(pool, key);
  const learned = await learn(science, facts, await loadMeasured(pool, facts));
  return inTransaction(pool, async (client) => {
    const { stepKey } = step;
    const first = await storeResult(client, facts, {
      stepKey,
      planner: 'learn-round',
      result: learned,
      summary: learned.reason,
    });
    return toResult(
      first ? learned : ((await storedResult<StoredRecommendation>(client, step)) as StoredRecommendation),
    );
  });
}

const toResult = ({ stop, reason, best, worthOfNextBatch }: StoredRecommendation): LearnResult => ({
  stop,
  reason,
  ...(best ? { best } : {}),
  ...(worthOfNextBatch === undefined ? {} : { worth: worthOfNextBatch }),
  nextKind: stop ? 'confirm' : 'explore',
});

async function learn(science: Science, facts: RoundFacts, measured: Measured): Promise<StoredRecommendation> {
  const scored = scoredDesigns(facts, measured);
  const known = {
    ...bestOf(facts, measured, scored),
    effects: partEffects(scored),
    hyperparameters: {},
    warnings: [],
  };
  if (facts.kind === 'confirm') {
    return { ...known, stop: true, reason: 'the best constructs were measured again', picks: [] };
  }
  const decision = decide(facts, measured, scored);
  if (decision.stop) return { ...known, stop: true, reason: decision.reason, picks: [] };
  const batch = await nextBatch(science, facts, measured);
  if (batch.picks.length > 0) return { ...known, stop: false, reason: decision.reason, ...batch };
  return { ...known, stop: true, reason: 'every design that can be built has been proposed', ...batch };
}

/** Best of the newest values: a confirm round corrects what chance made look best. */
function bestOf(
  facts: RoundFacts,
  { kinds }: Measured,
  scored: readonly ScoredDesign[],
): Pick<StoredRecommendation, 'best'> {
  const relevant = scored.filter(({ round }) => kinds.get(round) === facts.kind);
  const [best] = [...relevant].sort((a, b) => b.score - a.score || a.designIndex - b.designIndex);
  return best ? { best: { name: best.name, score: best.score } } : {};
}

function decide(facts: RoundFacts, { designs, kinds }: Measured, scored: readonly ScoredDesign[]): StopDecision {
  const { campaign, labNow } = facts;
  const explored = [...kinds].flatMap(([round, kind]) => (kind === 'explore' ? round : []));
  const rounds = explored.map((round) => {
    const own = designs.filter((design) => design.round === round);
    const scores = scored.filter((design) => design.round === round).map(({ score }) => score);
    return {
      round,
      ...(scores.length > 0 ? { bestScore: Math.max(...scores) } : {}),
      constructsProposed: own.length,
      constructsBuilt: own.filter(({ status }) => ['built', 'measured', 'held'].includes(status)).length,
    };
  });
  const spentMinor = designs.filter(({ arm }) => arm !== 'confirm').length * (campaign.budget.perConstructMinor ?? 0);
  return shouldStop({
    stopRules: campaign.stop,
    budget: campaign.budget,
    history: { rounds, spentMinor, now: labNow.toISOString() },
  });
}
