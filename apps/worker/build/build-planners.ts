import { plasmidFacts, storeVerdicts } from '../../../db/science/build-facts';
import { loadDesigns } from '../../../db/science/constructs';
import { latestFiles } from '../../../db/science/device-files';
import { acceptedStocks, nominalMiniprepNgPerUl } from '../../../db/science/material';
import { readConsensusFasta, judgeClones } from '../../../libs/build/clone-verdicts';
import { planGrowth } from '../../../libs/build/growth';
import { dnaVolumePl, planAssembly } from '../../../libs/build/plan-assembly';
import { planOdCheck } from '../../../libs/build/plan-od-check';
import { planPicking } from '../../../libs/build/plan-picking';
import { planPlating } from '../../../libs/build/plan-plating';
import { planStocks } from '../../../libs/build/plan-stocks';
import { planTransformation } from '../../../libs/build/plan-transformation';
import type { SampleWell, StockWell } from '../../../libs/build/source-well';
import type { Plasmid } from '../design/plasmids';
import { plasmidsOf } from '../design/plasmids';
import { grownCultures, grownIn, measuredCultures } from './cultures';
import type { PlannerAdapter, PlannerContext } from './planner-context';
import { fromStep, madeBy, numberInput, shelfStock, textInput, toStock } from './planner-context';

/** Every plasmid the round's designs need, each once, with the number of designs that need it. */
interface NeededPlasmids {
  readonly units: ReadonlyMap<string, Plasmid>;
  readonly constructs: ReadonlyMap<string, Plasmid>;
}

async function neededPlasmids({ pool, facts }: PlannerContext): Promise<NeededPlasmids> {
  const designs = await loadDesigns(pool, facts);
  const units = new Map<string, Plasmid>();
  const constructs = new Map<string, Plasmid>();
  for (const { choice } of designs) {
    const plasmids = plasmidsOf(facts.tenantId, facts.campaign, choice);
    for (const unit of plasmids.units) units.set(unit.id, unit);
    constructs.set(plasmids.construct.id, plasmids.construct);
  }
  return { units, constructs };
}

const ofLevel = ({ units, constructs }: NeededPlasmids, level: number): Plasmid[] =>
  [...units.values(), ...constructs.values()].filter(({ reaction }) => reaction.level === level);

const assembly: PlannerAdapter = async (context) => {
  const { scope } = context;
  const needed = await neededPlasmids(context);
  const level = numberInput(context, 'level');
  const open = await stillToBuild(context, needed, ofLevel(needed, level));
  const unitStock = await miniprepStock(context, needed);
  const inReach = open.filter((plasmid) => plasmid.unitIds.every((id) => unitStock.some(({ code }) => code === id)));
  const plan = planAssembly({
    scope,
    wanted: inReach.map(({ id, reaction, assembled, inputs }) => ({
      constructId: id,
      name: assembled.name,
      enzyme: reaction.enzyme,
      volumeUl: reaction.volumeUl,
      fmolPerPart: reaction.fmolPerPart,
      inputs,
    })),
    stock: [...(await shelfStock(context)), ...unitStock],
    inStock: ofLevel(needed, level).length - open.length,
  });
  const lacking = open.length - inReach.length;
  return { plan: lacking === 0 ? plan : { ...plan, summary: `${plan.summary}; ${lacking} lack a unit` } };
};

/** Constructs without an accepted clone; units whose purified stock does not last for the designs that need them. */
async function stillToBuild(
  context: PlannerContext,
  needed: NeededPlasmids,
  plasmids: readonly Plasmid[],
): Promise<Plasmid[]> {
  const { pool, facts } = context;
  const constructIds = plasmids.map(({ id }) => id);
  const known = await plasmidFacts(pool, { ...facts, constructIds });
  const constructs = [...needed.constructs.keys()];
  const builtFacts = await plasmidFacts(pool, { ...facts, constructIds: constructs });
  const stock = await miniprepStock(context, needed);
  return plasmids.filter((plasmid) => {
    const accepted = (known.get(plasmid.id)?.accepted ?? 0) > 0;
    if (!accepted || needed.constructs.has(plasmid.id)) return !accepted;
    const users = [...needed.constructs.values()].filter(
      ({ id, unitIds }) => unitIds.includes(plasmid.id) && (builtFacts.get(id)?.accepted ?? 0) === 0,
    );
    return !lasts(plasmid, users, stock);
  });
}

/** Whether one well of a unit's stock has enough for every construct that still needs it. */
function lasts(unit: Plasmid, users: readonly Plasmid[], stock: readonly StockWell[]): boolean {
  if (users.length === 0) return true;
  const wells = stock.filter(({ code, concentrationNgPerUl }) => code === unit.id && concentrationNgPerUl);
  const doses = wells.map(({ availablePl, concentrationNgPerUl }) => {
    const fmol = Math.max(...users.map(({ reaction }) => reaction.fmolPerPart));
    return Math.floor(availablePl / dnaVolumePl(fmol, unit.assembled.sequence.length, concentrationNgPerUl as number));
  });
  return doses.reduce((sum, count) => sum + count, 0) >= users.length;
}

/** Purified plasmid of accepted clones of the units, built in this round or before. */
async function miniprepStock({ pool, facts }: PlannerContext, { units }: NeededPlasmids): Promise<StockWell[]> {
  const held = await acceptedStocks(pool, { ...facts, kind: 'miniprep', constructIds: [...units.keys()] });
  return held
    .map((sample) => toStock(sample, sample.constructId as string, nominalMiniprepNgPerUl))
    .filter(({ concentrationNgPerUl }) => (concentrationNgPerUl ?? 0) > 0);
}

