import * as fc from 'fast-check';
import { labwareKinds } from '../labware/kinds';
import { wellAtRowMajor, wellCount } from '../labware/wells';
import type { PicklistRow } from './picklist';
import { readPicklist, toPicklistRows, writePicklist } from './picklist';

const end = fc
  .tuple(
    fc.constantFrom(...labwareKinds),
    fc.nat(),
    fc.string({ minLength: 1 }).filter((text) => text.trim() === text && text !== '' && !/[\r\n\uFEFF]/.test(text)),
  ) // prettier-ignore
  .map(([kind, n, barcode]) => ({ barcode, kind: kind.id, well: wellAtRowMajor(n % wellCount(kind), kind) }));
const rows: fc.Arbitrary<PicklistRow[]> = fc.uniqueArray(
  fc.record({
    ordinal: fc.integer({ min: 1, max: 5_000 }),
    source: end,
    destination: end,
    volumePl: fc.integer({ min: 1, max: 2_000_000_000 }),
  }),
  { selector: (row) => row.ordinal },
);

const header =
  'Source Plate Name,Source Plate Barcode,Source Plate Type,Source Well,Destination Plate Name,Destination Plate Barcode,Destination Plate Type,Destination Well,Transfer Volume,Transfer Ordinal';
const line = (changes: Record<number, string> = {}): string =>
  ['PARTS', 'PARTS', 'echo-384', 'A1', 'ASM1', 'ASM1', 'pcr-96', 'B2', '782.5', '1']
    .map((cell, index) => changes[index] ?? cell)
    .join(',');

describe('picklist', () => {
  it('reads back exactly what it writes', () => {
    fc.assert(fc.property(rows, (given) => expect(readPicklist(writePicklist(given))).toEqual(given)));
  });

  it('writes nanolitres and unpadded wells in the columns of an Echo cherry pick', () => {
    const transfers = [
      { ordinal: 1, fromLabwareId: 'p', fromWell: 'A1', toLabwareId: 'a', toWell: 'B2', volumePl: 782_500 },
    ];
    const labware = (id: string) =>
      id === 'p' ? { barcode: 'PARTS', kind: 'echo-384' } : { barcode: 'ASM1', kind: 'pcr-96' };
    expect(writePicklist(toPicklistRows(transfers, labware))).toBe(`${header}\n${line()}\n`);
  });

  it('reads by header, in any column order and with CRLF', () => {
    const reversed = (text: string): string => text.split(',').reverse().join(',');
    expect(readPicklist(`${reversed(header)}\r\n${reversed(line({ 3: 'a01' }))}\r\n`)).toEqual(
      readPicklist(`${header}\n${line()}\n`),
    );
  });

  it.each([
    ['a missing column', header.replace('Transfer Ordinal', 'Comment'), line(), 'document-syntax'],
    ['a ragged line', header, 'PARTS,PARTS', 'document-syntax'],
    ['a volume of zero', header, line({ 8: '0' }), 'document-syntax'],
    ['a volume finer than a picolitre', header, line({ 8: '1.0005' }), 'document-syntax'],
    ['a volume that is no number', header, line({ 8: '1e3' }), 'document-syntax'],
    ['an ordinal of zero', header, line({ 9: '0' }), 'document-syntax'],
    ['an ordinal used twice', header, `${line()}\n${line()}`, 'document-syntax'],
    ['an absent barcode', header, line({ 1: '' }), 'document-syntax'],
    ['a well outside the plate', header, line({ 7: 'I1' }), 'out-of-range'],
    ['an unknown kind of plate', header, line({ 6: 'plate' }), 'unknown-reference'],
  ])('refuses %s', (_, head, body, code) => {
    expect(() => readPicklist(`${head}\n${body}\n`)).toThrow(expect.objectContaining({ code }));
  });
});
