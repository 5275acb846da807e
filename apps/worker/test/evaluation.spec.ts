import type { WellUse } from '../../../libs/assay/layout';
import { writeMarsCsv } from '../../../libs/assay/mars-writer';
import { parseCampaign, shippedContext } from '../../../libs/campaign/document/parse-campaign';
import { exampleCampaignText } from '../../../libs/campaign/library/examples';
import type { Campaign } from '../../../libs/campaign/campaign';
import { judgeDesigns } from './design-verdicts';
import type { EvaluatedPlate, ReadPlate } from './evaluation';
import { evaluatePlates } from './evaluation';
import { constructValues, measurementsOf } from './round-values';

const campaign = ((): Campaign => {
  const parsed = parseCampaign(exampleCampaignText('single-unit'), shippedContext());
  if (!parsed.ok) throw new Error('the example does not validate');
  return parsed.campaign;
})();

const use = (role: WellUse['role'], sampleId: string, more: Partial<WellUse> = {}): WellUse => ({ role, sampleId, ...more }); // prettier-ignore
const wells: Record<string, WellUse> = {
  A1: use('blank', 'b1', { controlId: 'blank' }),
  A2: use('blank', 'b2', { controlId: 'blank' }),
  B1: use('reference', 'r1', { controlId: 'reference', cultureId: 'kr' }),
  C1: use('sample', 's1', { constructId: 'c1', cloneId: 'l1', cultureId: 'k1' }),
  C2: use('sample', 's2', { constructId: 'c1', cloneId: 'l1', cultureId: 'k2' }),
  D1: use('sample', 's3', { constructId: 'c2', cloneId: 'l2', cultureId: 'k3' }),
};
const all = new Set(Object.values(wells).map(({ sampleId }) => sampleId as string));

/** A plate whose wells shine with a value over OD; absent wells are empty. */
function plate(key: string, shine: Record<string, number>, od: Record<string, number> = {}): ReadPlate {
  const odOf = (well: string): number => od[well] ?? (shine[well] === undefined ? 0 : 0.4);
  const read = (value: (well: string) => number) => Object.fromEntries(Object.keys(wells).map((well) => [well, [value(well)]])); // prettier-ignore
  const content = writeMarsCsv({
    plateBarcode: key,
    wellCount: 96,
    testName: 'T',
    testRunNumber: 1,
    measuredAt: '2026-01-05T08:00:00',
    reads: [
      { mode: 'absorbance', wavelengthNm: 600, values: read((well) => 0.09 + odOf(well)) },
      { mode: 'fluorescence', wavelengthNm: 485, emissionNm: 520, values: read((well) => 100 + odOf(well) * (shine[well] ?? 0)) }, // prettier-ignore
    ],
  });
  const file = { dispatchId: `d-${key}`, sha256: 'ab', content: Buffer.from(content) };
  return { plate: { key, labwareId: `id-${key}`, barcode: key, kind: 'read-96' }, wells, file };
}
const good = { B1: 1000, C1: 200, C2: 400, D1: 600 };
const evaluated = (result: ReturnType<typeof evaluatePlates>): EvaluatedPlate[] => result.values['plates'] as EvaluatedPlate[]; // prettier-ignore

