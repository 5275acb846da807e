import type { Pool } from 'pg';
import type { NewConstruct, NewDesign } from '../../../db/science/constructs';
import { loadDesigns, storeConstructs, storeDesigns } from '../../../db/science/constructs';
import type { RoundFacts, RoundKey } from '../../../db/science/round-facts';
import { loadRound, noteProgress } from '../../../db/science/round-facts';
import { storedResult, storeResult } from '../../../db/science/step-results';
import { inTransaction } from '../../../db/transaction';
import { chooseFirstRound } from '../../../libs/design/first-round';
import { designSpace } from '../../../libs/design/space';
import { DomainError } from '../../../libs/errors/domain-error';
import { generatorFor } from '../../../libs/random/generator';
import type { Designed } from '../../../workflows/design/design.activities';
import { bestMeasured } from '../learn/measured';
import type { StoredPick, StoredRecommendation } from '../learn/stored-recommendation';
import { recommendationKey } from '../learn/stored-recommendation';
import type { Science } from '../learn/science';
import { constructRows, plasmidsOf } from './plasmids';

/** A choice before it is simulated. */
type Candidate = Omit<NewDesign, 'constructId' | 'choice'>;

/** Candidates of a round and what the screen refused. */
interface Candidates {
  readonly designs: readonly Candidate[];
  readonly refused: number;
  readonly note: string;
  readonly librarySize: number;
}

/**
 * Freezes the designs of a round: the first from the library, later ones from what Learn picked, a confirm round's from the best
 * measured. A round that was designed gives the same answer again.
 * @throws DomainError those of `chooseFirstRound` and `screenLibrary`; `design-impossible` when nothing is left to design.
 */
export async function chooseDesigns(pool: Pool, science: Science, key: RoundKey): Promise<Designed> {
  const step = { tenantId: key.tenantId, campaignId: key.campaignId, stepKey: `r${key.round}/design/designs` };
  const known = await storedResult<Designed>(pool, step);
  if (known) return known;
  const facts = await loadRound(pool, key);
  const candidates = await candidatesOf(pool, science, facts);
  const { designs, constructs } = await simulate(pool, facts, candidates.designs);
  if (designs.length === 0) {
    throw new DomainError('design-impossible', `Round ${key.round}: no design is left to build. ${candidates.note}`);
  }
  const result = {
    designs: designs.length,
    refused: candidates.refused,
    summary: `${designs.length} designs; ${candidates.note}`,
    librarySize: candidates.librarySize,
  };
  return inTransaction(pool, async (client) => {
    const { stepKey } = step;
    const first = await storeResult(client, facts, {
      stepKey,
      planner: 'choose-designs',
      result,
      summary: result.summary,
    });
    if (!first) return (await storedResult<Designed>(client, step)) as Designed;
    await storeConstructs(client, facts.tenantId, constructs);
    await storeDesigns(client, facts, designs);
    await noteProgress(client, facts, { librarySize: candidates.librarySize });
    return result;
  });
}

function candidatesOf(pool: Pool, science: Science, facts: RoundFacts): Promise<Candidates> {
  if (facts.kind === 'confirm') return confirmCandidates(pool, facts);
  return facts.round === 1 ? firstCandidates(science, facts) : pickedCandidates(pool, facts);
}

async function firstCandidates(science: Science, { campaign }: RoundFacts): Promise<Candidates> {
  const space = designSpace(campaign.library);
  const screened = await science.screen(campaign);
  const chosen = chooseFirstRound({
    space,
    count: campaign.budget.constructsPerRound,
    strategy: campaign.selection.first.strategy,
    mustInclude: campaign.library.mustInclude,
    feasible: (index) => screened.feasible[index] === 1,
    generator: generatorFor(campaign.seed, 'r1', 'design'),
  });
  const required = new Set(campaign.library.mustInclude.map((choice) => space.indexOf(choice)));
  const { strategy } = campaign.selection.first;
  const reason = strategy === 'maximin' ? 'far from the designs chosen before it' : 'drawn at random';
  return {
    designs: chosen.map((designIndex) => ({
      designIndex,
      arm: required.has(designIndex) ? 'required' : strategy,
      reason: required.has(designIndex) ? 'the campaign says it must be included' : reason,
      predicted: null,
    })),
    refused: screened.refused,
    note: `of ${screened.size} in the library ${screened.forbidden} are forbidden and ${screened.refused} do not assemble`,
    librarySize: screened.size,
  };
}

async function pickedCandidates(pool: Pool, facts: RoundFacts): Promise<Candidates> {
  const stepKey = recommendationKey(facts.round - 1);
  const learned = await storedResult<StoredRecommendation>(pool, { ...facts, stepKey });
  if (!learned) throw new DomainError('not-found', `Round ${facts.round - 1} has learned nothing yet (${stepKey}).`);
  return {
    designs: learned.picks.map(({ index, arm, reason, predicted }: StoredPick) => ({
      designIndex: index,
      arm,
      reason,
      predicted,
    })),
    refused: 0,
    note: `picked by what round ${facts.round - 1} taught`,
    librarySize: designSpace(facts.campaign.library).size,
  };
}

async function confirmCandidates(pool: Pool, facts: RoundFacts): Promise<Candidates> {
  const best = (await bestMeasured(pool, facts)).slice(0, facts.campaign.budget.confirmTop);
  return {
    designs: best.map(({ designIndex, score }, index) => ({
      designIndex,
      arm: 'confirm',
      reason: `number ${index + 1} of the measured, score ${Number(score.toPrecision(4))}`,
      predicted: null,
    })),
    refused: 0,
    note: 'the best measured, to be measured again',
    librarySize: designSpace(facts.campaign.library).size,
  };
}

/** Simulates the candidates; of several that are the same plasmid the first stays, and none that an earlier round had. */
async function simulate(
  pool: Pool,
  facts: RoundFacts,
  candidates: readonly Candidate[],
): Promise<{ designs: NewDesign[]; constructs: NewConstruct[] }> {
  const space = designSpace(facts.campaign.library);
  const earlier =
    facts.kind === 'confirm' ? [] : await loadDesigns(pool, { tenantId: facts.tenantId, campaignId: facts.campaignId });
  const seen = new Set(earlier.filter(({ round }) => round < facts.round).map(({ constructId }) => constructId));
  const designs: NewDesign[] = [];
  const constructs = new Map<string, NewConstruct>();
  for (const candidate of candidates) {
    const choice = space.designAt(candidate.designIndex);
    const plasmids = plasmidsOf(facts.tenantId, facts.campaign, choice);
    if (seen.has(plasmids.construct.id)) continue;
    seen.add(plasmids.construct.id);
    designs.push({ ...candidate, choice, constructId: plasmids.construct.id });
    for (const row of constructRows(plasmids)) constructs.set(row.id, row);
  }
  return { designs, constructs: [...constructs.values()] };
}
