import type { DeviceFile } from '../../../db/science/device-files';
import { judgePlate } from '../../../libs/assay/control-quality';
import type { WellUse } from '../../../libs/assay/layout';
import { readMarsCsv } from '../../../libs/assay/mars-reader';
import { judgePartial } from '../../../libs/assay/partial-read';
import type { WellReadout } from '../../../libs/assay/readout-values';
import { readoutValues } from '../../../libs/assay/readout-values';
import type { Campaign } from '../../../libs/campaign/campaign';
import { isDomainError } from '../../../libs/errors/domain-error';
import type { PlannedLabware, PlanResult } from '../../../libs/protocol/protocol';
import { parseDuration } from '../../../libs/units/lab-time';

/** An assay plate with its layout and the file of its read. */
export interface ReadPlate {
  readonly plate: PlannedLabware;
  readonly wells: Readonly<Record<string, WellUse>>;
  readonly file: Pick<DeviceFile, 'dispatchId' | 'sha256' | 'content' | 'partial'>;
}

/** What an evaluation says of one plate; the value `plates` of the planner's result. */
export interface EvaluatedPlate {
  readonly key: string;
  readonly labwareId: string;
  readonly barcode: string;
  readonly dispatchId: string;
  readonly fileSha256: string;
  readonly verdict: 'ok' | 'held';
  readonly causes: readonly string[];
  /** Wells that counted; void ones are left out. */
  readonly wells: Readonly<Record<string, WellUse>>;
  /** Wells whose sample is void or never came to be. */
  readonly voidWells: readonly string[];
  readonly values: readonly WellReadout[];
  /** Per readout: separation of reference and negative control. */
  readonly separation: readonly unknown[];
  readonly controls: readonly unknown[];
}

/**
 * Reads to readouts, plate by plate; a plate is held when its controls leave their band or its blanks fail.
 * A file that cannot be read holds its plate, with what is wrong with it as the cause.
 * @param usable ids of samples that are neither void nor held
 */
export function evaluatePlates(
  campaign: Campaign,
  plates: readonly ReadPlate[],
  usable: ReadonlySet<string>,
  expected: number,
): PlanResult {
  const evaluated = plates.map((plate) => evaluatePlate(campaign, plate, usable));
  const held = evaluated.filter(({ verdict }) => verdict === 'held');
  const inBand = held.length === 0 && evaluated.length === expected;
  const causes = held.flatMap((plate) => plate.causes.map((cause) => `${plate.barcode}: ${cause}`));
  return {
    labware: {},
    worklists: {},
    values: { platesHeld: held.map(({ key }) => key), plates: evaluated },
    verdicts: { controlsInBand: inBand ? 'yes' : 'no' },
    summary: `${evaluated.length} of ${expected} plates read, ${held.length} held${causes.length ? `: ${causes.join('; ')}` : ''}`,
  };
}

/** Refusals that hold one plate instead of ending the stage: it is read or made again. */
const holding = new Set(['control-missing', 'reader-file-refused', 'too-few-measurements']);

function evaluatePlate(
  campaign: Campaign,
  { plate, wells, file }: ReadPlate,
  usable: ReadonlySet<string>,
): EvaluatedPlate {
  const isUsable = ({ sampleId }: WellUse): boolean => sampleId !== undefined && usable.has(sampleId);
  const entries = Object.entries(wells);
  const layout = { wells: Object.fromEntries(entries.filter(([, use]) => isUsable(use))) };
  const head = {
    key: plate.key,
    labwareId: plate.labwareId,
    barcode: plate.barcode,
    dispatchId: file.dispatchId,
    fileSha256: file.sha256,
    wells: layout.wells,
    voidWells: entries.flatMap(([well, use]) => (isUsable(use) ? [] : well)),
  };
  try {
    const table = readMarsCsv(file.content);
    const whole = readoutValues(campaign.assay, table, layout);
    if (!file.partial) return { ...head, ...judgePlate({ campaign, table, layout, values: whole }), values: whole };
    const { values, causes } = judgePartial(campaign.assay, table, whole, expectedOf(file.partial));
    const plateVerdict = judgePlate({ campaign, table, layout, values });
    const all = [...causes, ...plateVerdict.causes];
    return { ...head, ...plateVerdict, verdict: all.length === 0 ? 'ok' : 'held', causes: all, values };
  } catch (error) {
    if (!isDomainError(error) || !holding.has(error.code)) throw error;
    return { ...head, verdict: 'held', causes: [error.message], values: [], separation: [], controls: [] };
  }
}

/** Measurements of a course, the one at its start included. */
function expectedOf({ every, for: total }: NonNullable<DeviceFile['partial']>): { expected?: number } {
  const [stepMs, wholeMs] = [parseDuration(every ?? ''), parseDuration(total ?? '')];
  return stepMs && wholeMs ? { expected: Math.floor(wholeMs / stepMs) + 1 } : {};
}
