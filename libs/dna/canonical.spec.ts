import fc from 'fast-check';
import { canonicalCircle, constructHash } from './canonical';
import { isPalindrome, parseSequence, reverseComplement } from './sequence';

const dna = (minLength: number, maxLength: number) =>
  fc.array(fc.constantFrom('A', 'C', 'G', 'T'), { minLength, maxLength }).map((bases) => bases.join(''));
const rotate = (sequence: string, by: number): string => sequence.slice(by) + sequence.slice(0, by);

describe('canonicalCircle', () => {
  it('is the least rotation over both strands', () => {
    fc.assert(
      fc.property(dna(1, 60), (sequence) => {
        const strands = [sequence, reverseComplement(sequence)];
        const all = strands.flatMap((strand) => [...strand].map((_, by) => rotate(strand, by))).sort();
        expect(canonicalCircle(sequence)).toBe(all[0]);
      }),
    );
  });

  it('finds the least rotation of sequences with few distinct letters and long repeats', () => {
    const repetitive = fc.array(fc.constantFrom('A', 'AA', 'AC', 'AAC'), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(repetitive, (words) => {
        const sequence = words.join('');
        const strands = [sequence, reverseComplement(sequence)];
        const all = strands.flatMap((strand) => [...strand].map((_, by) => rotate(strand, by))).sort();
        expect(canonicalCircle(sequence)).toBe(all[0]);
      }),
    );
  });
});

describe('constructHash', () => {
  it('does not change under rotation, strand or letter case of a circle', () => {
    fc.assert(
      fc.property(dna(2, 80), fc.nat(), (sequence, by) => {
        const other = reverseComplement(rotate(sequence, by % sequence.length)).toLowerCase();
        expect(constructHash(other, 'circular')).toBe(constructHash(sequence, 'circular'));
      }),
    );
  });

  it('tells a line from a circle and a line from its rotation', () => {
    expect(constructHash('AACGT', 'linear')).not.toBe(constructHash('AACGT', 'circular'));
    expect(constructHash('AACGG', 'linear')).not.toBe(constructHash('ACGGA', 'linear'));
    expect(constructHash('AACGG', 'linear')).toBe(constructHash('CCGTT', 'linear'));
  });

  it('is the SHA-256 of the bare canonical form of a circle', () => {
    // printf AACG | sha256sum
    expect(constructHash('GAAC', 'circular')).toBe('6a1fbac47b4b57d5713435f0dfb063eb2bad10ecf18cedf640bda56f34d2221f');
  });
});

describe('sequences', () => {
  it('reverse complements every IUPAC letter, twice being the identity', () => {
    expect(reverseComplement('ACGTRYSWKMBDHVN')).toBe('NBDHVKMWSRYACGT');
    fc.assert(fc.property(dna(0, 50), (sequence) => reverseComplement(reverseComplement(sequence)) === sequence));
  });

  it('reads lower case and white space', () => expect(parseSequence(' acg\n tn ')).toBe('ACGTN'));

  it.each([
    ['', /empty/],
    ['ACGU', /"U" at position 4/],
    ['AC-T', /"-" at position 3/],
  ])('refuses %j', (text, message) => expect(() => parseSequence(text, 'part')).toThrow(message));

  it.each([
    ['GATC', true],
    ['GGAG', false],
  ])('knows whether %s is a palindrome', (overhang, expected) => expect(isPalindrome(overhang)).toBe(expected));
});
