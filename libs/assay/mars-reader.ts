import { parseHeader } from './mars-header';
import { parseModeLine, parseReadLabel, parseTime, type ReadLabel } from './mars-labels';
import {
  decodeText,
  hasDecimalComma,
  parseCell,
  quote,
  refusedAt,
  separatorOf,
  splitLines,
  trimmedCells,
  type Line,
} from './mars-text';
import { plainWell, rowName, rowsFor } from './plate-grid';
import type { Reading, ReadingTable } from './readings';

/** What the caller knows of the run beforehand. */
export interface ExpectedRun {
  /** Wells every read must hold. A table lists wells one by one, so that only this shows a file cut between two lines. */
  readonly wells?: readonly string[];
}

/**
 * Reads a CSV export of BMG MARS: one header, then any number of `Raw Data (…)` grids (endpoint) or one table with a row per
 * well and a column per read and cycle (kinetic, or endpoint in list form).
 *
 * Encodings: UTF-8, UTF-16 with mark, latin-1. Separator `,`, or `;` with decimal comma or point. Empty wells become null with the flag
 * `missing`, overflow marks null with `overflow`. Absorbance stays in AU.
 *
 * @throws DomainError `reader-file-refused` with `line`, `expected` and `found` for anything that does not parse whole: a cut
 *   file, a grid with missing wells, an unknown mode or read, a repeated read or well. Nothing is returned in part.
 */
export function readMarsCsv(bytes: Uint8Array, expected: ExpectedRun = {}): ReadingTable {
  const text = decodeText(bytes).replace(/^\uFEFF/, '');
  const separator = separatorOf(text);
  const lines = splitLines(text, separator);
  const { end, ...header } = parseHeader(lines, separator);
  const body = new BodyReader(lines, end, hasDecimalComma(text, separator), header.ids[0] || undefined);
  const readings = body.readAll();
  checkWells(readings, expected.wells ?? [], lines.length);
  const plate = header.ids[0] ? { plateBarcode: header.ids[0] } : {};
  return { ...plate, ...header, pathLengthCorrected: body.pathLengthCorrected, readings };
}

function checkWells(readings: readonly Reading[], wells: readonly string[], line: number): void {
  const byLabel = new Map<string, Set<string>>();
  for (const { label, well } of readings) byLabel.set(label, (byLabel.get(label) ?? new Set()).add(well));
  for (const [label, present] of byLabel) {
    const missing = wells.filter((well) => !present.has(well));
    if (missing.length > 0) throw refusedAt(line, `wells ${missing.slice(0, 5).join(', ')} of read "${label}"`, 'none');
  }
}

class BodyReader {
  pathLengthCorrected = false;
  private readonly readings: Reading[] = [];
  private readonly seen = new Set<string>();
  private modes: readonly Reading['mode'][] = [];

  constructor(
    private readonly lines: readonly Line[],
    private at: number,
    private readonly decimalComma: boolean,
    private readonly plateBarcode: string | undefined,
  ) {}

  readAll(): Reading[] {
    for (let line = this.next(); line; line = this.next()) {
      const modes = parseModeLine(line.cells);
      if (modes) this.enterMode(line, modes);
      else if (/^well( row)?$/i.test(line.cells[0]!)) this.readTable(line);
      else this.readGrid(this.blockLabel(line));
    }
    if (this.readings.length === 0)
      throw refusedAt(this.lines.length + 1, 'a "Raw Data (…)" block', 'the end of the file');
    return this.readings;
  }

  /** The next line that is not blank, consumed. */
  private next(): Line | undefined {
    while (this.lines[this.at]?.blank) this.at++;
    return this.lines[this.at++];
  }

  private enterMode(line: Line, modes: readonly Reading['mode'][]): void {
    if (modes.length > 0) this.modes = modes;
    if (line.cells.some((cell) => /path ?length corrected/i.test(cell))) this.pathLengthCorrected = true;
  }

  private blockLabel(line: Line): ReadLabel {
    const cells = trimmedCells(line);
    const label = cells.length === 1 ? parseReadLabel(cells[0]!) : undefined;
    if (!label)
      throw refusedAt(line.number, 'a mode, a "Raw Data (…)" block or a table of wells', quote(cells.join(',')));
    this.register(label, label.label, line.number);
    return label;
  }

  /** Refuses a read whose mode the file does not declare, or that comes twice. */
  private register(label: ReadLabel, key: string, line: number): void {
    if (!this.modes.includes(label.mode)) {
      throw refusedAt(line, `a read of the declared mode (${this.modes.join(', ')})`, `${label.mode} "${label.label}"`);
    }
    const whole = `${label.derived}/${key}`;
    if (this.seen.has(whole)) throw refusedAt(line, 'every read once', `"${label.label}" again`);
    this.seen.add(whole);
  }

