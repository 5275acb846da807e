import { keepWarm } from '../../../apps/virtual-lab/physics/growth';
import type { ReadSpec } from '../../../apps/virtual-lab/physics/reading';
import { readWell } from '../../../apps/virtual-lab/physics/reading';
import type { Well } from '../../../apps/virtual-lab/physics/well';
import { draw, emptyWell, pour } from '../../../apps/virtual-lab/physics/well';
import type { WellUse } from '../../../libs/assay/layout';
import type { Reading } from '../../../libs/assay/readings';
import { readoutValues } from '../../../libs/assay/readout-values';
import type { Measurement } from '../../../libs/assay/replicates';
import { aggregate } from '../../../libs/assay/replicates';
import { meanOf } from '../../../libs/assay/statistics';
import { grownOd } from '../../../libs/build/growth';
import { dilutionUl } from '../../../libs/build/plan-back-dilution';
import { odDilution } from '../../../libs/build/plan-od-check';
import { ulToPl } from '../../../libs/units/volume';
import type { TrueLibrary } from './true-library';

const hourMs = 3_600_000;
const overnightMs = 16 * hourMs;
const starterUl = 500;
const starterCells = 1e6;
const assayUl = 200;
const blankWells = ['blank1', 'blank2', 'blank3', 'blank4'];
const odRead = { id: 'od600', mode: 'absorbance', wavelengthNm: 600 } as const;

/** How long assay plates of the shipped Test protocols grow before they are read, and the times of the reads. */
const courses: Readonly<Record<string, { readonly growMs: number; readonly timesMs: readonly number[] }>> = {
  'plate-endpoint': { growMs: 5 * hourMs, timesMs: [0] },
  'plate-kinetic': { growMs: 0, timesMs: Array.from({ length: 37 }, (_, i) => (i * hourMs) / 6) },
};

/** What is measured in one round, and under which name its chance is drawn. */
export interface AssayRun {
  readonly library: TrueLibrary;
  readonly seed: number;
  /** Names plates and steps, e.g. `loop-r2`. */
  readonly lot: string;
  /** Design indices. */
  readonly members: readonly number[];
  readonly culturesPerMember: number;
}

/** A well of the run; named after what it holds, e.g. `1287.2` for the second culture of design 1287. */
interface NamedWell {
  readonly name: string;
  readonly member?: number;
  readonly well: Well;
}

/**
 * Measures members as the Test stage does, with the virtual lab's physics: overnight starters, their OD read, back-dilution to
 * the campaign's start OD, growth, reads beside blanks, then the assay library's readouts and means over cultures.
 *
 * @returns measurements whose id is the design index in decimal; a member none of whose cultures grew has none
 */
export function measure(run: AssayRun): Measurement[] {
  const { assay } = run.library.campaign;
  const course = courses[assay.protocol.id];
  if (!course) throw new Error(`the bench does not know the course of protocol ${assay.protocol.id}`);
  const wells = [...assayWells(run), ...blankWells.map((name) => ({ name, well: medium(assayUl) }))];
  for (const well of wells) warm(run, 'assay', 'read-96', well, course.growMs);
  const readings = assay.reads.flatMap((read) => wells.flatMap((well) => readCourse(run, read, well, course.timesMs)));
  const layout = { wells: Object.fromEntries(wells.map((well) => [well.name, useOf(well)])) };
  const table = { testName: 'bench', testRun: '1', user: 'bench', ids: [], pathLengthCorrected: false, readings };
  return aggregate(readoutValues(assay, table, layout), layout);
}

/** Every culture that grew overnight, brought to the start OD as far as the volumes of the planner allow. */
function assayWells(run: AssayRun): NamedWell[] {
  const blank = meanOf(blankWells.map((name) => readOd(run, { name, well: medium(assayUl) })));
  return starters(run).flatMap((starter): NamedWell[] => {
    const cultureUl = assayUl / odDilution;
    const diluted = dilute(run, 'od', starter, cultureUl);
    const od = Math.max(0, readOd(run, diluted) - blank) * odDilution;
    return od < grownOd
      ? []
      : [dilute(run, 'assay', starter, dilutionUl(run.library.campaign.assay.startOd, od).volumeUl)];
  });
}

function starters(run: AssayRun): NamedWell[] {
  return run.members.flatMap((member) =>
    Array.from({ length: run.culturesPerMember }, (_, replicate) => {
      const well = medium(starterUl);
      well.cells[run.library.members[member]!.plasmid] = starterCells;
      const starter = { name: `${member}.${replicate + 1}`, member, well };
      well.origin = { stepKey: `${run.lot}/starter`, count: 1 };
      warm(run, 'starter', 'deepwell-96', starter, overnightMs);
      return starter;
    }),
  );
}

/** 200 µL of medium with so much of the culture. */
function dilute(run: AssayRun, step: string, { name, member, well }: NamedWell, cultureUl: number): NamedWell {
  const diluted = medium(assayUl - cultureUl);
  pour(diluted, draw(well, ulToPl(cultureUl)));
  diluted.origin = { stepKey: `${run.lot}/${step}`, count: 1 };
  return { name, ...(member === undefined ? {} : { member }), well: diluted };
}

function medium(ul: number): Well {
  return { ...emptyWell(), volumePl: ulToPl(ul), liquids: { 'assay-medium': ulToPl(ul) } };
}

function warm(run: AssayRun, plate: string, kind: string, { name, well }: NamedWell, elapsedMs: number): void {
  const { seed, lot, library } = run;
  keepWarm({ barcode: `${lot}-${plate}`, wellName: name, kind, well }, elapsedMs, library.phenotypes, seed);
}

function readOd(run: AssayRun, well: NamedWell): number {
  return readCourse(run, odRead, well, [0], 'od')[0]!.value ?? NaN;
}

function readCourse(
  run: AssayRun,
  read: ReadSpec,
  { name, well }: NamedWell,
  timesMs: readonly number[],
  plate = 'assay',
): Reading[] {
  const barcode = `${run.lot}-${plate}`;
  const culture = { barcode, wellName: name, kind: 'read-96', well };
  const key = { barcode, well: name, stepKey: `${run.lot}/read-${plate}`, count: 1 };
  return readWell(culture, read, timesMs, run.library.phenotypes, run.seed, key).map((value, at) => ({
    label: read.id,
    mode: read.mode,
    wavelengthNm: read.wavelengthNm,
    ...(read.emissionNm === undefined ? {} : { emissionNm: read.emissionNm }),
    well: name,
    timeS: timesMs.length === 1 ? null : timesMs[at]! / 1000,
    value: value === 'overflow' ? null : value,
    ...(value === 'overflow' ? { flag: value } : {}),
    derived: false,
    line: 1,
  }));
}

function useOf({ name, member }: NamedWell): WellUse {
  return member === undefined ? { role: 'blank' } : { role: 'sample', constructId: `${member}`, cultureId: name };
}
