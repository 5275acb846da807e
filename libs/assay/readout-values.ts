import type { AssayPlan, Read, Readout } from '../campaign/campaign';
import { DomainError } from '../errors/domain-error';
import { blankSubtract } from './blank';
import type { Layout } from './layout';
import type { Reading, ReadingTable } from './readings';
import { readingsOf } from './readings';
import { meanOf, slopeOf } from './statistics';

/** Why a well has no value of a readout; `partial-read`: that its course broke off, whether it has a value or not. */
export type WellFlag =
  'overflow' | 'saturated' | 'missing' | 'low-od' | 'outside-od-window' | 'too-few-points' | 'partial-read';

/** One readout of one well. */
export interface WellReadout {
  readonly well: string;
  readonly readout: string;
  /** In the readout's unit (`growth-rate`: per hour); null when a flag says why there is none. */
  readonly value: number | null;
  readonly flags: readonly WellFlag[];
}

/** Limits of the detectors and of what counts as a culture. */
export interface ReadoutLimits {
  /** Raw absorbance from which the reader is not linear at all. */
  readonly saturatedAu: number;
  /** Raw fluorescence at which the detector stops. */
  readonly saturatedRfu: number;
  /** Blank-subtracted OD below which a ratio would divide by noise. */
  readonly minimumOd: number;
  /** The same for growth rates, where only the slope of the logarithm counts. */
  readonly minimumGrowthOd: number;
  /** Consecutive points a slope is taken over, at least 3. */
  readonly slopePoints: number;
}

/** Absorbance to 3.9 AU and fluorescence to 260,000 RFU (range of BMG's readers), OD from 0.05 (ratio) and 0.02 (growth). */
export const defaultLimits: ReadoutLimits = {
  saturatedAu: 3.9,
  saturatedRfu: 260_000,
  minimumOd: 0.05,
  minimumGrowthOd: 0.02,
  slopePoints: 5,
};

/** Blank-subtracted course of one read in one well, with flags from the raw values. */
interface Point {
  readonly timeS: number;
  readonly value: number | null;
  readonly flag?: WellFlag;
}

type Course = readonly Point[];

/**
 * Computes every readout of every sample and control well (blanks excepted) from the raw readings.
 *
 * `ratio`: blank-subtracted signal over blank-subtracted OD; at an endpoint, or averaged over the times with the OD inside the
 * window, or at the last time when a kinetic assay names no window. `growth-rate`: steepest least-squares slope of ln OD over
 * `slopePoints` consecutive points, per hour.
 *
 * @throws DomainError `reader-file-refused` when the file lacks a read of the assay or holds it more often than planned,
 *   `control-missing` without blanks, `too-few-measurements` for a growth rate from an endpoint.
 */
export function readoutValues(
  assay: AssayPlan,
  table: ReadingTable,
  layout: Layout,
  limits: ReadoutLimits = defaultLimits,
): WellReadout[] {
  const courses = new Map(assay.reads.map((read) => [read.id, coursesOf(assay.reads, read, table, layout, limits)]));
  const wells = Object.keys(layout.wells).filter((well) => layout.wells[well]!.role !== 'blank');
  return assay.readouts.flatMap((readout) => {
    const od = courses.get(readout.od);
    const signal = readout.signal === undefined ? undefined : courses.get(readout.signal);
    if (!od || (readout.method === 'ratio' && !signal)) throw unknownRead(readout);
    return wells.map((well) => {
      const ods = od.get(well) ?? [];
      const found =
        readout.method === 'ratio'
          ? ratio(ods, signal!.get(well) ?? [], readout.odWindow, limits)
          : growthRate(ods, readout, limits);
      return { well, readout: readout.id, ...found };
    });
  });
}

function unknownRead(readout: Readout): DomainError {
  const reads = [readout.od, readout.signal].filter((id) => id !== undefined).join('", "');
  return new DomainError('unknown-reference', `Readout "${readout.id}" needs reads "${reads}" of the assay plan.`);
}

function coursesOf(
  reads: readonly Read[],
  read: Read,
  table: ReadingTable,
  layout: Layout,
  limits: ReadoutLimits,
): Map<string, Course> {
  const raw = oneRead(reads, read, table);
  const subtracted = blankSubtract({ ...table, readings: raw }, layout).readings;
  const courses = new Map<string, Point[]>();
  raw.forEach((reading, i) => {
    const flag = flagOf(reading, limits);
    const point = { timeS: reading.timeS ?? 0, value: subtracted[i]!.value, ...(flag ? { flag } : {}) };
    courses.set(reading.well, [...(courses.get(reading.well) ?? []), point]);
  });
  for (const course of courses.values()) course.sort((a, b) => a.timeS - b.timeS);
  return courses;
}

