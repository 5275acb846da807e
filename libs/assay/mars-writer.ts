import { DomainError } from '../errors/domain-error';
import { columnsFor, plainWell, rowName, rowsFor, wellsOf } from './plate-grid';

/** A number as the reader shows it, null for a well that was not read, or above the detector's range. */
export type MarsValue = number | null | 'overflow';

/** One read of a run. */
export interface MarsRead {
  readonly mode: 'absorbance' | 'fluorescence';
  readonly wavelengthNm: number;
  /** Fluorescence only. */
  readonly emissionNm?: number;
  /** Per well (`A1`), one value per time of the run (endpoint: exactly one). Wells not named were not read. */
  readonly values: Readonly<Record<string, readonly MarsValue[]>>;
}

/** A measured plate, as BMG MARS would export it. */
export interface MarsRun {
  readonly plateBarcode: string;
  /** 6, 12, 24, 48, 96, 384 or 1536. */
  readonly wellCount: number;
  readonly testName: string;
  readonly testRunNumber: number;
  /** Local time without zone, `2026-03-01T14:05:00`. */
  readonly measuredAt: string;
  readonly user?: string;
  readonly path?: string;
  /** ID2, ID3, … */
  readonly otherIds?: readonly string[];
  /** Content column of a kinetic table per well, e.g. `Blank B`; `Sample X<n>` otherwise. */
  readonly contents?: Readonly<Record<string, string>>;
  readonly reads: readonly MarsRead[];
  /** Seconds since the start, one per cycle, rising: a kinetic run. Absent: an endpoint. */
  readonly timesS?: readonly number[];
  /** `;` between cells and a decimal comma, as a German Windows exports. */
  readonly decimalComma?: boolean;
}

/**
 * Writes a run as a MARS CSV export (UTF-8, CRLF): a grid per read for an endpoint, one table with a row per well and a column
 * per read and cycle for a kinetic run. `readMarsCsv` gives every value back exactly.
 *
 * @throws DomainError `out-of-range` for a plate, well, time or text that such a file cannot hold.
 */
export function writeMarsCsv(run: MarsRun): Uint8Array {
  checkRun(run);
  const rows = [...headerRows(run), ...(run.timesS ? tableRows(run, run.timesS) : run.reads.flatMap(gridRows(run)))];
  const separator = run.decimalComma ? ';' : ',';
  return new TextEncoder().encode(rows.map((cells) => `${cells.join(separator)}\r\n`).join(''));
}

type Row = readonly string[];

function headerRows(run: MarsRun): Row[] {
  const [date, time] = run.measuredAt.split('T') as [string, string];
  const [year, month, day] = date.split('-');
  const path = run.path ?? 'C:\\Program Files (x86)\\BMG\\CLARIOstar\\User\\Data';
  const ids = [run.plateBarcode, ...(run.otherIds ?? [])].map((id, i) => `ID${i + 1}: ${id}`);
  return [
    [`User: ${run.user ?? 'USER'}`, `Path: ${path}`, `Test run no.: ${run.testRunNumber}`],
    [`Test name: ${run.testName}`, `Date: ${day}/${month}/${year}`, `Time: ${time}`],
    [],
    [...ids, ''],
    modeCells(run),
    [],
  ];
}

function modeCells({ reads }: MarsRun): Row {
  const modes = [...new Set(reads.map(({ mode }) => mode))].sort();
  const names = modes.map((mode) => (mode === 'absorbance' ? 'Absorbance' : 'Fluorescence (FI)'));
  return reads.length > 1 ? [...names, 'multichromatic'] : names;
}

function readName(run: MarsRun, index: number): string {
  const { mode, wavelengthNm, emissionNm } = run.reads[index]!;
  const wavelengths = mode === 'absorbance' ? `${wavelengthNm}` : `${wavelengthNm}/${emissionNm}`;
  return `Raw Data (${wavelengths}${run.reads.length > 1 ? ` ${index + 1}` : ''})`;
}

