/** Columns → rows of the plate formats in use: 6, 12, 24, 48, 96, 384 and 1536 wells. */
const rowsByColumns = new Map([
  [3, 2],
  [4, 3],
  [6, 4],
  [8, 6],
  [12, 8],
  [24, 16],
  [48, 32],
]);

/** Rows of a plate with so many columns; undefined when there is no such plate. */
export function rowsFor(columns: number): number | undefined {
  return rowsByColumns.get(columns);
}

/** Columns of a plate with so many wells; undefined when there is no such plate. */
export function columnsFor(wellCount: number): number | undefined {
  return [...rowsByColumns].find(([columns, rows]) => columns * rows === wellCount)?.[0];
}

/** Row letters from 0: A … Z, AA … AF. */
export function rowName(row: number): string {
  return row < 26 ? String.fromCharCode(65 + row) : `A${String.fromCharCode(65 + row - 26)}`;
}

/** `A01` and `A1` → `A1`; undefined when it is not a well. */
export function plainWell(text: string): string | undefined {
  const [, letters, digits] = /^([A-Z]|A[A-F])0*([1-9]\d?)$/.exec(text) ?? [];
  return letters === undefined ? undefined : `${letters}${digits}`;
}

/** Wells row by row. */
export function wellsOf(columns: number): string[] {
  const rows = rowsFor(columns) ?? 0;
  return Array.from({ length: rows * columns }, (_, i) => `${rowName(Math.floor(i / columns))}${(i % columns) + 1}`);
}
