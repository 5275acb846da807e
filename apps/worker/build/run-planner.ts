import type { Pool } from 'pg';
import { loadRound } from '../../../db/science/round-facts';
import { storedResult, storeResult } from '../../../db/science/step-results';
import { inTransaction } from '../../../db/transaction';
import { DomainError } from '../../../libs/errors/domain-error';
import type { PlanResult } from '../../../libs/protocol/protocol';
import type { Planned, PlannerRun } from '../../../workflows/build/build.activities';
import type { PlannerAdapter } from './planner-context';
import { planScope } from './planner-context';

/**
 * Runs a planner once for its step key: a second run reads the stored result, whatever has changed meanwhile.
 * @throws DomainError `planner-unknown`, and those of the planner.
 */
export async function runPlannerOnce(
  pool: Pool,
  planners: Readonly<Record<string, PlannerAdapter>>,
  run: PlannerRun,
): Promise<Planned> {
  const step = { tenantId: run.tenantId, campaignId: run.campaignId, stepKey: run.stepKey };
  const known = await storedResult<PlanResult>(pool, step);
  if (known) return toPlanned(known);
  const adapter = planners[run.planner];
  if (!adapter) throw new DomainError('planner-unknown', `There is no planner "${run.planner}".`);
  const facts = await loadRound(pool, run);
  const { plan, write } = await adapter({ pool, facts, run, scope: planScope(facts, run) });
  return inTransaction(pool, async (client) => {
    const { stepKey, planner } = run;
    const first = await storeResult(client, facts, { stepKey, planner, result: plan, summary: plan.summary });
    if (first) await write?.(client);
    return toPlanned(first ? plan : ((await storedResult<PlanResult>(client, step)) as PlanResult));
  });
}

function toPlanned({ labware, verdicts, summary }: PlanResult): Planned {
  const named = Object.entries(labware).map(
    ([variable, items]) => [variable, items.map(({ key, barcode }) => ({ key, barcode }))] as const,
  );
  return { labware: Object.fromEntries(named), verdicts, summary };
}
