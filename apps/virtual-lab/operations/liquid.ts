import type { PicklistRow } from '../../../libs/build/picklist';
import { readPicklist } from '../../../libs/build/picklist';
import type { Motion, StagedJob, TransferMade } from '../motions';
import { visibleColonies } from '../physics/colonies';
import { concentrationNgPerUl } from '../physics/preparation';
import type { World } from '../world';
import type { Course, Performance, Report } from './performance';
import { missingLabware, runOf } from './performance';

/** Rows of the worklist in the order the instrument does them. */
export function worklistOf({ worklistCsv }: StagedJob): PicklistRow[] {
  return worklistCsv === undefined ? [] : readPicklist(worklistCsv).sort((a, b) => a.ordinal - b.ordinal);
}

/** Works through a worklist: liquid, colonies on pins, or plasmid purified from cultures. */
export function* moveLiquid(run: Performance, how: TransferMade['how']): Course {
  const { job, world } = run;
  const rows = worklistOf(job);
  const barcodes = rows.flatMap(({ source, destination }) => [source.barcode, destination.barcode]);
  const barred = missingLabware(run, barcodes) ?? sealed(run, barcodes);
  if (barred) return { problem: barred, done: [] };
  const seen = how === 'pick' ? coloniesSeen(rows, world) : undefined;
  const done: number[] = [...(run.already ?? [])];
  const exceptions: string[] = [];
  for (const [index, row] of rows.entries()) {
    if (done.length >= (run.atMost ?? Infinity)) break;
    if (done.includes(row.ordinal)) continue;
    const obstacle = world.obstacle(how, row.source, row.destination, row.volumePl);
    if (obstacle === undefined) {
      yield transferMade(run, how, row, index, rows.length);
      done.push(row.ordinal);
    } else if (obstacle !== 'no-colony') exceptions.push(`${obstacle}: transfer ${row.ordinal}`);
  }
  return { ...exceptionsToProblem(exceptions), done, ...factsOf(how, rows, world, seen) };
}

function transferMade(run: Performance, how: TransferMade['how'], row: PicklistRow, index: number, of: number): Motion {
  const { job, world, startedAt, endsAt } = run;
  const { barcode, well } = row.destination;
  return {
    t: 'transfer',
    how,
    ...runOf(job),
    ordinal: row.ordinal,
    from: { barcode: row.source.barcode, well: row.source.well },
    to: { barcode, well },
    volumePl: row.volumePl,
    tip: index + 1,
    count: world.timesDone('transfer', job.stepKey, barcode, well) + 1,
    labTime: Math.round(startedAt + ((index + 1) / of) * (endsAt - startedAt)),
  };
}

function sealed({ world }: Performance, barcodes: readonly string[]): Report['problem'] {
  const closed = barcodes.find((barcode) => (world.find(barcode)?.seal ?? 'none') !== 'none');
  return closed === undefined ? undefined : { code: 'sealed', message: `${closed} is sealed; nothing was moved` };
}

function exceptionsToProblem(exceptions: readonly string[]): Pick<Report, 'problem'> {
  if (exceptions.length === 0) return {};
  const [first] = exceptions as [string];
  return { problem: { code: first.split(':')[0] as string, message: exceptions.slice(0, 20).join('; ') } };
}

type ByWell = Record<string, Record<string, number>>;

function coloniesSeen(rows: readonly PicklistRow[], world: World): ByWell {
  const seen: ByWell = {};
  for (const { source } of rows) (seen[source.barcode] ??= {})[source.well] = visibleColonies(world.well(source));
  return seen;
}

function factsOf(
  how: TransferMade['how'],
  rows: readonly PicklistRow[],
  world: World,
  colonies?: ByWell,
): Pick<Report, 'facts'> {
  if (colonies) return { facts: { colonies } };
  if (how !== 'purify') return {};
  const concentrationsNgPerUl: ByWell = {};
  for (const { destination } of rows) {
    (concentrationsNgPerUl[destination.barcode] ??= {})[destination.well] = concentrationNgPerUl(
      world.well(destination),
    );
  }
  return { facts: { concentrationsNgPerUl } };
}
