import type { Line } from './mars-text';
import { quote, refusedAt, trimmedCells } from './mars-text';
import { parseModeLine } from './mars-labels';

/** Everything above the first mode line. */
export interface MarsHeader {
  readonly user: string;
  readonly testRun: string;
  readonly testName: string;
  readonly ids: readonly string[];
  readonly measuredAt?: string;
  /** Position of the first mode line among the lines. */
  readonly end: number;
}

const key = /^([A-Za-z][\w .()/-]*?)\s*:(?:\s+(.*)|)$/;

/** Reads `key: value` cells down to the first mode line. @throws DomainError `reader-file-refused` */
export function parseHeader(lines: readonly Line[], separator: string): MarsHeader {
  const fields = new Map<string, string>();
  const first = lines.find((line) => !line.blank);
  if (!first || !/^user\s*:/i.test(first.cells[0]!)) {
    throw refusedAt(first?.number ?? 1, 'a BMG MARS export starting with "User:"', quote(first?.cells[0] ?? ''));
  }
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!;
    if (line.blank) continue;
    if (parseModeLine(line.cells)) return finish(fields, at, line.number);
    readFields(line, separator, fields);
  }
  throw refusedAt(lines.length + 1, 'a mode line such as "Absorbance" or "Fluorescence (FI)"', 'the end of the file');
}

/** A cell without a key continues the value before it: a test name may hold the separator. */
function readFields(line: Line, separator: string, fields: Map<string, string>): void {
  let current: string | undefined;
  for (const cell of trimmedCells(line)) {
    const [, name, value] = key.exec(cell) ?? [];
    if (name !== undefined) {
      current = name.toLowerCase();
      fields.set(current, value ?? '');
    } else if (current !== undefined) {
      fields.set(current, `${fields.get(current)}${separator}${cell}`);
    } else {
      throw refusedAt(line.number, 'a header field or a known mode (Absorbance, Fluorescence)', quote(cell));
    }
  }
}

function finish(fields: ReadonlyMap<string, string>, end: number, line: number): MarsHeader {
  const testName = fields.get('test name');
  const testRun = fields.get('test run no.') ?? fields.get('test id');
  if (testName === undefined) throw refusedAt(line, 'the header field "Test name:" above', 'none');
  if (testRun === undefined) throw refusedAt(line, 'the header field "Test run no.:" above', 'none');
  const ids: string[] = [];
  for (let i = 1; fields.has(`id${i}`); i++) ids.push(fields.get(`id${i}`)!);
  const measuredAt = localTime(fields.get('date') ?? '', fields.get('time') ?? '');
  return { user: fields.get('user') ?? '', testRun, testName, ids, end, ...(measuredAt ? { measuredAt } : {}) };
}

/** US dates come with AM/PM or a month above 12 in second place; undefined when day and month cannot be told apart. */
function localTime(date: string, time: string): string | undefined {
  const clock = /^(\d{1,2}):(\d{2}):(\d{2})(?:\s*([AP])M)?$/i.exec(time.trim());
  const day = dayOf(date.trim(), clock?.[4] !== undefined);
  if (!clock || !day) return undefined;
  const half = clock[4]?.toUpperCase();
  const hour = half === undefined ? Number(clock[1]) : (Number(clock[1]) % 12) + (half === 'P' ? 12 : 0);
  return `${day}T${String(hour).padStart(2, '0')}:${clock[2]}:${clock[3]}`;
}

function dayOf(date: string, american: boolean): string | undefined {
  if (/^\d{4}-\d{2}-\d{2}$/.test(date)) return date;
  const parts = /^(\d{1,2})[/.](\d{1,2})[/.](\d{4})$/.exec(date);
  if (!parts) return undefined;
  const [first, second] = [Number(parts[1]), Number(parts[2])];
  const padded = first !== 0 && parts[1]!.length === 2 && parts[2]!.length === 2;
  const monthFirst = second > 12 || (american && first <= 12);
  if (!monthFirst && first <= 12 && !padded) return undefined;
  const [month, day] = monthFirst ? [first, second] : [second, first];
  if (month < 1 || month > 12 || day < 1 || day > 31) return undefined;
  return `${parts[3]}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
}
