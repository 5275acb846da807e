import type { ConstructValue, NewMeasurement } from '../../../db/science/measurements';
import type { WellUse } from '../../../libs/assay/layout';
import type { WellReadout } from '../../../libs/assay/readout-values';
import type { Measurement } from '../../../libs/assay/replicates';
import { aggregate } from '../../../libs/assay/replicates';
import type { Campaign } from '../../../libs/campaign/campaign';
import type { EvaluatedPlate } from './evaluation';

/** Rows of one plate: a held plate's values are kept, and kept out. */
export function measurementsOf(campaign: Campaign, plate: EvaluatedPlate): NewMeasurement[] {
  return plate.values.map(({ well, readout, value, flags }) => {
    const use = plate.wells[well] as WellUse;
    const held = plate.verdict === 'held';
    return {
      labwareId: plate.labwareId,
      well,
      sampleId: use.sampleId ?? null,
      role: use.role,
      constructId: use.constructId ?? null,
      cloneId: use.cloneId ?? null,
      cultureId: use.cultureId ?? null,
      controlId: use.controlId ?? null,
      readout,
      unit: unitOf(campaign, readout),
      value,
      state: held ? 'held' : flags.length > 0 ? 'flagged' : 'ok',
      flags: [...flags],
      reason: held ? plate.causes.join('; ') : null,
      dispatchId: plate.dispatchId,
      fileSha256: plate.fileSha256,
    };
  });
}

const unitOf = ({ assay }: Campaign, readout: string): string =>
  assay.readouts.find(({ id }) => id === readout)?.unit ?? '';

/** Values of constructs over all plates that are not held, and the constructs of which every well stayed empty of cells. */
export function constructValues(
  campaign: Campaign,
  plates: readonly EvaluatedPlate[],
): { values: ConstructValue[]; noGrowth: Set<string> } {
  const good = plates.filter(({ verdict }) => verdict === 'ok');
  const measured = aggregate(good.flatMap(readoutsAcross), { wells: Object.assign({}, ...good.map(wellsAcross)) });
  const constructs = measured.filter(({ kind }) => kind === 'construct');
  return {
    values: constructs.flatMap((measurement) => toValue(campaign, measurement)),
    noGrowth: new Set(constructs.filter(({ noGrowth }) => noGrowth).map(({ id }) => id)),
  };
}

/** Wells of several plates side by side: `ASY1/A1`. */
const across = (plate: EvaluatedPlate, well: string): string => `${plate.labwareId}/${well}`;

const readoutsAcross = (plate: EvaluatedPlate): WellReadout[] =>
  plate.values.map((value) => ({ ...value, well: across(plate, value.well) }));

const wellsAcross = (plate: EvaluatedPlate): Record<string, WellUse> =>
  Object.fromEntries(Object.entries(plate.wells).map(([well, use]) => [across(plate, well), use]));

function toValue(campaign: Campaign, measurement: Measurement): ConstructValue[] {
  const { id, readout, mean, sd, se, ci95, clones } = measurement;
  if (mean === null) return [];
  const cultures = clones.flatMap((clone) => clone.cultures);
  const wells = cultures.flatMap((culture) => culture.wells);
  return [
    {
      constructId: id,
      readout,
      unit: unitOf(campaign, readout),
      mean,
      sd,
      standardError: se,
      low: ci95?.[0] ?? null,
      high: ci95?.[1] ?? null,
      clones: clones.length,
      cultures: cultures.length,
      wells: wells.length,
      plates: new Set(wells.map((well) => well.split('/')[0])).size,
    },
  ];
}
