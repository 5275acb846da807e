import fc from 'fast-check';
import { DomainError } from '../errors/domain-error';
import { constructHash } from './canonical';
import { findPart, loadCollection } from './collections/collection';
import { cutPositions, digestToInsert } from './digest';
import { findEnzyme } from './enzymes';
import { assembleGoldenGate, joinToOneProduct } from './golden-gate';
import type { Molecule } from './molecule';
import { reverseComplement } from './sequence';

const collection = loadCollection('cidar-moclo', '1');
const part = (id: string): Molecule => findPart(collection, id);
const bsaI = findEnzyme('BsaI');
const bbsI = findEnzyme('BbsI');
const bsmBI = findEnzyme('BsmBI');
const redUnit = ['J23102_AB', 'BCD2_BC', 'E1010m_CD', 'B0015_DE', 'DVK_AE'].map(part);
const greenUnit = ['J23106_EB', 'B0034m_BC', 'E0040m_CD', 'B0015_DF', 'DVK_EF'].map(part);
const circle = (name: string, sequence: string): Molecule => ({ name, sequence, topology: 'circular' });

/** A BsmBI insert: site, one base, overhang, body, overhang, one base, site on the other strand. */
const insert = (name: string, left: string, body: string, right: string): Molecule =>
  circle(name, `CGTCTCA${left}${body}${right}TGAGACGTTTTTTTTTTTTTTTT`);

