import type { Layout, WellUse } from '../assay/layout';
import type { WellOd } from '../assay/optical-density';
import { odByWell } from '../assay/optical-density';
import type { ReadingTable } from '../assay/readings';
import type { PlanResult } from '../protocol/protocol';
import { blankWells } from './culture-wells';
import { odDilution } from './plan-od-check';
import type { SampleWell } from './source-well';

/** A culture and the well of the OD plate it was read in. */
export interface CheckedCulture {
  readonly culture: SampleWell;
  /** Key of the labware the culture is in. */
  readonly labwareKey: string;
  /** Id of the OD plate and the well of it. */
  readonly odLabwareId: string;
  readonly odWell: string;
}

/** What became of a culture. */
export interface MeasuredCulture extends CheckedCulture {
  /** Optical density of the undiluted culture in plate-reader units, blank subtracted; undefined when it was not read. */
  readonly od: number | undefined;
}

/** From this optical density (plate-reader units, undiluted) a culture counts as grown. */
export const grownOd = 0.5;

/** What a culture above the reader's range counts as: the reader stops at 4 AU. */
const highestOd = 4 * odDilution;

/**
 * Optical densities of cultures from the reads of their OD plates, by id of the OD plate; never below zero.
 * @param wavelengthNm the read that counts when a file holds several
 */
export function culturesOd(
  checked: readonly CheckedCulture[],
  reads: ReadonlyMap<string, ReadingTable>,
  wavelengthNm: number,
): MeasuredCulture[] {
  const byPlate = new Map<string, ReadonlyMap<string, WellOd>>();
  for (const [odLabwareId, table] of reads) {
    const wells = checked.filter((entry) => entry.odLabwareId === odLabwareId).map(({ odWell }) => odWell);
    byPlate.set(odLabwareId, odOf(wells, table, wavelengthNm));
  }
  return checked.map((entry) => {
    const found = byPlate.get(entry.odLabwareId)?.get(entry.odWell);
    if (!found || found.flag === 'missing') return { ...entry, od: undefined };
    return { ...entry, od: found.od === null ? highestOd : Math.max(0, found.od) };
  });
}

function odOf(wells: readonly string[], table: ReadingTable, wavelengthNm: number): Map<string, WellOd> {
  const samples = wells.map((well) => [well, { role: 'sample' }] as const);
  const blanks = blankWells.map((well) => [well, { role: 'blank' }] as const);
  const layout: Layout = { wells: Object.fromEntries<WellUse>([...samples, ...blanks]) };
  const seen = new Set(table.readings.flatMap((read) => (read.mode === 'absorbance' ? read.wavelengthNm : [])));
  const [only] = seen;
  const options = {
    wavelengthNm: seen.size === 1 && only !== undefined ? only : wavelengthNm,
    dilutionFactor: odDilution,
    growthThresholdOd: grownOd,
  };
  return new Map(odByWell(table, layout, options).wells.map((entry) => [entry.well, entry]));
}

/** A culture in the value `cultures` of a growth plan. */
export interface GrowthEntry {
  readonly sampleId: string;
  readonly labwareId: string;
  readonly well: string;
  /** null when it was not read. */
  readonly od: number | null;
  readonly grown: boolean;
}

/** Which cultures grew. `grownWells` maps the key of a culture plate to its grown wells. */
export function planGrowth(measured: readonly MeasuredCulture[]): PlanResult {
  const grown = measured.filter(({ od }) => od !== undefined && od >= grownOd);
  const grownWells: Record<string, string[]> = {};
  for (const { labwareKey } of measured) grownWells[labwareKey] = [];
  for (const { labwareKey, culture } of grown) grownWells[labwareKey]?.push(culture.well);
  return {
    labware: {},
    worklists: {},
    values: {
      grownWells,
      cultures: measured.map(({ culture, od }): GrowthEntry => ({
        sampleId: culture.sampleId,
        labwareId: culture.labwareId,
        well: culture.well,
        od: od ?? null,
        grown: od !== undefined && od >= grownOd,
      })),
    },
    verdicts: { anythingGrew: grown.length > 0 ? 'yes' : 'no' },
    summary: `${grown.length} of ${measured.length} cultures grew to OD ${grownOd} or more`,
  };
}
