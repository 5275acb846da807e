import type { Pool, PoolClient } from 'pg';
import { labwareId, sampleId } from '../../../db/ids';
import type { HeldSample } from '../../../db/science/material';
import { samplesIn, stockOnShelf } from '../../../db/science/material';
import type { RoundFacts } from '../../../db/science/round-facts';
import { storedResult } from '../../../db/science/step-results';
import type { PlanScope } from '../../../libs/build/plan-scope';
import { groupByLabware } from '../../../libs/build/plate-groups';
import type { SampleWell, StockWell } from '../../../libs/build/source-well';
import { DomainError } from '../../../libs/errors/domain-error';
import type { ParameterValue, PlanResult } from '../../../libs/protocol/protocol';
import type { PlannerRun } from '../../../workflows/build/build.activities';

/** Everything a planner's adapter may ask for. */
export interface PlannerContext {
  readonly pool: Pool;
  readonly facts: RoundFacts;
  readonly run: PlannerRun;
  readonly scope: PlanScope;
}

/** A plan, and the facts to be written with it in one transaction. */
export interface PlannerOutput {
  readonly plan: PlanResult;
  readonly write?: (client: PoolClient) => Promise<void>;
}

/** Loads what one planner needs, calls its pure function, and says what to store. */
export type PlannerAdapter = (context: PlannerContext) => Promise<PlannerOutput>;

/** The scope of a plan: ids by the rules of `db/ids`. */
export function planScope(facts: RoundFacts, run: PlannerRun): PlanScope {
  return {
    campaign: facts.slug,
    round: facts.round,
    stepKey: run.stepKey,
    pass: run.pass,
    seed: facts.campaign.seed,
    ids: {
      labwareId: (barcode) => labwareId(facts.tenantId, barcode),
      sampleId: (labware, well) => sampleId(facts.tenantId, labware, well, 1),
    },
  };
}

/** A literal parameter, unwrapped. */
export function literalOf(value: ParameterValue | undefined): unknown {
  if (Array.isArray(value)) return value.map((item: ParameterValue) => literalOf(item));
  if (typeof value === 'object' && value !== null && 'value' in value) return value.value;
  return value;
}

/**
 * A number among the inputs.
 * @throws DomainError `protocol-invalid`
 */
export function numberInput({ run }: PlannerContext, name: string): number {
  const value = literalOf(run.inputs[name]);
  if (typeof value === 'number') return value;
  throw new DomainError('protocol-invalid', `${run.stepKey}: expected a number "${name}", found ${String(value)}.`);
}

/**
 * A text among the inputs.
 * @throws DomainError `protocol-invalid`
 */
export function textInput({ run }: PlannerContext, name: string): string {
  const value = literalOf(run.inputs[name]);
  if (typeof value === 'string') return value;
  throw new DomainError('protocol-invalid', `${run.stepKey}: expected a text "${name}", found ${String(value)}.`);
}

/** Result of an earlier plan step, with its step key. */
export interface EarlierPlan {
  readonly stepKey: string;
  readonly plan: PlanResult;
}

/**
 * The result of the step the input `from` names.
 * @throws DomainError `protocol-invalid` when there is none.
 */
export function fromStep(context: PlannerContext): Promise<EarlierPlan> {
  const stepId = textInput(context, 'from');
  const stepKey = context.run.priorStepKeys[stepId];
  if (stepKey === undefined) {
    throw new DomainError('protocol-invalid', `${context.run.stepKey}: there is no earlier step "${stepId}".`);
  }
  return planAt(context, stepKey);
}

/**
 * The stored result of a plan step.
 * @throws DomainError `protocol-invalid` when there is none.
 */
export async function planAt({ pool, facts, run }: PlannerContext, stepKey: string): Promise<EarlierPlan> {
  const step = { tenantId: facts.tenantId, campaignId: facts.campaignId, stepKey };
  const plan = await storedResult<PlanResult>(pool, step);
  if (!plan) throw new DomainError('protocol-invalid', `${run.stepKey}: step ${stepKey} has no result.`);
  return { stepKey, plan };
}

/** Samples that an earlier plan meant to make and that are usable, in plate and column order. */
export async function madeBy({ pool }: PlannerContext, { plan }: EarlierPlan): Promise<SampleWell[]> {
  const labware = Object.values(plan.labware).flat();
  const planned = new Set(
    Object.values(plan.worklists).flatMap((byKey) =>
      Object.values(byKey).flatMap(({ products }) => products.map((product) => product.sampleId)),
    ),
  );
  const held = await samplesIn(
    pool,
    labware.map((item) => item.labwareId),
  );
  const own = held.filter((sample) => planned.has(sample.sampleId));
  return labware.flatMap((item) => groupByLabware(own.filter((sample) => sample.labwareId === item.labwareId)).flat());
}

/** Everything received as stock, by its code. */
export async function shelfStock({ pool, facts }: PlannerContext): Promise<StockWell[]> {
  return (await stockOnShelf(pool, facts)).flatMap((sample) =>
    sample.code === undefined ? [] : toStock(sample, sample.code),
  );
}

/** A sample as stock under a code. */
export function toStock(sample: HeldSample, code: string, nominalNgPerUl?: number): StockWell {
  const { labwareId: id, barcode, kind, well, availablePl } = sample;
  const concentrationNgPerUl = sample.concentrationNgPerUl ?? nominalNgPerUl;
  return {
    labwareId: id,
    barcode,
    kind,
    well,
    availablePl,
    code,
    ...(concentrationNgPerUl === undefined ? {} : { concentrationNgPerUl }),
  };
}
