import type { PicklistRow } from '../../../libs/build/picklist';
import { readPicklist } from '../../../libs/build/picklist';
import { tipKey, tipRackFor } from '../../../libs/labware/tips';
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
      const tip = tipFor(run, row, index);
      if (tip === undefined) {
        exceptions.push(`no-tips: ${tipRackFor(row.volumePl)} at transfer ${row.ordinal}`);
        break;
      }
      yield transferMade(run, how, row, tip, { index, of: rows.length });
      done.push(row.ordinal);
    } else if (obstacle !== 'no-colony') exceptions.push(`${obstacle}: transfer ${row.ordinal}`);
  }
  return { ...exceptionsToProblem(exceptions), done, ...factsOf(run, how, rows, seen) };
}

/**
 * The tip for a row. A job that lists tips takes them from the boxes on the deck, one for every source and class of stroke; any
 * other is done with tips that are washed. Nothing when the boxes are empty.
 */
function tipFor({ job, world, placeCode }: Performance, row: PicklistRow, index: number): Tip | undefined {
  if (!job.spec.tips) return { tip: index + 1 };
  const { numbers } = world.tipsOf(job.dispatchId);
  const worn = numbers.get(tipKey(`${row.source.barcode}/${row.source.well}`, row.volumePl));
  if (worn !== undefined) return { tip: worn };
  const rack = world.rackAt(placeCode, tipRackFor(row.volumePl));
  return rack && { tip: numbers.size + 1, rack: rack.barcode };
}

type Tip = Pick<TransferMade, 'tip' | 'rack'>;

function transferMade(
  run: Performance,
  how: TransferMade['how'],
  row: PicklistRow,
  tip: Tip,
  { index, of }: { readonly index: number; readonly of: number },
): Motion {
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
    ...tip,
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
  { job, world }: Performance,
  how: TransferMade['how'],
  rows: readonly PicklistRow[],
  colonies?: ByWell,
): Pick<Report, 'facts'> {
  if (colonies) return { facts: { colonies } };
  if (job.spec.tips) return { facts: { tipsUsed: Object.fromEntries(world.tipsOf(job.dispatchId).taken) } };
  if (how !== 'purify') return {};
  const concentrationsNgPerUl: ByWell = {};
  for (const { destination } of rows) {
    (concentrationsNgPerUl[destination.barcode] ??= {})[destination.well] = concentrationNgPerUl(
      world.well(destination),
    );
  }
  return { facts: { concentrationsNgPerUl } };
}
