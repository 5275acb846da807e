import { latestFiles } from '../../../db/science/device-files';
import { samplesIn } from '../../../db/science/material';
import { storedResults } from '../../../db/science/step-results';
import { readMarsCsv } from '../../../libs/assay/mars-reader';
import type { ReadingTable } from '../../../libs/assay/readings';
import type { Campaign } from '../../../libs/campaign/campaign';
import type { CheckedCulture, GrowthEntry, MeasuredCulture } from '../../../libs/build/growth';
import { culturesOd } from '../../../libs/build/growth';
import type { SampleWell } from '../../../libs/build/source-well';
import type { PlanResult } from '../../../libs/protocol/protocol';
import type { EarlierPlan, PlannerContext } from './planner-context';

/** Cultures of an OD check that are usable at present, with the optical density their plate was read at. */
export async function measuredCultures(context: PlannerContext, odCheck: EarlierPlan): Promise<MeasuredCulture[]> {
  const checked = await checkedCultures(context, odCheck);
  const tables = await readTables(context, [...new Set(checked.map(({ odLabwareId }) => odLabwareId))]);
  return culturesOd(checked, tables, odWavelength(context.facts.campaign));
}

/** Wells of the OD plates, each with the culture it was diluted from. */
async function checkedCultures(context: PlannerContext, { plan }: EarlierPlan): Promise<CheckedCulture[]> {
  const transfers = Object.values(plan.worklists).flatMap((byKey) =>
    Object.values(byKey).flatMap((worklist) => worklist.transfers),
  );
  const places = new Map(transfers.map((transfer) => [`${transfer.fromLabwareId}/${transfer.fromWell}`, transfer]));
  const usable = await samplesIn(context.pool, [...new Set(transfers.map(({ fromLabwareId }) => fromLabwareId))]);
  const odSamples = await samplesIn(context.pool, Object.values(plan.labware).flatMap((items) => items.map(({ labwareId }) => labwareId))); // prettier-ignore
  const read = new Set(odSamples.map(({ labwareId, well }) => `${labwareId}/${well}`));
  const keys = await labwareKeys(context);
  return usable.flatMap((culture): CheckedCulture[] => {
    const transfer = places.get(`${culture.labwareId}/${culture.well}`);
    const isCulture = culture.sampleKind === 'culture' || culture.sampleKind === 'starter-culture';
    if (!transfer || !isCulture || !read.has(`${transfer.toLabwareId}/${transfer.toWell}`)) return [];
    const labwareKey = keys.get(culture.labwareId) ?? culture.barcode;
    return [{ culture, labwareKey, odLabwareId: transfer.toLabwareId, odWell: transfer.toWell }];
  });
}

/** Keys of the labware that earlier plans made, by labware id. */
async function labwareKeys({ pool, facts, run }: PlannerContext): Promise<Map<string, string>> {
  const plans = await storedResults<PlanResult>(pool, { ...facts, stepKeys: Object.values(run.priorStepKeys) });
  const labware = [...plans.values()].flatMap((plan) => Object.values(plan.labware ?? {}).flat());
  return new Map(labware.map(({ labwareId, key }) => [labwareId, key]));
}

/** The latest read of each plate that was read. */
async function readTables({ pool }: PlannerContext, labwareIds: readonly string[]): Promise<Map<string, ReadingTable>> {
  const files = await latestFiles(pool, { labwareIds, capability: 'read-plate' });
  return new Map(files.map(({ labwareId, content }) => [labwareId, readMarsCsv(content)]));
}

/** Wavelength of the campaign's OD read; 600 nm when it has none. */
export function odWavelength({ assay }: Campaign): number {
  const od = assay.reads.find(({ id }) => id === assay.readouts[0]?.od);
  return od?.wavelengthNm ?? 600;
}

/** Cultures a growth step found grown. */
export function grownIn(plan: PlanResult): GrowthEntry[] {
  return (plan.values['cultures'] as GrowthEntry[]).filter(({ grown }) => grown);
}

/** The same cultures as they stand at present. */
export async function grownCultures({ pool }: PlannerContext, growth: EarlierPlan): Promise<SampleWell[]> {
  const entries = grownIn(growth.plan);
  const held = await samplesIn(pool, [...new Set(entries.map(({ labwareId }) => labwareId))]);
  const bySample = new Map(held.map((sample) => [sample.sampleId, sample]));
  return entries.flatMap(({ sampleId }) => bySample.get(sampleId) ?? []);
}