function gridRows(run: MarsRun): (read: MarsRead, index: number) => Row[] {
  const columns = columnsFor(run.wellCount)!;
  const numbers = Array.from({ length: columns }, (_, i) => i + 1);
  return (read, index) => [
    [readName(run, index)],
    [],
    ['', ...numbers.map(String), ''],
    ...Array.from({ length: rowsFor(columns)! }, (_, row) => [
      rowName(row),
      ...numbers.map((column) => cellOf(run, read.values[`${rowName(row)}${column}`]?.[0] ?? null)),
    ]),
    [],
  ];
}

function tableRows(run: MarsRun, timesS: readonly number[]): Row[] {
  const used = new Set(run.reads.flatMap(({ values }) => Object.keys(values)));
  const wells = wellsOf(columnsFor(run.wellCount)!).filter((well) => used.has(well));
  const columns = run.reads.flatMap((_, index) => timesS.map(() => readName(run, index)));
  const times = run.reads.flatMap(() => timesS.map((time) => decimal(run, time)));
  return [
    ['Well Row', 'Well Col', 'Content', ...columns],
    ['', '', 'Time [s]', ...times],
    ...wells.map((well, i) => {
      const [, letters, digits] = /^([A-Z]+)(\d+)$/.exec(well)!;
      const content = run.contents?.[well] ?? `Sample X${i + 1}`;
      const cells = run.reads.flatMap(({ values }) => timesS.map((_, t) => cellOf(run, values[well]?.[t] ?? null)));
      return [letters!, digits!, content, ...cells];
    }),
  ];
}

function cellOf(run: MarsRun, value: MarsValue): string {
  if (value === null) return '';
  return value === 'overflow' ? 'overflow' : decimal(run, value);
}

function decimal({ decimalComma }: MarsRun, value: number): string {
  return decimalComma ? String(value).replace('.', ',') : String(value);
}

function checkRun(run: MarsRun): void {
  const columns = columnsFor(run.wellCount);
  if (columns === undefined) throw unfit('a plate of 6, 12, 24, 48, 96, 384 or 1536 wells', run.wellCount);
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$/.test(run.measuredAt)) throw unfit('YYYY-MM-DDThh:mm:ss', run.measuredAt);
  if (run.reads.length === 0) throw unfit('at least one read', 'none');
  const texts = [run.plateBarcode, run.testName, run.user, run.path, ...(run.otherIds ?? [])];
  const bad = [...texts, ...Object.values(run.contents ?? {})].find(
    (text) => text !== undefined && /[,;"\r\n]/.test(text),
  );
  if (bad !== undefined) throw unfit('texts without separators, quotes and line ends', bad);
  run.timesS?.forEach((time, i, all) => {
    if (!(time >= 0) || /e/.test(String(time)) || (i > 0 && time <= all[i - 1]!))
      throw unfit('rising times in seconds', time);
  });
  const wells = new Set(wellsOf(columns));
  for (const read of run.reads) checkRead(run, read, wells);
}

function checkRead(run: MarsRun, { mode, emissionNm, values }: MarsRead, wells: ReadonlySet<string>): void {
  if ((mode === 'fluorescence') !== (emissionNm !== undefined)) throw unfit('an emission for fluorescence only', mode);
  const length = run.timesS?.length ?? 1;
  for (const [well, list] of Object.entries(values)) {
    if (!wells.has(plainWell(well) === well ? well : '')) throw unfit(`a well of a ${run.wellCount}-well plate`, well);
    if (list.length !== length) throw unfit(`${length} values for well ${well}`, list.length);
    const wrong = list.find((value) => typeof value === 'number' && !Number.isFinite(value));
    if (wrong !== undefined) throw unfit('finite values', String(wrong));
  }
}

function unfit(expected: string, found: string | number): DomainError {
  return new DomainError('out-of-range', `A MARS export needs ${expected}, found ${found}.`);
}
