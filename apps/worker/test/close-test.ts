import type { Pool } from 'pg';
import { loadDesigns, settleDesigns } from '../../../db/science/constructs';
import { storeConstructValues, storeMeasurements } from '../../../db/science/measurements';
import type { RoundKey } from '../../../db/science/round-facts';
import { loadRound } from '../../../db/science/round-facts';
import { noteFact, resultsOfPlanner } from '../../../db/science/step-results';
import { inTransaction } from '../../../db/transaction';
import type { PlanResult } from '../../../libs/protocol/protocol';
import type { Tested } from '../../../workflows/test/test.activities';
import type { EvaluatedPlate } from './evaluation';
import { judgeDesigns } from './design-verdicts';
import { constructValues, measurementsOf } from './round-values';

/**
 * Stores what a round measured and settles its designs: measured, failed to grow, or held with the reason.
 * Of a plate that was evaluated more than once the last evaluation counts. The same round again changes nothing.
 */
export async function closeTest(pool: Pool, round: RoundKey): Promise<Tested> {
  const facts = await loadRound(pool, round);
  const { campaign } = facts;
  const plates = await evaluatedPlates(pool, round);
  const measurements = plates.flatMap((plate) => measurementsOf(campaign, plate));
  const { values, noGrowth } = constructValues(campaign, plates);
  const designs = await loadDesigns(pool, round);
  const settled = judgeDesigns({
    designs,
    objectives: campaign.objectives.map(({ readout }) => readout),
    values,
    noGrowth,
    notGrown: await constructsNotGrown(pool, round),
    plates,
  });
  const wells = new Set(measurements.map(({ labwareId, well }) => `${labwareId}/${well}`));
  const withStatus = (status: string): number => settled.filter((design) => design.status === status).length;
  const tested = { measured: withStatus('measured'), held: withStatus('held'), wells: wells.size };
  await inTransaction(pool, async (client) => {
    await storeMeasurements(client, round, measurements);
    await storeConstructValues(client, round, values);
    const changed = await settleDesigns(client, round, settled);
    if (changed > 0) await noteFact(client, facts, 'designsMeasured', { round: round.round, ...tested });
  });
  return tested;
}

async function evaluatedPlates(pool: Pool, round: RoundKey): Promise<EvaluatedPlate[]> {
  const prefix = `r${round.round}/test/`;
  const results = await resultsOfPlanner<PlanResult>(pool, { ...round, prefix, planner: 'evaluate' });
  const latest = new Map<string, EvaluatedPlate>();
  for (const { values } of results) {
    for (const plate of values['plates'] as EvaluatedPlate[]) latest.set(plate.labwareId, plate);
  }
  return [...latest.values()];
}

/** Constructs none of whose starter cultures grew, as the back-dilutions saw it. */
async function constructsNotGrown(pool: Pool, round: RoundKey): Promise<Set<string>> {
  const prefix = `r${round.round}/test/`;
  const results = await resultsOfPlanner<PlanResult>(pool, { ...round, prefix, planner: 'back-dilution' });
  const seen = (name: string): string[] =>
    results.flatMap(({ values }) => (values[name] as string[] | undefined) ?? []);
  const grown = new Set(seen('grownConstructs'));
  return new Set(seen('notGrownConstructs').filter((id) => !grown.has(id)));
}
