import type { Pool } from 'pg';
import type { Design } from '../../../db/science/constructs';
import { loadDesigns } from '../../../db/science/constructs';
import type { RoundValue } from '../../../db/science/measurements';
import { loadConstructValues, loadRoundKinds } from '../../../db/science/measurements';
import type { RoundFacts } from '../../../db/science/round-facts';
import type { Observation } from '../../../libs/learn/recommendation';
import { scoreOf } from '../../../libs/learn/score';

/** Everything a campaign has designed and measured up to a round. */
export interface Measured {
  readonly designs: readonly Design[];
  /** One per design and round with values. */
  readonly observations: readonly (Observation & { readonly round: number; readonly design: Design })[];
  readonly kinds: ReadonlyMap<number, 'explore' | 'confirm'>;
}

/** Loads designs with their values, round by round. */
export async function loadMeasured(pool: Pool, facts: RoundFacts): Promise<Measured> {
  const everyRound = { tenantId: facts.tenantId, campaignId: facts.campaignId };
  const [all, values, kinds] = await Promise.all([
    loadDesigns(pool, everyRound),
    loadConstructValues(pool, facts),
    loadRoundKinds(pool, facts),
  ]);
  const designs = all.filter(({ round }) => round <= facts.round);
  const observations = designs.flatMap((design) => {
    const own = values.filter(({ round, constructId }) => round === design.round && constructId === design.constructId);
    return own.length === 0
      ? []
      : [{ index: design.designIndex, round: design.round, design, readouts: toReadouts(own) }];
  });
  return { designs, observations, kinds };
}

const toReadouts = (values: readonly RoundValue[]): Observation['readouts'] =>
  Object.fromEntries(
    values.map(({ readout, mean, sd, cultures }) => [readout, { mean, n: cultures, ...(sd === null ? {} : { sd }) }]),
  );

/** A measured design with its score. */
export interface ScoredDesign {
  readonly designIndex: number;
  readonly name: string;
  readonly choice: Readonly<Record<string, string>>;
  readonly round: number;
  readonly score: number;
}

/** Scores of every observation that has all readouts of the objectives. */
export function scoredDesigns(facts: RoundFacts, { observations }: Measured): ScoredDesign[] {
  return observations.flatMap(({ design, round, readouts }) => {
    const means = Object.entries(readouts).map(([readout, { mean }]) => [readout, mean] as const);
    const score = scoreOf(facts.campaign.objectives, Object.fromEntries(means));
    if (score === undefined) return [];
    return [{ designIndex: design.designIndex, name: design.name, choice: design.choice, round, score }];
  });
}

/** Measured designs of the explore rounds, best first. */
export async function bestMeasured(pool: Pool, facts: RoundFacts): Promise<ScoredDesign[]> {
  const measured = await loadMeasured(pool, facts);
  const explored = scoredDesigns(facts, measured).filter(({ round }) => measured.kinds.get(round) === 'explore');
  return explored.sort((a, b) => b.score - a.score || a.designIndex - b.designIndex);
}
