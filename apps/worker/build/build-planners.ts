import { plasmidFacts, storeVerdicts } from '../../../db/science/build-facts';
import { loadDesigns } from '../../../db/science/constructs';
import { latestFiles } from '../../../db/science/device-files';
import { acceptedStocks, nominalMiniprepNgPerUl, wellsOfClones } from '../../../db/science/material';
import type { Clone } from '../../../libs/build/clone-verdicts';
import { judgeClones, readConsensusFasta } from '../../../libs/build/clone-verdicts';
import { planGrowth } from '../../../libs/build/growth';
import { dnaVolumePl, planAssembly } from '../../../libs/build/plan-assembly';
import { planOdCheck } from '../../../libs/build/plan-od-check';
import { planPicking } from '../../../libs/build/plan-picking';
import { planPlating } from '../../../libs/build/plan-plating';
import { planStocks } from '../../../libs/build/plan-stocks';
import { planTransformation } from '../../../libs/build/plan-transformation';
import type { StockWell } from '../../../libs/build/source-well';
import { Shelf } from '../../../libs/build/source-well';
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
  const inReach = withinStock(open, unitStock);
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

/** Reactions for which the units in stock last, in order. */
function withinStock(plasmids: readonly Plasmid[], unitStock: readonly StockWell[]): Plasmid[] {
  const shelf = new Shelf(unitStock);
  return plasmids.filter(({ inputs, unitIds, reaction }) =>
    inputs
      .filter(({ code }) => unitIds.includes(code))
      .every(
        ({ code, lengthBp }) =>
        shelf.offers(code, ({ concentrationNgPerUl = 0 }) => dnaVolumePl(reaction.fmolPerPart, lengthBp, concentrationNgPerUl)), // prettier-ignore
      ),
  );
}

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
  const clones = await clonesToJudge(context);
  const wells = await wellsOfClones(pool, facts.tenantId, clones.map(({ cloneId }) => cloneId)); // prettier-ignore
  const labwareIds = [...new Set(wells.map(({ labwareId }) => labwareId))];
  const files = await latestFiles(pool, { labwareIds, capability: 'sequence-samples' });
  const level = numberInput(context, 'level');
  const needed = await neededPlasmids(context);
  const isFinal = ofLevel(needed, level).some(({ id }) => needed.constructs.has(id));
  const judged = judgeClones({
    clones,
    wells,
    consensus: files.flatMap(({ content }) => readConsensusFasta(content.toString('utf8'))),
    expected: await expectedAt(context, needed, level),
    clonesWanted: isFinal ? Math.max(1, facts.campaign.replication.clonesPerDesign) : 1,
  });
  const verdicts = judged.clones.flatMap(({ cloneId, verdict, accepted, reason, evidence }) => [
    { sampleId: cloneId, verdict, reason, evidence },
    ...(accepted ? [{ sampleId: cloneId, verdict: 'accepted' as const, reason: 'first perfect clone', evidence }] : []),
  ]);
  const by = { tenantId: facts.tenantId, actorId: facts.systemActorId };
  return { plan: judged.plan, write: (client) => storeVerdicts(client, by, verdicts) };
};

/** Clones of the step `from`, by its stocks or its grown cultures: one without a usable stock is not worth accepting. */
async function clonesToJudge(context: PlannerContext): Promise<Clone[]> {
  const from = await fromStep(context);
  const made = Object.keys(from.plan.labware).length > 0;
  const wells = made ? await madeBy(context, from) : await grownCultures(context, from);
  return wells.flatMap(({ cloneId, constructId }) => (cloneId && constructId ? [{ cloneId, constructId }] : []));
}

/** Plasmids of a level that this round can still make; a construct that lacks a unit waits for nothing. */
async function expectedAt(
  context: PlannerContext,
  needed: NeededPlasmids,
  level: number,
): Promise<Parameters<typeof judgeClones>[0]['expected']> {
  const { pool, facts } = context;
  const plasmids = ofLevel(needed, level);
  const known = await plasmidFacts(pool, { ...facts, constructIds: plasmids.map(({ id }) => id) });
  const open = new Set(await stillToBuild(context, needed, plasmids));
  const unitStock = await miniprepStock(context, needed);
  return plasmids
    .filter((plasmid) => !open.has(plasmid) || hasUnits(plasmid, unitStock))
    .map((plasmid) => ({
      constructId: plasmid.id,
      name: plasmid.assembled.name,
      sequenceSha256: plasmid.assembled.hash,
      lengthBp: plasmid.assembled.sequence.length,
      // A unit whose stock ran out is wanted again, accepted clone or not.
      accepted: open.has(plasmid) ? 0 : Math.max(1, known.get(plasmid.id)?.accepted ?? 0),
    }));
}

/** Whether every unit that goes in is in stock. */
const hasUnits = ({ unitIds }: Plasmid, stock: readonly StockWell[]): boolean =>
  unitIds.every((id) => stock.some(({ code }) => code === id));

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