/** Readings of one planned read; reads that differ by gain only are told apart by their order in plan and file. */
function oneRead(reads: readonly Read[], read: Read, table: ReadingTable): Reading[] {
  const alike = reads.filter(
    ({ mode, wavelengthNm, emissionNm }) =>
      mode === read.mode && wavelengthNm === read.wavelengthNm && emissionNm === read.emissionNm,
  );
  const readings = readingsOf(table, read);
  const labels = [...new Set(readings.map(({ label }) => label))];
  if (labels.length !== alike.length) {
    const name = `${read.mode} ${read.wavelengthNm}${read.emissionNm === undefined ? '' : `/${read.emissionNm}`}`;
    throw new DomainError(
      'reader-file-refused',
      `Expected ${alike.length} read(s) of ${name} nm for "${read.id}", found ${labels.length}: check the reader's protocol.`,
      { read: read.id, expected: alike.length, found: labels.length },
    );
  }
  const label = labels[alike.indexOf(read)];
  return readings.filter((reading) => reading.label === label);
}

function flagOf({ flag, value, mode }: Reading, limits: ReadoutLimits): WellFlag | undefined {
  if (flag === 'overflow') return 'overflow';
  if (flag || value === null) return 'missing';
  return value >= (mode === 'absorbance' ? limits.saturatedAu : limits.saturatedRfu) ? 'saturated' : undefined;
}

type Found = Pick<WellReadout, 'value' | 'flags'>;

const nothing = (...flags: WellFlag[]): Found => ({ value: null, flags: [...new Set(flags)] });

function ratio(
  od: Course,
  signal: Course,
  window: readonly [number, number] | undefined,
  limits: ReadoutLimits,
): Found {
  const pairs = od.flatMap((point) => {
    const partner = signal.find(({ timeS }) => timeS === point.timeS);
    return partner ? [{ od: point, signal: partner }] : [];
  });
  if (pairs.length === 0) return nothing('missing');
  const chosen = window && pairs.length > 1 ? pairs.filter((pair) => inside(pair.od, window)) : pairs.slice(-1);
  if (chosen.length === 0) return nothing(windowFlag(od, limits));
  const flags = chosen.flatMap((pair) => [pair.od.flag, pair.signal.flag].filter((flag) => flag !== undefined));
  if (flags.length > 0) return nothing(...flags);
  if (chosen.some((pair) => pair.od.value! < limits.minimumOd)) return nothing('low-od');
  return { value: meanOf(chosen.map((pair) => pair.signal.value! / pair.od.value!)), flags: [] };
}

function inside({ value }: Point, [low, high]: readonly [number, number]): boolean {
  return value !== null && value >= low && value <= high;
}

/** A culture that never left the ground is not the same as one read too seldom. */
function windowFlag(od: Course, limits: ReadoutLimits): WellFlag {
  const grew = od.some(({ value }) => value !== null && value >= limits.minimumOd);
  return grew ? 'outside-od-window' : 'low-od';
}

function growthRate(od: Course, readout: Readout, limits: ReadoutLimits): Found {
  if (od.length === 1) {
    throw new DomainError(
      'too-few-measurements',
      `Expected a kinetic measurement for "${readout.id}", found an endpoint: a growth rate needs several times.`,
    );
  }
  if (od.length === 0) return nothing('missing');
  const usable = od.filter(
    (point) =>
      point.flag === undefined &&
      point.value! >= limits.minimumGrowthOd &&
      (!readout.odWindow || inside(point, readout.odWindow)),
  );
  const points = Math.max(3, limits.slopePoints);
  if (usable.length < points) {
    const grew = od.some(({ value }) => value !== null && value >= limits.minimumGrowthOd);
    return nothing(grew ? 'too-few-points' : 'low-od');
  }
  let best = -Infinity;
  for (let from = 0; from + points <= usable.length; from++) {
    const part = usable.slice(from, from + points);
    const hours = part.map(({ timeS }) => timeS / 3600);
    best = Math.max(
      best,
      slopeOf(
        hours,
        part.map(({ value }) => Math.log(value!)),
      ),
    );
  }
  return { value: best, flags: [] };
}