  private readGrid(label: ReadLabel): void {
    const header = this.next();
    const columns = header ? gridColumns(header) : undefined;
    const rows = columns === undefined ? undefined : rowsFor(columns);
    if (!header || columns === undefined || rows === undefined) {
      const found = header ? quote(header.cells.join(',')) : 'the end of the file';
      throw refusedAt(header?.number ?? this.lines.length + 1, 'the column numbers 1, 2, … of a plate', found);
    }
    for (let row = 0; row < rows; row++) this.readGridRow(label, rowName(row), columns);
  }

  private readGridRow(label: ReadLabel, name: string, columns: number): void {
    const line = this.next();
    if (line?.cells[0] !== name) {
      const found = line ? quote(line.cells[0]!) : 'the end of the file';
      throw refusedAt(line?.number ?? this.lines.length + 1, `row ${name} of the plate`, found);
    }
    if (line.cells.length < columns + 1 || trimmedCells(line).length > columns + 1) {
      throw refusedAt(line.number, `${columns} wells in row ${name}`, `${line.cells.length - 1} cells`);
    }
    for (let column = 1; column <= columns; column++) this.add(label, `${name}${column}`, null, line, column);
  }

  private readTable(header: Line): void {
    const names = trimmedCells(header);
    const from = names.findIndex((name) => parseReadLabel(name));
    if (from < 0) throw refusedAt(header.number, 'columns "Raw Data (…)"', quote(names.join(',')));
    const labels = names.slice(from).map((name) => {
      const label = parseReadLabel(name);
      if (!label) throw refusedAt(header.number, 'a column "Raw Data (…)"', quote(name));
      return label;
    });
    const times = this.timesOf(labels, from);
    labels.forEach((label, i) => this.register(label, `${label.label}/${times[i]}`, header.number));
    const split = /^well row$/i.test(names[0]!);
    const wells = new Set<string>();
    while (this.isTableRow()) this.readTableRow(this.next()!, { labels, times, from, split, wells });
    if (wells.size === 0) throw refusedAt(header.number + 1, 'rows of wells', 'none');
  }

  /** Times from the line below the header, or from the column names; null when it is an endpoint. */
  private timesOf(labels: readonly ReadLabel[], from: number): (number | null)[] {
    while (this.lines[this.at]?.blank) this.at++;
    const line = this.lines[this.at];
    const title = line?.cells.slice(0, from).find((cell) => /^time/i.test(cell));
    if (!line || title === undefined) return labels.map(({ timeS }) => timeS ?? null);
    this.at++;
    const unit = /\[min\]/i.test(title) ? 60 : /\[h\]/i.test(title) ? 3600 : 1;
    return labels.map((_, i) => {
      const cell = line.cells[from + i] ?? '';
      const time = parseTime(this.decimalComma ? cell.replace(',', '.') : cell, unit);
      if (time === undefined) throw refusedAt(line.number, 'a time such as "0 h 5 min"', quote(cell));
      return time;
    });
  }

  private isTableRow(): boolean {
    while (this.lines[this.at]?.blank) this.at++;
    const line = this.lines[this.at];
    return line !== undefined && !parseModeLine(line.cells) && !/raw data/i.test(line.cells[0]!);
  }

  private readTableRow(
    line: Line,
    table: {
      readonly labels: readonly ReadLabel[];
      readonly times: readonly (number | null)[];
      readonly from: number;
      readonly split: boolean;
      readonly wells: Set<string>;
    },
  ): void {
    const { labels, times, from, split, wells } = table;
    const text = split ? `${line.cells[0]}${line.cells[1]}` : line.cells[0]!;
    const well = plainWell(text);
    if (well === undefined) throw refusedAt(line.number, 'a well', quote(text));
    if (wells.has(well)) throw refusedAt(line.number, 'every well once', `${well} again`);
    const width = from + labels.length;
    if (line.cells.length < width || trimmedCells(line).length > width) {
      throw refusedAt(line.number, `${labels.length} values of well ${well}`, `${line.cells.length - from} cells`);
    }
    wells.add(well);
    labels.forEach((label, i) => this.add(label, well, times[i]!, line, from + i));
  }

  private add({ timeS: _, ...label }: ReadLabel, well: string, timeS: number | null, line: Line, cell: number): void {
    const parsed = parseCell(line.cells[cell]!, line.number, this.decimalComma);
    const plate = this.plateBarcode === undefined ? {} : { plateBarcode: this.plateBarcode };
    this.readings.push({ ...plate, ...label, well, timeS, ...parsed, line: line.number });
  }
}

/** Number of columns of a grid header `,1,2,…,12,`; undefined when it is none. */
function gridColumns(line: Line): number | undefined {
  const [corner, ...numbers] = trimmedCells(line);
  return corner === '' && numbers.every((text, i) => text === String(i + 1)) ? numbers.length : undefined;
}
