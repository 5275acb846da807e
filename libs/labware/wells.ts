import { DomainError } from '../errors/domain-error';

/** Rows and columns of a labware: 8 × 12 for a 96-well plate. */
export interface WellGrid {
  readonly rows: number;
  readonly columns: number;
}

/** Grids of the ANSI/SLAS plates, by number of wells. */
export const plateGrids: Readonly<Record<6 | 12 | 24 | 48 | 96 | 384 | 1536, WellGrid>> = {
  6: { rows: 2, columns: 3 },
  12: { rows: 3, columns: 4 },
  24: { rows: 4, columns: 6 },
  48: { rows: 6, columns: 8 },
  96: { rows: 8, columns: 12 },
  384: { rows: 16, columns: 24 },
  1536: { rows: 32, columns: 48 },
};

/** Zero-based row and column. */
export interface WellPosition {
  readonly row: number;
  readonly column: number;
}

/** Number of wells of a grid. */
export const wellCount = ({ rows, columns }: WellGrid): number => rows * columns;

/** Canonical name of a position: `A1`, `H12`, `AF48`; upper case, unpadded. */
export function wellName({ row, column }: WellPosition): string {
  return `${rowName(row)}${column + 1}`;
}

/**
 * Position of a well written `A1`, `A01`, `a1` or ` A1`.
 * @throws DomainError `out-of-range` when the text is no well name or lies outside the grid.
 */
export function parseWell(text: string, grid: WellGrid): WellPosition {
  const match = /^\s*([A-Za-z]{1,2})0*([1-9]\d{0,2})\s*$/.exec(text);
  const row = match ? rowNumber(match[1] as string) : -1;
  const column = match ? Number(match[2]) - 1 : -1;
  if (!match || row >= grid.rows || column >= grid.columns) {
    const last = wellName({ row: grid.rows - 1, column: grid.columns - 1 });
    throw new DomainError('out-of-range', `Expected a well from A1 to ${last}, found "${text}".`, { well: text });
  }
  return { row, column };
}

/**
 * Canonical name of a well however it was written.
 * @throws DomainError `out-of-range` as in {@link parseWell}.
 */
export const canonicalWell = (text: string, grid: WellGrid): string => wellName(parseWell(text, grid));

/** Row-major index: A1, A2, … (Sequential numbering, 0-based). */
export function rowMajorIndex(well: string, grid: WellGrid): number {
  const { row, column } = parseWell(well, grid);
  return row * grid.columns + column;
}

/** Column-major index: A1, B1, … (Tecan numbering, 0-based). */
export function columnMajorIndex(well: string, grid: WellGrid): number {
  const { row, column } = parseWell(well, grid);
  return column * grid.rows + row;
}

/** Well of a row-major index. @throws DomainError `out-of-range` when the grid has no such well. */
export function wellAtRowMajor(index: number, grid: WellGrid): string {
  checkIndex(index, grid);
  return wellName({ row: Math.floor(index / grid.columns), column: index % grid.columns });
}

/** Well of a column-major index. @throws DomainError `out-of-range` when the grid has no such well. */
export function wellAtColumnMajor(index: number, grid: WellGrid): string {
  checkIndex(index, grid);
  return wellName({ row: index % grid.rows, column: Math.floor(index / grid.rows) });
}

/** Every well in column-major order, the order multichannel heads and people fill plates in. */
export function wellsByColumn(grid: WellGrid): string[] {
  return Array.from({ length: wellCount(grid) }, (_, index) => wellAtColumnMajor(index, grid));
}

/** Every well in row-major order. */
export function wellsByRow(grid: WellGrid): string[] {
  return Array.from({ length: wellCount(grid) }, (_, index) => wellAtRowMajor(index, grid));
}

/** Quadrant of a position, 0 top left, 1 top right, 2 bottom left, 3 bottom right. */
export function quadrantOf({ row, column }: WellPosition, grid: WellGrid): 0 | 1 | 2 | 3 {
  return ((row * 2 >= grid.rows ? 2 : 0) + (column * 2 >= grid.columns ? 1 : 0)) as 0 | 1 | 2 | 3;
}

function checkIndex(index: number, grid: WellGrid): void {
  if (Number.isInteger(index) && index >= 0 && index < wellCount(grid)) return;
  throw new DomainError('out-of-range', `Expected a well index from 0 to ${wellCount(grid) - 1}, found ${index}.`);
}

/** A … Z, AA … AF. */
function rowName(row: number): string {
  const last = String.fromCharCode(65 + (row % 26));
  return row < 26 ? last : rowName(Math.floor(row / 26) - 1) + last;
}

function rowNumber(letters: string): number {
  return [...letters.toUpperCase()].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0) - 1;
}
