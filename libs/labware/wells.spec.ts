import * as fc from 'fast-check';
import { findLabwareKind, labwareKinds } from './kinds';
import {
  canonicalWell,
  columnMajorIndex,
  parseWell,
  plateGrids,
  quadrantOf,
  rowMajorIndex,
  wellAtColumnMajor,
  wellAtRowMajor,
  wellCount,
  wellName,
  wellsByColumn,
  wellsByRow,
} from './wells';

const grids = [...Object.values(plateGrids), ...labwareKinds];
const anyGrid = fc.constantFrom(...grids);

describe('wells', () => {
  it.each([
    ['A1', 96, 'A1'],
    ['A01', 96, 'A1'],
    ['a1', 96, 'A1'],
    [' h12 ', 96, 'H12'],
    ['P24', 384, 'P24'],
    ['AA1', 1536, 'AA1'],
    ['af048', 1536, 'AF48'],
  ] as const)('reads %p on a %i-well plate as %s', (text, format, expected) => {
    expect(canonicalWell(text, plateGrids[format])).toBe(expected);
  });

  it.each([
    ['I1', 96],
    ['A13', 96],
    ['A0', 96],
    ['', 96],
    ['1A', 96],
    ['A1.5', 96],
    ['[1', 1536],
    ['AG1', 1536],
    ['A-1', 96],
  ] as const)('refuses %p on a %i-well plate', (text, format) => {
    expect(() => parseWell(text, plateGrids[format])).toThrow(expect.objectContaining({ code: 'out-of-range' }));
  });

  it('counts 6 to 1536 wells, all distinct, the same in both orders', () => {
    for (const [format, grid] of Object.entries(plateGrids)) {
      expect(new Set(wellsByColumn(grid)).size).toBe(Number(format));
      expect([...wellsByRow(grid)].sort()).toEqual([...wellsByColumn(grid)].sort());
    }
  });

  it('numbers as Tecan does by column and as Sequential does by row', () => {
    expect([columnMajorIndex('B1', plateGrids[96]), columnMajorIndex('A2', plateGrids[96])]).toEqual([1, 8]);
    expect([rowMajorIndex('A2', plateGrids[96]), rowMajorIndex('B1', plateGrids[96])]).toEqual([1, 12]);
  });

  it('goes from index to well and back in both orders', () => {
    fc.assert(
      fc.property(anyGrid, fc.nat(), (grid, n) => {
        const index = n % wellCount(grid);
        expect(columnMajorIndex(wellAtColumnMajor(index, grid), grid)).toBe(index);
        expect(rowMajorIndex(wellAtRowMajor(index, grid), grid)).toBe(index);
      }),
    );
  });

  it('reads back every name it writes, padded or not', () => {
    fc.assert(
      fc.property(anyGrid, fc.nat(), fc.nat(), (grid, a, b) => {
        const position = { row: a % grid.rows, column: b % grid.columns };
        const name = wellName(position);
        expect(parseWell(name, grid)).toEqual(position);
        expect(parseWell(name.replace(/(\d+)/, (digits) => digits.padStart(2, '0')).toLowerCase(), grid)).toEqual(
          position,
        );
      }),
    );
  });

  it('refuses an index beyond the last well', () => {
    expect(() => wellAtColumnMajor(96, plateGrids[96])).toThrow(/0 to 95/);
    expect(() => wellAtRowMajor(-1, plateGrids[96])).toThrow(/found -1/);
  });

  it('splits a plate into four equal quadrants', () => {
    const counts = [0, 0, 0, 0];
    for (const well of wellsByRow(plateGrids[384]))
      counts[quadrantOf(parseWell(well, plateGrids[384]), plateGrids[384])]!++;
    expect(counts).toEqual([96, 96, 96, 96]);
    expect(
      ['A1', 'A12', 'H1', 'H12'].map((well) => quadrantOf(parseWell(well, plateGrids[96]), plateGrids[96])),
    ).toEqual([0, 1, 2, 3]);
  });
});

describe('labware kinds', () => {
  it('finds a kind by id and names the known ones otherwise', () => {
    expect(findLabwareKind('agar-48')).toMatchObject({ rows: 6, columns: 8 });
    expect(() => findLabwareKind('pcr-384')).toThrow(/echo-384, pcr-96/);
  });

  it('leaves usable volume in every kind', () => {
    for (const kind of labwareKinds) expect(kind.maxUl).toBeGreaterThan(kind.deadUl);
  });
});
