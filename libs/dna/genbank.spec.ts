import fc from 'fast-check';
import type { GenbankRecord } from './genbank';
import { readGenbank, writeGenbank } from './genbank';

const record: GenbankRecord = {
  name: 'pTwo_colours',
  sequence: 'ACGTN'.repeat(31),
  topology: 'circular',
  definition:
    'Two units, each with a promoter, an RBS, a coding sequence and a terminator, joined in the vector DVA_AF',
  date: '21-NOV-2026',
  features: [
    { name: 'J23100_AB', role: 'SO:0000167', start: 0, end: 35, strand: 1 },
    { name: 'called "green" by some', start: 40, end: 60, strand: -1 },
    { name: 'across the origin', role: 'SO:0000316', start: 150, end: 160, strand: 1 },
    { name: 'across it on the other strand', role: 'SO:0000755', start: 140, end: 170, strand: -1 },
  ],
};

describe('GenBank', () => {
  it('reads back everything it wrote', () => {
    expect(readGenbank(writeGenbank(record))).toEqual({ ...record, skipped: [] });
  });

  it('reads back any features and sequence', () => {
    const feature = fc
      .record({ name: fc.stringMatching(/^[ -~]*[!-~]$/), start: fc.nat(99), length: fc.integer({ min: 1, max: 99 }) })
      .map(({ name, start, length }) => ({ name: name.trim().replace(/ +/g, ' '), start, end: start + length }));
    fc.assert(
      fc.property(fc.array(feature), fc.constantFrom(1 as const, -1 as const), (spans, strand) => {
        const features = spans.map((span) => ({ ...span, strand }));
        const written = writeGenbank({ ...record, sequence: 'ACGTT'.repeat(20), features });
        expect(readGenbank(written).features).toEqual(features);
      }),
    );
  });

  it('writes a location across the origin as a join', () => {
    expect(writeGenbank(record)).toContain('join(151..155,1..5)');
    expect(writeGenbank(record)).toContain('complement(join(141..155,1..15))');
  });

  it('says which locations it could not read', () => {
    const text = writeGenbank(record).replace('1..35', 'join(1..5,9..35)');
    expect(readGenbank(text).skipped).toEqual(['promoter join(1..5,9..35)']);
  });

  it.each([
    ['no LOCUS line', writeGenbank(record).replace('LOCUS', 'LOKUS'), /no GenBank LOCUS/],
    ['a length that disagrees', writeGenbank(record).replace('155 bp', '154 bp'), /LOCUS line says 154/],
  ])('refuses %s', (_, text, message) => expect(() => readGenbank(text)).toThrow(message));
});
