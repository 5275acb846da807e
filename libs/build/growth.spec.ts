import { readMarsCsv } from '../assay/mars-reader';
import { writeMarsCsv } from '../assay/mars-writer';
import { judgeBuild } from './build-verdict';
import type { CheckedCulture } from './growth';
import { culturesOd, planGrowth } from './growth';
import { remainingTransfers } from './retry';

const checked = (well: string, labwareKey = 'CUL1'): CheckedCulture => ({
  culture: { labwareId: 'cul', barcode: 'CUL', kind: 'deepwell-96', well, availablePl: 1, sampleId: `s-${well}` },
  labwareKey,
  odLabwareId: 'od',
  odWell: well,
});
const table = (values: Record<string, number | null | 'overflow'>) =>
  readMarsCsv(
    writeMarsCsv({
      plateBarcode: 'OD',
      wellCount: 96,
      testName: 'OD',
      testRunNumber: 1,
      measuredAt: '2026-01-05T08:00:00',
      reads: [
        {
          mode: 'absorbance',
          wavelengthNm: 600,
          values: Object.fromEntries(Object.entries(values).map(([well, value]) => [well, [value]])),
        },
      ],
    }),
  );

describe('optical densities of cultures', () => {
  it('subtract the blanks and undo the dilution, never below zero', () => {
    const read = table({ A1: 0.29, B1: 0.1, C1: 0.05, G12: 0.08, H12: 0.1 });
    const measured = culturesOd(['A1', 'B1', 'C1'].map((well) => checked(well)), new Map([['od', read]]), 600); // prettier-ignore
    expect(measured.map(({ od }) => Number(od?.toFixed(6)))).toEqual([4, 0.2, 0]);
  });

  it('are unknown where nothing was read and high where the reader stopped', () => {
    const read = table({ A1: null, B1: 'overflow', G12: 0.1, H12: 0.1 });
    const measured = culturesOd([checked('A1'), checked('B1'), { ...checked('C1'), odLabwareId: 'other' }], new Map([['od', read]]), 600); // prettier-ignore
    expect(measured.map(({ od }) => od)).toEqual([undefined, 80, undefined]);
  });
});

describe('growth', () => {
  it('names the grown wells of every plate it looked at', () => {
    const measured = [
      { ...checked('A1'), od: 4 },
      { ...checked('B1'), od: 0.2 },
      { ...checked('A1', 'CUL2'), od: undefined },
    ];
    expect(planGrowth(measured)).toMatchObject({
      values: { grownWells: { CUL1: ['A1'], CUL2: [] } },
      verdicts: { anythingGrew: 'yes' },
    });
    expect(planGrowth(measured.slice(1)).verdicts).toEqual({ anythingGrew: 'no' });
  });
});

describe('build verdict', () => {
  const facts = { reactions: 1, cultures: 2, grown: 2, accepted: 1 };
  const unit = (change: Partial<typeof facts>) => ({ name: 'u', facts: { ...facts, ...change } });

  it.each([
    ['built', [unit({})], unit({}), undefined],
    ['built', [unit({ accepted: 0 })], unit({}), undefined],
    ['failed-sequence', [unit({})], unit({ accepted: 0 }), /none of 2 clones/],
    ['failed-growth', [unit({})], unit({ accepted: 0, grown: 0 }), /none of 2 colonies/],
    ['failed-transformation', [unit({})], unit({ accepted: 0, grown: 0, cultures: 0 }), /no colonies/],
    ['failed-assembly', [unit({})], unit({ reactions: 0, cultures: 0, grown: 0, accepted: 0 }), /no reaction/],
    ['failed-transformation', [unit({ accepted: 0, cultures: 0 })], unit({ accepted: 0 }), /unit u: no colonies/],
  ])('is %s', (status, units, construct, reason) => {
    const verdict = judgeBuild(units, construct);
    expect(verdict.status).toBe(status);
    if (reason) expect(verdict.reason).toMatch(reason);
    else expect(verdict.reason).toBeUndefined();
  });
});

describe('retry', () => {
  const transfers = [1, 2, 3, 4, 5].map((ordinal) => ({
    ordinal,
    fromLabwareId: 'a',
    fromWell: 'A1',
    toLabwareId: 'b',
    toWell: ordinal <= 2 ? 'A1' : `B${ordinal}`,
    volumePl: 10,
  }));

  it('keeps ordinals and leaves out what happened, and every transfer into a well that is spoilt', () => {
    const whole = { lowPl: 10, highPl: 10 };
    const work = { transfers, moved: new Map([[1, whole], [3, whole]]), voidWells: new Set(['b/B4']) }; // prettier-ignore
    expect(remainingTransfers(work).map(({ ordinal }) => ordinal)).toEqual([2, 5]);
    const doubtful = new Map([[1, { lowPl: 0, highPl: 10 }], [3, whole]]); // prettier-ignore
    expect(remainingTransfers({ ...work, moved: doubtful }).map(({ ordinal }) => ordinal)).toEqual([5]);
  });

  it('adds what lacks of a transfer that surely moved too little, and nothing for what pipettes do', () => {
    const moved = new Map([[1, { lowPl: 4, highPl: 4 }], [2, { lowPl: 9.6, highPl: 9.6 }], [3, { lowPl: 5, highPl: 10 }], [4, { lowPl: 0, highPl: 0 }]]); // prettier-ignore
    const left = remainingTransfers({ transfers, moved, voidWells: new Set() });
    expect(left.map(({ ordinal, volumePl }) => [ordinal, volumePl])).toEqual([
      [1, 6],
      [4, 10],
      [5, 10],
    ]);
  });
});