const transformation: PlannerAdapter = async (context) => {
  const reactions = await madeBy(context, await fromStep(context));
  return { plan: planTransformation({ scope: context.scope, reactions, stock: await shelfStock(context) }) };
};

const plating: PlannerAdapter = async (context) => {
  const transformations = await madeBy(context, await fromStep(context));
  return { plan: planPlating({ scope: context.scope, transformations }) };
};

const picking: PlannerAdapter = async (context) => {
  const { facts, scope, pool } = context;
  const regions = await madeBy(context, await fromStep(context));
  const labels = constructLabels(await neededPlasmids(context), (await loadDesigns(pool, facts)).map(({ constructId }) => constructId)); // prettier-ignore
  return {
    plan: planPicking({
      scope,
      regions,
      stock: await shelfStock(context),
      coloniesPerRegion: facts.campaign.build.clonesPerDesign,
      labelOf: (constructId) => labels.get(constructId) ?? constructId.slice(0, 8),
    }),
  };
};

/** `c01`, `c02`, … for constructs in the order they were proposed; `u01`, … for units in the order designs first need them. */
function constructLabels({ units }: NeededPlasmids, constructIds: readonly string[]): Map<string, string> {
  const name = (letter: string, index: number): string => `${letter}${String(index + 1).padStart(2, '0')}`;
  const distinct = [...new Set(constructIds)];
  return new Map([
    ...[...units.keys()].map((id, index) => [id, name('u', index)] as const),
    ...distinct.map((id, index) => [id, name('c', index)] as const),
  ]);
}

const odCheck: PlannerAdapter = async (context) => {
  const cultures = await madeBy(context, await fromStep(context));
  return { plan: planOdCheck({ scope: context.scope, cultures, stock: await shelfStock(context) }) };
};

const growth: PlannerAdapter = async (context) => {
  const { facts } = context;
  const measured = await measuredCultures(context, await fromStep(context));
  const plan = planGrowth(measured);
  const grown = new Set(grownIn(plan).map(({ sampleId }) => sampleId));
  const verdicts = measured.flatMap(({ culture, od }) =>
    od === undefined
      ? []
      : {
          sampleId: culture.sampleId,
          verdict: grown.has(culture.sampleId) ? ('grew' as const) : ('no-growth' as const),
          reason: `OD ${od.toFixed(2)}`,
          evidence: { od },
        },
  );
  const by = { tenantId: facts.tenantId, actorId: facts.systemActorId };
  return { plan, write: (client) => storeVerdicts(client, by, verdicts) };
};

const stocks: PlannerAdapter = async (context) => {
  const cultures = await grownCultures(context, await fromStep(context));
  const kind = textInput(context, 'kind') as 'glycerol' | 'miniprep';
  return { plan: planStocks({ scope: context.scope, kind, cultures, stock: await shelfStock(context) }) };
};

const cloneVerdicts: PlannerAdapter = async (context) => {
  const { pool, facts } = context;
  const wells = await sequencedWells(context);
  const files = await latestFiles(pool, {
    labwareIds: [...new Set(wells.map(({ labwareId }) => labwareId))],
    capability: 'sequence-samples',
  });
  const level = numberInput(context, 'level');
  const needed = await neededPlasmids(context);
  const expected = await expectedAt(context, needed, level);
  const { clones, plan } = judgeClones({
    wells,
    consensus: files.flatMap(({ content }) => readConsensusFasta(content.toString('utf8'))),
    expected,
    clonesWanted: needed.constructs.has(expected[0]?.constructId ?? '')
      ? Math.max(1, facts.campaign.replication.clonesPerDesign)
      : 1,
  });
  const verdicts = clones.flatMap(({ cloneId, verdict, accepted, reason, evidence }) => [
    { sampleId: cloneId, verdict, reason, evidence },
    ...(accepted ? [{ sampleId: cloneId, verdict: 'accepted' as const, reason: 'first perfect clone', evidence }] : []),
  ]);
  const by = { tenantId: facts.tenantId, actorId: facts.systemActorId };
  return { plan, write: (client) => storeVerdicts(client, by, verdicts) };
};

/** What the sequenced plates hold: stocks or cultures of the step `from`. */
async function sequencedWells(context: PlannerContext): Promise<SampleWell[]> {
  const from = await fromStep(context);
  return Object.keys(from.plan.labware).length > 0 ? madeBy(context, from) : grownCultures(context, from);
}

/** Plasmids of a level that this round can still make; a construct that lacks a unit waits for nothing. */
async function expectedAt(
  { pool, facts }: PlannerContext,
  needed: NeededPlasmids,
  level: number,
): Promise<Parameters<typeof judgeClones>[0]['expected']> {
  const plasmids = ofLevel(needed, level);
  const ids = [...needed.units.keys(), ...needed.constructs.keys()];
  const known = await plasmidFacts(pool, { ...facts, constructIds: ids });
  const accepted = (id: string): number => known.get(id)?.accepted ?? 0;
  return plasmids
    .filter(({ unitIds }) => unitIds.every((id) => accepted(id) > 0))
    .map(({ id, assembled }) => ({
      constructId: id,
      name: assembled.name,
      sequenceSha256: assembled.hash,
      lengthBp: assembled.sequence.length,
      accepted: accepted(id),
    }));
}

/** Adapters of the Build stage's planners, and of those Build and Test share. */
export const buildPlanners: Readonly<Record<string, PlannerAdapter>> = {
  assembly,
  transformation,
  plating,
  picking,
  'od-check': odCheck,
  growth,
  stocks,
  'clone-verdicts': cloneVerdicts,
};
