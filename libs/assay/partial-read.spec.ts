import type { AssayPlan } from '../campaign/campaign';
import { judgePartial } from './partial-read';
import type { ReadingTable } from './readings';
import type { WellReadout } from './readout-values';

const assay = (method: 'ratio' | 'growth-rate', odWindow?: readonly [number, number]): AssayPlan =>
  ({
    reads: [],
    readouts: [{ id: 'x', method, od: 'od600', ...(odWindow ? { odWindow } : {}) }],
  }) as unknown as AssayPlan;
const table = (times: readonly number[]): ReadingTable =>
  ({ readings: times.map((timeS) => ({ well: 'A1', timeS })) }) as unknown as ReadingTable;
const value = (of: number | null, flags: WellReadout['flags'] = []): WellReadout => ({ well: 'A1', readout: 'x', value: of, flags }); // prettier-ignore

describe('a course of measurements that broke off', () => {
  it.each([
    ['a growth rate', assay('growth-rate')],
    ['a ratio inside an OD window', assay('ratio', [0.2, 0.4])],
  ])('keeps %s that had enough points, flagged', (_what, plan) => {
    const judged = judgePartial(plan, table([0, 600, 1200]), [value(0.7)], { expected: 37 });
    expect(judged).toEqual({ values: [value(0.7, ['partial-read'])], causes: [] });
  });

  it('has no ratio of its end, which it never reached, and then the plate is held', () => {
    const judged = judgePartial(assay('ratio'), table([0, 600]), [value(500)], { expected: 37 });
    expect(judged.values).toEqual([value(null, ['too-few-points', 'partial-read'])]);
    expect(judged.causes).toEqual(['the read broke off after 2 of 37 measurements: no readout has enough']);
  });

  it('is held when no well had enough points', () => {
    const judged = judgePartial(assay('growth-rate'), table([0]), [value(null, ['too-few-points'])], {});
    expect(judged.causes).toEqual(['the read broke off after 1 measurements: no readout has enough']);
  });
});