function refusal(work: () => unknown): DomainError {
  try {
    work();
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('level 1 and 2 of CIDAR MoClo', () => {
  it('makes exactly the published unit plasmid from five inputs', () => {
    const { products } = assembleGoldenGate(redUnit, bsaI);
    expect(products.map(({ sequence }) => sequence.length)).toEqual([3176]);
    expect(constructHash(products[0]?.sequence ?? '', 'circular')).toBe(
      'd42ae3b719f75dc990a26e30b8f0c81ad2eba78b76983428f8b30d8e23a335d3',
    );
  });

  it('joins two units in a second vector by another enzyme and carries the parts along as features', () => {
    const units = [redUnit, greenUnit].flatMap((pot) => assembleGoldenGate(pot, bsaI).products);
    const { products } = assembleGoldenGate([...units, part('DVA_AF')], bbsI);
    expect(products).toHaveLength(1);
    const [plasmid] = products;
    expect(plasmid?.features.map(({ name }) => name)).toEqual([
      ...['J23102_AB', 'BCD2_BC', 'E1010m_CD', 'B0015_DE'],
      ...['J23106_EB', 'B0034m_BC', 'E0040m_CD', 'B0015_DF', 'DVA_AF'],
    ]);
    for (const { name, start, end } of plasmid?.features ?? []) {
      const enzyme = name.startsWith('DVA') ? bbsI : bsaI;
      expect(plasmid?.sequence.slice(start, end)).toBe(digestToInsert(part(name), enzyme).insert);
    }
  });

  it('gives the same plasmid whatever the rotation, strand and order of the inputs', () => {
    const expected = constructHash(assembleGoldenGate(redUnit, bsaI).products[0]?.sequence ?? '', 'circular');
    const turned = redUnit.map((input) =>
      fc.tuple(fc.nat(input.sequence.length - 1), fc.boolean()).map(([by, other]) => {
        const rotated = input.sequence.slice(by) + input.sequence.slice(0, by);
        return circle(input.name, other ? reverseComplement(rotated) : rotated);
      }),
    );
    const pots = fc.tuple(...turned).chain((pot) => fc.shuffledSubarray(pot, { minLength: pot.length }));
    fc.assert(
      fc.property(pots, (pot) => {
        const hashes = assembleGoldenGate(pot, bsaI).products.map(({ sequence }) =>
          constructHash(sequence, 'circular'),
        );
        expect(hashes).toEqual([expected]);
      }),
      { numRuns: 40 },
    );
  });

  it('restores a plasmid when a cut is ligated again', () => {
    const vector = part('DVK_AE');
    const dropOut = circle('drop-out', vector.sequence);
    const [first = 0, second = 0] = cutPositions(dropOut, bsaI);
    const { left, insert: backbone, right } = digestToInsert(dropOut, bsaI);
    const restored = left + backbone + right + vector.sequence.slice(first + 4, second);
    expect(constructHash(restored, 'circular')).toBe(constructHash(vector.sequence, 'circular'));
  });
});

describe('cutting', () => {
  it.each([
    ['BsaI', 'AAAAGGTCTCTCCCCAAAA', 11],
    ['BsaI', reverseComplement('AAAAGGTCTCTCCCCAAAA'), 4],
    ['BbsI', 'AAAAGAAGACTTCCCCAAAA', 12],
    ['SapI', 'AAAAGCTCTTCTCCCAAAA', 12],
    ['PaqCI', 'AAAACACCTGCTTTTCCCCAAAA', 15],
  ])('%s opens %s at %i', (enzyme, sequence, expected) => {
    const molecule: Molecule = { name: 'line', sequence, topology: 'linear' };
    expect(cutPositions(molecule, findEnzyme(enzyme))).toEqual([expected]);
  });

  it('finds a site and a cut across the origin of a circle', () => {
    const whole = 'AAAAGGTCTCTCCCCAAAAAAAA';
    for (let by = 0; by < whole.length; by++) {
      const turned = circle('turned', whole.slice(by) + whole.slice(0, by));
      expect(cutPositions(turned, bsaI)).toEqual([(11 - by + whole.length) % whole.length]);
    }
  });

  it('makes no cut past the end of a line', () => {
    expect(cutPositions({ name: 'line', sequence: 'AAAAGGTCTCTCCC', topology: 'linear' }, bsaI)).toEqual([]);
  });

  it.each(['Esp3I', 'esp3i', 'BsmBI-v2'])('knows %s as BsmBI', (alias) => expect(findEnzyme(alias).name).toBe('BsmBI'));

  it('proposes the enzyme that was meant', () => expect(() => findEnzyme('BsaL')).toThrow(/did you mean BsaI/));
});

describe('refusals name the reason and the part', () => {
  const pot = (replaced: string, by: string): Molecule[] =>
    redUnit.map((input) => (input.name === replaced ? part(by) : input));

  it.each([
    ['an internal site', pot('J23102_AB', 'R0063_AB'), 'internal-site', 'R0063_AB'],
    ['a fusion site that nothing joins', pot('E1010m_CD', 'BCD8_BC'), 'no-product', 'BCD2_BC'],
    ['an input the enzyme does not open', [...redUnit, circle('plain', 'ACGT'.repeat(50))], 'not-opened', 'plain'],
  ])('%s', (_, inputs, reason, culprit) => {
    const { code, details } = refusal(() => assembleGoldenGate(inputs, bsaI));
    expect([code, details['reason'], details['part']]).toEqual(['assembly-refused', reason, culprit]);
  });

  it.each([
    ['a palindromic overhang', insert('odd', 'GATC', 'AAAACCCC', 'GGAG'), 'palindromic-overhang'],
    ['an unknown base in an overhang', insert('odd', 'GANC', 'AAAACCCC', 'GGAG'), 'ambiguous-base-in-overhang'],
    ['a single site', circle('odd', `CGTCTCA${'ACTG'.repeat(10)}`), 'no-insert'],
    ['cuts that overlap', circle('odd', `CGTCTCAACTTGAGACG${'ACTG'.repeat(10)}`), 'overlapping-sites'],
  ])('%s', (_, input, reason) => {
    const { details } = refusal(() => digestToInsert(input, bsmBI));
    expect([details['reason'], details['part']]).toEqual([reason, 'odd']);
  });

  it('a site that only the ligation makes', () => {
    const pieces = [insert('one', 'GGAG', 'AAAACCCC', 'GTCT'), insert('two', 'GTCT', 'CAAACCCC', 'GGAG')];
    const { details } = refusal(() => assembleGoldenGate(pieces, bsmBI));
    expect(details['reason']).toBe('new-site-in-product');
  });

  it('a pot with two products, where one is wanted', () => {
    const pieces = [
      insert('base', 'GGAG', 'AAAACCCC', 'TACT'),
      insert('first', 'TACT', 'AACCAACC', 'GGAG'),
      insert('other', 'TACT', 'TTCCAACC', 'GGAG'),
    ];
    expect(assembleGoldenGate(pieces, bsmBI).products).toHaveLength(2);
    const fragments = pieces.map((piece) => digestToInsert(piece, bsmBI));
    expect(refusal(() => joinToOneProduct(fragments, bsmBI)).details['reason']).toBe('ambiguous-products');
  });

  it('a part that the only product leaves out', () => {
    const pieces = [
      insert('base', 'GGAG', 'AAAACCCC', 'TACT'),
      insert('rest', 'TACT', 'AACCAACC', 'GGAG'),
      insert('lost', 'CCAA', 'TTCCAACC', 'GGTA'),
    ];
    const fragments = pieces.map((piece) => digestToInsert(piece, bsmBI));
    const { details } = refusal(() => joinToOneProduct(fragments, bsmBI));
    expect([details['reason'], details['part']]).toEqual(['part-left-out', 'lost']);
  });
});
