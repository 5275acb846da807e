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

/** Absorbance per well of one OD plate; null where the reader gave no number. */
export type OdReading = Readonly<Record<string, number | null>>;

/** What became of a culture. */
export interface MeasuredCulture extends CheckedCulture {
  /** Optical density of the undiluted culture in plate-reader units, blank subtracted; undefined when it was not read. */
  readonly od: number | undefined;
}

/** From this optical density (plate-reader units, undiluted) a culture counts as grown. */
export const grownOd = 0.5;

/** Optical densities of cultures: (read − mean of the blanks) × dilution, never below zero. */
export function culturesOd(
  checked: readonly CheckedCulture[],
  readings: ReadonlyMap<string, OdReading>,
): MeasuredCulture[] {
  return checked.map((entry) => {
    const reading = readings.get(entry.odLabwareId);
    const raw = reading?.[entry.odWell];
    if (!reading || raw === undefined || raw === null) return { ...entry, od: undefined };
    return { ...entry, od: Math.max(0, raw - blankOf(reading)) * odDilution };
  });
}

/** Mean of the blanks; where none was read, the lowest well, since nothing absorbs less than medium. */
function blankOf(reading: OdReading): number {
  const blanks = blankWells.flatMap((well) => reading[well] ?? []);
  if (blanks.length > 0) return blanks.reduce((sum, value) => sum + value, 0) / blanks.length;
  return Math.min(...Object.values(reading).filter((value) => value !== null));
}

/** Which cultures grew. `grownWells` maps the key of a culture plate to its grown wells. */
export function planGrowth(measured: readonly MeasuredCulture[]): PlanResult {
  const grown = measured.filter(({ od }) => od !== undefined && od >= grownOd);
  const grownWells: Record<string, string[]> = {};
  for (const { labwareKey, culture } of grown) (grownWells[labwareKey] ??= []).push(culture.well);
  return {
    labware: {},
    worklists: {},
    values: {
      grownWells,
      cultures: measured.map(({ culture, od }) => ({
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
