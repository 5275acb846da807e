import { constructHash } from '../dna/canonical';
import { reverseComplement } from '../dna/sequence';
import type { CloneVerdictRequest } from './clone-verdicts';
import { judgeClones, readConsensusFasta } from './clone-verdicts';

const sequence = 'ACGTTGCAACGGATCTTAGC';
const turned = reverseComplement(sequence.slice(7) + sequence.slice(0, 7));
const mutated = `T${sequence.slice(1)}`;
const expected = [
  { constructId: 'c1', name: 'one', sequenceSha256: constructHash(sequence, 'circular'), lengthBp: 20, accepted: 0 },
];
const clones = ['a', 'b', 'c'].map((cloneId) => ({ cloneId, constructId: 'c1' }));
const wells = ['a', 'b', 'c'].map((cloneId, index) => ({ cloneId, barcode: 'CUL', well: `A${index + 1}` }));
const read = (well: string, found: string, depth = 60) => ({ barcode: 'CUL', well, depth, sequence: found });
const judge = (change: Partial<CloneVerdictRequest>) =>
  judgeClones({ clones, wells, consensus: [], expected, clonesWanted: 1, ...change });

describe('consensus FASTA', () => {
  it('reads header and wrapped sequence', () => {
    expect(readConsensusFasta('>CUL|A1|57\nACGT\nACGT\n>CUL|B1|9|mixed=0.30\r\nttaa\r\n')).toEqual([
      { barcode: 'CUL', well: 'A1', depth: 57, sequence: 'ACGTACGT' },
      { barcode: 'CUL', well: 'B1', depth: 9, sequence: 'TTAA', mixed: 0.3 },
    ]);
  });

  it('reads an empty file as no sequence', () => expect(readConsensusFasta('')).toEqual([]));

  it.each(['ACGT', '>CUL|A1\nACGT', '>CUL|A1|many\nACGT'])('refuses %j', (text) => {
    expect(() => readConsensusFasta(text)).toThrow(expect.objectContaining({ code: 'reader-file-refused' }));
  });
});

describe('clone verdicts', () => {
  it('accept the first perfect clone, whatever its strand and origin, and keep the verdict of the others', () => {
    const { clones: judged, plan } = judge({
      consensus: [read('A1', mutated), read('A2', turned), read('A3', sequence)],
    });
    expect(judged.map(({ verdict, accepted }) => [verdict, accepted])).toEqual([
      ['wrong-sequence', false],
      ['perfect', true],
      ['perfect', false],
    ]);
    expect(plan).toMatchObject({ values: { built: ['c1'], failed: [] }, verdicts: { everyDesignBuilt: 'yes' } });
  });

  it.each([
    ['not sequenced', [], /no consensus/],
    ['read too thinly', [read('A1', sequence, 9)], /depth 9/],
    ['of another length', [read('A1', sequence.slice(1))], /19 bp instead of 20/],
    ['changed in one base', [read('A1', mutated)], /other bases/],
    ['mixed with a second plasmid', [{ ...read('A1', sequence), mixed: 0.4 }], /40 %/],
  ])('call a clone wrong that is %s', (_, consensus, reason) => {
    const { clones: judged, plan } = judge({ clones: clones.slice(0, 1), consensus });
    expect(judged).toEqual([expect.objectContaining({ verdict: 'wrong-sequence', accepted: false })]);
    expect(judged[0]?.reason).toMatch(reason);
    expect(plan.verdicts).toEqual({ everyDesignBuilt: 'no' });
  });

  it('accept as many clones as are wanted, those of earlier passes counted', () => {
    const consensus = [read('A1', sequence), read('A2', sequence), read('A3', sequence)];
    const counted = (accepted: number) =>
      judge({ consensus, clonesWanted: 2, expected: expected.map((construct) => ({ ...construct, accepted })) }).clones.filter((clone) => clone.accepted).length; // prettier-ignore
    expect([0, 1, 2].map(counted)).toEqual([2, 1, 0]);
  });

  it('say that another pass is needless when nothing is expected', () => {
    expect(judge({ clones: [], expected: [] }).plan.verdicts).toEqual({ everyDesignBuilt: 'yes' });
  });
});
