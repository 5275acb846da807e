import { writeMarsCsv } from '../../../libs/assay/mars-writer';
import { findLabwareKind } from '../../../libs/labware/kinds';
import { wellCount } from '../../../libs/labware/wells';
import { parseDuration } from '../../../libs/units/lab-time';
import type { StagedJob } from '../motions';
import { sequenceWell } from '../physics/preparation';
import type { ReadSpec } from '../physics/reading';
import { readWell } from '../physics/reading';
import type { LabLabware } from '../world';
import type { Course, Performance, Report } from './performance';
import { missingLabware, platesOf, runOf } from './performance';

/** Reads a plate into a reader's export; a kinetic run keeps it warm meanwhile. */
export function* readPlate(run: Performance): Course {
  const { job, world } = run;
  const barred = missingLabware(run) ?? covered(run);
  if (barred) return { problem: barred };
  const [labware] = platesOf(run);
  if (!labware) return { problem: { code: 'labware-missing', message: 'the job names no plate' } };
  const reads = job.spec.parameters.reads as readonly ReadSpec[];
  const timesMs = readTimes(job.spec.parameters);
  const count = world.timesDone('read', job.stepKey, labware.barcode) + 1;
  const content = marsFile(run, labware, reads, timesMs, count);
  const { barcode } = labware;
  yield { t: 'read', ...runOf(job), barcode, reads, timesMs, count, labTime: run.endsAt };
  const name = `${barcode}_${job.stepKey.replace(/[^A-Za-z0-9.-]+/g, '_')}_${count}.csv`;
  return { facts: { scanned: [barcode] }, file: { name, mediaType: 'text/csv', content } };
}

/** Times of the cycles in ms: `[0]` for an endpoint. */
export function readTimes(parameters: StagedJob['spec']['parameters']): number[] {
  const [every, total] = [msOf(parameters.every), msOf(parameters.for)];
  if (every === undefined || total === undefined || every <= 0) return [0];
  return Array.from({ length: Math.floor(total / every) + 1 }, (_, cycle) => cycle * every);
}

function marsFile(
  { job, world, startedAt }: Performance,
  labware: LabLabware,
  reads: readonly ReadSpec[],
  timesMs: readonly number[],
  count: number,
): Uint8Array {
  const wells = [...labware.wells].filter(([, { volumePl }]) => volumePl > 0).map(([name]) => name);
  const { barcode } = labware;
  const courseOf = (read: ReadSpec): Record<string, ReturnType<typeof readWell>> =>
    Object.fromEntries(
      wells.map((well) => {
        const key = { barcode, well, stepKey: job.stepKey, count };
        return [well, readWell(world.culture(labware, well), read, timesMs, world.phenotypes, world.seed, key)];
      }),
    );
  return writeMarsCsv({
    plateBarcode: barcode,
    wellCount: wellCount(findLabwareKind(labware.kind)),
    testName: timesMs.length > 1 ? 'KINETIC' : 'ENDPOINT',
    testRunNumber: count,
    measuredAt: new Date(startedAt).toISOString().slice(0, 19),
    reads: reads.map((read) => ({
      mode: read.mode,
      wavelengthNm: read.wavelengthNm,
      ...(read.emissionNm === undefined ? {} : { emissionNm: read.emissionNm }),
      values: courseOf(read),
    })),
    ...(timesMs.length > 1 ? { timesS: timesMs.map((ms) => ms / 1_000) } : {}),
  });
}

/** Sends wells to be sequenced; what comes back is FASTA, one consensus per well with a plasmid. */
export function* sequence(run: Performance): Course {
  const { job, world } = run;
  const barred = missingLabware(run);
  if (barred) return { problem: barred };
  const records: string[] = [];
  for (const labware of platesOf(run)) {
    const { barcode } = labware;
    const wells = wellsAsked(job, labware);
    const count = world.timesDone('sequence', job.stepKey, barcode) + 1;
    for (const well of wells) {
      const key = { barcode, well, stepKey: job.stepKey, count };
      const found = sequenceWell(world.well({ barcode, well }), world.plasmids, world.seed, key);
      if (!found) continue;
      const mixed = found.mixed === undefined ? '' : `|mixed=${found.mixed.toFixed(2)}`;
      records.push(`>${barcode}|${well}|${found.depth}${mixed}\n${found.sequence.replace(/(.{80})/g, '$1\n')}\n`);
    }
    yield { t: 'sequence', ...runOf(job), barcode, wells, count, labTime: run.endsAt };
  }
  const name = `${platesOf(run)[0]?.barcode ?? 'none'}_consensus.fasta`;
  return { file: { name, mediaType: 'text/x-fasta', content: new TextEncoder().encode(records.join('')) } };
}

/** Wells named by the job, as a list or by barcode; all that hold something when it names none. */
function wellsAsked({ spec }: StagedJob, { barcode, wells }: LabLabware): string[] {
  const asked = spec.parameters.wells;
  const list = Array.isArray(asked) ? asked : (asked as Record<string, unknown> | undefined)?.[barcode];
  if (Array.isArray(list)) return list.filter((well): well is string => typeof well === 'string');
  return [...wells].filter(([, { volumePl }]) => volumePl > 0).map(([name]) => name);
}

function covered(run: Performance): Report['problem'] {
  const closed = platesOf(run).find(({ seal }) => seal === 'foil');
  return closed && { code: 'sealed', message: `${closed.barcode} is under foil; nothing was read` };
}

/** Durations come as milliseconds or as text such as `10min`. */
function msOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'string' ? parseDuration(value) : undefined;
}