describe('evaluation of plates', () => {
  it('gives every usable well its readout and says that the controls are in band', () => {
    const result = evaluatePlates(campaign, [plate('P1', good)], all, 1);
    expect(result.verdicts).toEqual({ controlsInBand: 'yes' });
    const values = evaluated(result)[0]?.values.map(({ well, value }) => [well, Math.round(value ?? NaN)]);
    expect(values).toEqual([['B1', 1000], ['C1', 200], ['C2', 400], ['D1', 600]]); // prettier-ignore
  });

  it('holds a plate whose reference leaves its band and keeps its values out of the constructs', () => {
    const result = evaluatePlates(campaign, [plate('P1', { ...good, B1: 10 }), plate('P2', good)], all, 2);
    expect(result).toMatchObject({ values: { platesHeld: ['P1'] }, verdicts: { controlsInBand: 'no' } });
    const { values } = constructValues(campaign, evaluated(result));
    expect(values.find(({ constructId }) => constructId === 'c1')).toMatchObject({ cultures: 2, wells: 2, plates: 1 });
    const states = evaluated(result).map((each) => new Set(measurementsOf(campaign, each).map(({ state }) => state)));
    expect(states).toEqual([new Set(['held']), new Set(['ok'])]);
  });

  it('holds a plate whose file cannot be read, naming what is wrong', () => {
    const cut = plate('P1', good);
    const content = cut.file.content.subarray(0, 300);
    const result = evaluatePlates(campaign, [{ ...cut, file: { ...cut.file, content } }], all, 1);
    expect(evaluated(result)[0]).toMatchObject({ verdict: 'held', values: [] });
    expect(result.summary).toMatch(/1 held: P1: Line/);
  });

  it('flags what a broken course still tells, and holds a plate of which it tells nothing', () => {
    const broken = plate('P1', good);
    const partial = { ...broken, file: { ...broken.file, partial: { every: '10min', for: '6h' } } };
    const [readout] = campaign.assay.readouts;
    const inWindow = { ...campaign, assay: { ...campaign.assay, readouts: [{ ...readout, odWindow: [0.1, 1] }] } } as Campaign; // prettier-ignore
    const [kept] = evaluated(evaluatePlates(inWindow, [partial], all, 1));
    expect(kept?.verdict).toBe('ok');
    expect(new Set(measurementsOf(inWindow, kept as EvaluatedPlate).map(({ state, flags }) => `${state} ${flags.join()}`))).toEqual(new Set(['flagged partial-read'])); // prettier-ignore
    expect(constructValues(inWindow, [kept as EvaluatedPlate]).values).toHaveLength(2);
    const [held] = evaluated(evaluatePlates(campaign, [partial], all, 1));
    expect(held).toMatchObject({
      verdict: 'held',
      causes: expect.arrayContaining([
        'the read broke off after 1 of 37 measurements: no readout has enough',
      ]) as string[],
    });
  });

  it('says no while a plate was not read at all', () => {
    expect(evaluatePlates(campaign, [plate('P1', good)], all, 2).verdicts).toEqual({ controlsInBand: 'no' });
  });

  it('leaves void samples out, and names their wells', () => {
    const usable = new Set([...all].filter((id) => id !== 's2'));
    const [only] = evaluated(evaluatePlates(campaign, [plate('P1', good)], usable, 1));
    expect(only?.voidWells).toEqual(['C2']);
    const { values } = constructValues(campaign, [only as EvaluatedPlate]);
    expect(values.find(({ constructId }) => constructId === 'c1')).toMatchObject({ mean: expect.closeTo(200, 6) as number, cultures: 1 }); // prettier-ignore
  });

  it('averages cultures over plates, with an interval', () => {
    const plates = evaluated(evaluatePlates(campaign, [plate('P1', good), plate('P2', good)], all, 2));
    const second = { ...(plates[1] as EvaluatedPlate), wells: { ...wells, C1: { ...wells['C1'], cultureId: 'k8' }, C2: { ...wells['C2'], cultureId: 'k9' } } as Record<string, WellUse> }; // prettier-ignore
    const { values } = constructValues(campaign, [plates[0] as EvaluatedPlate, second]);
    const c1 = values.find(({ constructId }) => constructId === 'c1');
    expect(c1).toMatchObject({ mean: expect.closeTo(300, 6) as number, clones: 1, cultures: 4, wells: 4, plates: 2 });
    expect(c1?.low).toBeLessThan(300);
  });
});

describe('design verdicts', () => {
  const design = (designIndex: number, constructId: string, status = 'built') =>
    ({ designIndex, constructId, status, round: 1, position: designIndex, name: constructId, choice: {}, arm: 'x' }) as never; // prettier-ignore
  const judge = (plates: EvaluatedPlate[], notGrown: string[] = []) => {
    const { values, noGrowth } = constructValues(campaign, plates);
    const designs = [design(1, 'c1'), design(2, 'c2'), design(3, 'c3', 'failed-sequence')];
    return judgeDesigns({ designs, objectives: ['gfp_per_od'], values, noGrowth, notGrown: new Set(notGrown), plates });
  };
  const run = (shine: Record<string, number>, od?: Record<string, number>): EvaluatedPlate[] =>
    evaluated(evaluatePlates(campaign, [plate('P1', shine, od)], all, 1));

  it('are measured with a value of every objective, and leave what failed in Build alone', () => {
    expect(judge(run(good))).toEqual([
      { designIndex: 1, status: 'measured' },
      { designIndex: 2, status: 'measured' },
    ]);
  });

  it('are held with the causes of their plate', () => {
    const [first] = judge(run({ ...good, B1: 10 }));
    expect(first).toMatchObject({
      status: 'held',
      reason: expect.stringMatching(/^P1: control "reference"/) as string,
    });
  });

  it('fail to grow in the assay or in their starter cultures', () => {
    expect(judge(run(good, { D1: 0.001 }))[1]).toMatchObject({ status: 'failed-growth', reason: 'no assay culture grew' }); // prettier-ignore
    expect(judge([], ['c2'])[1]).toMatchObject({ status: 'failed-growth', reason: 'no starter culture grew' });
  });
});
