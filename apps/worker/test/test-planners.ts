import { loadDesigns } from '../../../db/science/constructs';
import { latestFiles } from '../../../db/science/device-files';
import { acceptedStocks, samplesIn } from '../../../db/science/material';
import type { AssayLayouts } from '../../../libs/build/plan-back-dilution';
import { planBackDilution } from '../../../libs/build/plan-back-dilution';
import { planStarterCultures } from '../../../libs/build/plan-starter-cultures';
import type { SampleWell } from '../../../libs/build/source-well';
import { measuredCultures } from '../build/cultures';
import type { PlannerAdapter, PlannerContext } from '../build/planner-context';
import { fromStep, shelfStock } from '../build/planner-context';
import type { ReadPlate } from './evaluation';
import { evaluatePlates } from './evaluation';

const starterCultures: PlannerAdapter = async (context) => {
  const { facts, scope } = context;
  const { controls, replication } = facts.campaign;
  const clones = await stocksOfRound(context);
  return { plan: planStarterCultures({ scope, clones, controls, replication, stock: await shelfStock(context) }) };
};

/** Glycerol stocks of accepted clones of the round's constructs, one per clone, in the order of the designs. */
async function stocksOfRound({ pool, facts }: PlannerContext): Promise<SampleWell[]> {
  const designs = await loadDesigns(pool, facts);
  const constructIds = [...new Set(designs.map(({ constructId }) => constructId))];
  const held = await acceptedStocks(pool, { ...facts, kind: 'glycerol-stock', constructIds });
  const seen = new Set<string>();
  const onePerClone = held.filter(({ cloneId = '', availablePl }) => {
    const fresh = availablePl > 0 && !seen.has(cloneId);
    if (fresh) seen.add(cloneId);
    return fresh;
  });
  return constructIds.flatMap((id) => onePerClone.filter(({ constructId }) => constructId === id));
}

const backDilution: PlannerAdapter = async (context) => {
  const { facts, scope } = context;
  const { controls, replication, assay } = facts.campaign;
  const cultures = await measuredCultures(context, await fromStep(context));
  return {
    plan: planBackDilution({
      scope,
      cultures,
      controls,
      wellsPerCulture: replication.wellsPerCulture,
      startOd: assay.startOd,
      stock: await shelfStock(context),
    }),
  };
};

const evaluate: PlannerAdapter = async (context) => {
  const { pool, facts } = context;
  const { plan } = await fromStep(context);
  const plates = plan.labware['assayPlate'] ?? [];
  const labwareIds = plates.map(({ labwareId }) => labwareId);
  const files = await latestFiles(pool, { labwareIds, capability: 'read-plate' });
  const usable = new Set((await samplesIn(pool, labwareIds)).map(({ sampleId }) => sampleId));
  const layouts = plan.values['layout'] as AssayLayouts;
  const read = plates.flatMap((plate): ReadPlate[] => {
    const file = files.find(({ labwareId }) => labwareId === plate.labwareId);
    return file ? [{ plate, file, wells: layouts[plate.key]?.wells ?? {} }] : [];
  });
  return { plan: evaluatePlates(facts.campaign, read, usable, plates.length) };
};

/** Adapters of the Test stage's planners. */
export const testPlanners: Readonly<Record<string, PlannerAdapter>> = {
  'starter-cultures': starterCultures,
  'back-dilution': backDilution,
  evaluate,
};
