import { DomainError } from '../errors/domain-error';
import type { ReadingFlag } from './readings';

/** One line of an export, cut into trimmed cells. */
export interface Line {
  /** From 1. */
  readonly number: number;
  readonly cells: readonly string[];
  readonly blank: boolean;
}

/**
 * A refused reader file: where, what was expected, what was found.
 */
export function refusedAt(line: number, expected: string, found: string): DomainError {
  const message = `Line ${line}: expected ${expected}, found ${found}. Export the run again; nothing of this file was used.`;
  return new DomainError('reader-file-refused', message, { line, expected, found });
}

/** UTF-16 with a byte-order mark, UTF-8 when valid, else latin-1. */
export function decodeText(bytes: Uint8Array): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('latin1').decode(bytes);
  }
}

/** Cuts a text into lines and cells. @throws DomainError `reader-file-refused` when the last line is not ended: the file is cut. */
export function splitLines(text: string, separator: string): Line[] {
  const rows = text.split(/\r\n|\n|\r/);
  const last = rows.pop();
  if (last !== undefined && last !== '') {
    throw refusedAt(rows.length + 1, 'a line end after the last line (the file may be cut)', quote(last));
  }
  return rows.map((row, i) => {
    const cells = splitCells(row, separator);
    return { number: i + 1, cells, blank: cells.every((cell) => cell === '') };
  });
}

function splitCells(row: string, separator: string): string[] {
  if (!row.includes('"')) return row.split(separator).map((cell) => cell.trim());
  const cells: string[] = [];
  let [cell, quoted] = ['', false];
  for (const char of row) {
    if (char === '"') quoted = !quoted;
    else if (char === separator && !quoted) {
      cells.push(cell.trim());
      cell = '';
    } else cell += char;
  }
  return [...cells, cell.trim()];
}

/** Separator by the first line: `User: …;Path: …` or `User: …,Path: …`. */
export function separatorOf(text: string): ',' | ';' {
  return /^[^\r\n]*?;\s*"?(Path|Test run no\.|Test ID)\s*:/i.test(text) ? ';' : ',';
}

/** Says whether numbers carry a decimal comma: only between `;`, and when a cell shows one. */
export function hasDecimalComma(text: string, separator: string): boolean {
  return separator === ';' && /(^|;)[ \t]*[+-]?\d+,\d+(e[+-]?\d+)?[ \t]*(;|\r?$)/im.test(text);
}

/** Cells without the blank ones at the end. */
export function trimmedCells(line: Line): readonly string[] {
  let length = line.cells.length;
  while (length > 0 && line.cells[length - 1] === '') length--;
  return line.cells.slice(0, length);
}

/** Text of a line for a message, shortened. */
export function quote(text: string): string {
  return `"${text.length > 60 ? `${text.slice(0, 60)}…` : text}"`;
}

const number = /^[+-]?\d+(\.\d+)?(e[+-]?\d+)?$/i;

/** Value or flag of one cell. `decimalComma`: `0,5` is a number and `0.5` is refused, because it could be a thousand mark. */
export function parseCell(
  cell: string,
  line: number,
  decimalComma: boolean,
): { readonly value: number | null; readonly flag?: ReadingFlag } {
  if (/^(|empty|n\/?a\.?|nan|-+)$/i.test(cell)) return { value: null, flag: 'missing' };
  if (/^(overflow|ovrflw|ovf|>.*)$/i.test(cell)) return { value: null, flag: 'overflow' };
  if (/^(underflow|<.*)$/i.test(cell)) return { value: null, flag: 'underflow' };
  const pointed = decimalComma ? (cell.includes('.') ? '' : cell.replace(',', '.')) : cell;
  if (!number.test(pointed)) throw refusedAt(line, 'a number, an overflow mark or an empty cell', quote(cell));
  return { value: Number(pointed) };
}
