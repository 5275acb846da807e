import type { Pool, PoolClient } from 'pg';
import { appendEvent } from '../device-work/events';

/** A step of a campaign, by its natural key. */
export interface StepRef {
  readonly tenantId: string;
  readonly campaignId: string;
  /** `r2/build/level1.1/assembly` */
  readonly stepKey: string;
}

/** The stored result of a step; undefined before it was run. */
export async function storedResult<T>(pool: Pool | PoolClient, step: StepRef): Promise<T | undefined> {
  const { rows } = await pool.query<{ result: T }>(
    'select result from step_result where tenant_id = $1 and campaign_id = $2 and step_key = $3',
    [step.tenantId, step.campaignId, step.stepKey],
  );
  return rows[0]?.result;
}

/** Stored results of several steps, by step key. */
export async function storedResults<T>(
  pool: Pool | PoolClient,
  steps: Omit<StepRef, 'stepKey'> & { readonly stepKeys: readonly string[] },
): Promise<Map<string, T>> {
  const { rows } = await pool.query<{ step_key: string; result: T }>(
    'select step_key, result from step_result where tenant_id = $1 and campaign_id = $2 and step_key = any($3)',
    [steps.tenantId, steps.campaignId, steps.stepKeys],
  );
  return new Map(rows.map((row) => [row.step_key, row.result]));
}

/** Results of one planner in one stage of a round, oldest first. */
export async function resultsOfPlanner<T>(
  pool: Pool | PoolClient,
  wanted: Omit<StepRef, 'stepKey'> & { readonly prefix: string; readonly planner: string },
): Promise<T[]> {
  const { rows } = await pool.query<{ result: T }>(
    `select result from step_result
     where tenant_id = $1 and campaign_id = $2 and starts_with(step_key, $3) and planner = $4 order by created_at, step_key`,
    [wanted.tenantId, wanted.campaignId, wanted.prefix, wanted.planner],
  );
  return rows.map(({ result }) => result);
}

/** Who stores a result: a round of a campaign, in the name of Anneal itself. */
export interface StoringRound {
  readonly tenantId: string;
  readonly siteId: string;
  readonly campaignId: string;
  readonly systemActorId: string;
}

/** A result on its way into the facts. */
export interface NewResult {
  readonly stepKey: string;
  readonly planner: string;
  readonly result: unknown;
  /** One line for people, kept as the event `stepPlanned`. */
  readonly summary: string;
}

/**
 * Stores the result of a step once. A step that was stored meanwhile keeps its result.
 * @returns whether this call stored it: what belongs to the result is written only then, in the same transaction.
 */
export async function storeResult(client: PoolClient, round: StoringRound, step: NewResult): Promise<boolean> {
  const { rowCount } = await client.query(
    `insert into step_result (campaign_id, step_key, tenant_id, planner, result) values ($1, $2, $3, $4, $5)
     on conflict (campaign_id, step_key) do nothing`,
    [round.campaignId, step.stepKey, round.tenantId, step.planner, JSON.stringify(step.result)],
  );
  if (rowCount !== 1) return false;
  const { stepKey, planner, summary } = step;
  await noteFact(client, round, 'stepPlanned', { stepKey, planner, summary });
  return true;
}

/** Appends an event to the campaign's history. */
export async function noteFact(
  client: PoolClient,
  round: StoringRound,
  kind: string,
  payload: Readonly<Record<string, unknown>>,
): Promise<void> {
  const { tenantId, siteId, campaignId, systemActorId: actorId } = round;
  await appendEvent(client, { tenantId, siteId, campaignId, actorId, stream: `campaign/${campaignId}`, kind, payload });
}
