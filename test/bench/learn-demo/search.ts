import { chooseFirstRound } from '../../../libs/design/first-round';
import type { FailedBuild } from '../../../libs/learn/feasibility';
import type { BatchRequest, Observation, ReplicatedValue } from '../../../libs/learn/recommendation';
import { recommendBatch } from '../../../libs/learn/recommend';
import { scoreOf } from '../../../libs/learn/score';
import { generatorFor } from '../../../libs/random/generator';
import { measure } from './bench-assay';
import { failedBuilds } from './bench-build';
import type { TrueLibrary } from './true-library';

/** `loop`: the campaign's own first round and learner. `random`: every round drawn at random from what was not tried. */
export type Arm = 'loop' | 'random';

/** One search: an arm on one seed, which changes the lab's luck, the first round and the learner's draws. */
export interface Search {
  readonly library: TrueLibrary;
  readonly arm: Arm;
  readonly seed: number;
}

/** What a search ended with. */
export interface SearchResult {
  /** Design index. */
  readonly recommended: number;
  /** Best true score of the library − true score of the recommended member, ≥ 0. */
  readonly regret: number;
  /** The recommended member is the library's best one, not merely close to it. */
  readonly isBest: boolean;
  /** Best true score among the members measured up to each explore round. */
  readonly course: readonly number[];
  /** Members that could not be built or did not grow. */
  readonly failed: number;
}

/** Fresh cultures per member of the confirm round. */
const confirmCultures = 6;

/** What a search knows of the library. */
interface Knowledge {
  readonly observations: Observation[];
  readonly failed: FailedBuild[];
}

/**
 * Runs the explore rounds of the campaign and its confirm round, and recommends the member with the best measured score over
 * all its cultures. Both arms build, measure, confirm and recommend alike; they differ in what they choose to build.
 */
export function runSearch(search: Search): SearchResult {
  const { campaign, members, best } = search.library;
  const { maxRounds, confirmTop } = campaign.budget;
  const known: Knowledge = { observations: [], failed: [] };
  const course: number[] = [];
  for (let round = 1; round <= maxRounds; round++) {
    const built = build(search, round, choose(search, round, known), known);
    test(search, round, built, campaign.replication.culturesPerClone, known);
    course.push(Math.max(...known.observations.map(({ index }) => members[index]!.score)));
  }
  test(search, maxRounds + 1, ranked(search, known).slice(0, confirmTop), confirmCultures, known);
  const recommended = ranked(search, known)[0]!;
  const regret = best.score - members[recommended]!.score;
  return { recommended, regret, isBest: recommended === best.index, course, failed: known.failed.length };
}

function choose(search: Search, round: number, known: Knowledge): readonly number[] {
  if (search.arm === 'random') return firstRound(search, round, 'random', known);
  const { first } = search.library.campaign.selection;
  return round === 1 ? firstRound(search, round, first.strategy, known) : learned(search, round, known);
}

function firstRound(search: Search, round: number, strategy: 'maximin' | 'random', known: Knowledge): number[] {
  const { campaign, space } = search.library;
  const tried = new Set([...known.observations, ...known.failed].map(({ index }) => index));
  return chooseFirstRound({
    space,
    count: campaign.budget.constructsPerRound,
    strategy,
    mustInclude: search.arm === 'loop' ? campaign.library.mustInclude : [],
    feasible: (index) => !tried.has(index),
    generator: generatorFor(search.seed, `r${round}`, 'design'),
  });
}

function learned({ library, seed }: Search, round: number, known: Knowledge): number[] {
  const { campaign, space } = library;
  const request: BatchRequest = {
    space: { radices: space.radices },
    objectives: campaign.objectives,
    observations: known.observations,
    failed: known.failed,
    exclude: [],
    batch: campaign.budget.constructsPerRound,
    acquisition: campaign.selection.later.acquisition,
    seed: `${seed}/r${round}`,
    roundsLeft: campaign.budget.maxRounds - round + 1,
  };
  return recommendBatch(request, space.allowed).picks.map(({ index }) => index);
}

function build({ library, arm, seed }: Search, round: number, chosen: readonly number[], known: Knowledge): number[] {
  const failed = failedBuilds(library, chosen, `${seed}/${arm}/r${round}`);
  known.failed.push(...failed);
  return chosen.filter((index) => !failed.some((each) => each.index === index));
}

function test(search: Search, round: number, members: readonly number[], cultures: number, known: Knowledge): void {
  const { library, arm, seed } = search;
  const run = { library, seed, lot: `${arm}-r${round}`, members, culturesPerMember: cultures };
  const readouts = new Map<string, Record<string, ReplicatedValue>>();
  for (const { id, readout, mean, sd, n } of measure(run)) {
    if (mean === null) continue;
    readouts.set(id, { ...readouts.get(id), [readout]: { mean, n, ...(sd === null ? {} : { sd }) } });
  }
  for (const index of members) {
    const own = readouts.get(`${index}`);
    if (own) known.observations.push({ index, readouts: own });
    else if (!known.observations.some((each) => each.index === index)) known.failed.push({ index, kind: 'no-growth' });
  }
}

/** Measured members by the score of their readouts pooled over all cultures, the best first. */
function ranked({ library: { campaign } }: Search, { observations }: Knowledge): number[] {
  const scores = [...new Set(observations.map(({ index }) => index))].flatMap((index) => {
    const own = observations.filter((each) => each.index === index);
    const pooled = campaign.objectives.map(({ readout }) => [readout, pooledMean(own, readout)] as const);
    const score = scoreOf(campaign.objectives, Object.fromEntries(pooled));
    return score === undefined ? [] : [{ index, score }];
  });
  return scores.sort((a, b) => b.score - a.score || a.index - b.index).map(({ index }) => index);
}

function pooledMean(observations: readonly Observation[], readout: string): number {
  const values = observations.flatMap(({ readouts }) => readouts[readout] ?? []);
  return values.reduce((sum, { mean, n }) => sum + mean * n, 0) / values.reduce((sum, { n }) => sum + n, 0);
}
