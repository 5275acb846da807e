import type { AssayPlan, Control, Readout } from '../campaign/campaign';
import { blankSubtract } from './blank';
import { judgePlate } from './control-quality';
import type { Layout, WellUse } from './layout';
import { readMarsCsv } from './mars-reader';
import { writeMarsCsv, type MarsValue } from './mars-writer';
import { odByWell } from './optical-density';
import type { ReadingTable } from './readings';
import { readoutValues } from './readout-values';
import { aggregate } from './replicates';

const sample = (constructId: string, cloneId: string, cultureId: string): WellUse => ({
  role: 'sample',
  constructId,
  cloneId,
  cultureId,
});
const layout: Layout = {
  wells: {
    A1: sample('c1', 'c1.1', 'c1.1.1'),
    A2: sample('c1', 'c1.1', 'c1.1.1'),
    A3: sample('c1', 'c1.2', 'c1.2.1'),
    A4: sample('c2', 'c2.1', 'c2.1.1'),
    B1: { role: 'blank', controlId: 'medium' },
    B2: { role: 'blank', controlId: 'medium' },
    C1: { role: 'negative', controlId: 'empty' },
    C2: { role: 'negative', controlId: 'empty' },
    D1: { role: 'reference', controlId: 'known' },
    D2: { role: 'reference', controlId: 'known' },
  },
};
const od: Record<string, MarsValue> = {
  A1: 0.6,
  A2: 0.6,
  A3: 1.1,
  A4: 0.11,
  B1: 0.09,
  B2: 0.11,
  C1: 0.6,
  C2: 0.7,
  D1: 0.6,
  D2: 0.5,
};
const green: Record<string, MarsValue> = {
  A1: 600, A2: 700, A3: 1300, A4: 400, B1: 90, B2: 110, C1: 150, C2: 160, D1: 1100, D2: 920,
}; // prettier-ignore
const ratio: Readout = { id: 'green', unit: 'RFU/OD', method: 'ratio', signal: 'gfp', od: 'od' };
const assay: AssayPlan = {
  protocol: { id: 'plate-assay', version: '1' },
  medium: 'LB',
  temperatureC: 37,
  startOd: 0.05,
  reads: [
    { id: 'od', mode: 'absorbance', wavelengthNm: 600 },
    { id: 'gfp', mode: 'fluorescence', wavelengthNm: 485, emissionNm: 520, gain: 1000 },
  ],
  readouts: [ratio],
};
const controls: Control[] = [
  { id: 'medium', kind: 'blank', wellsPerPlate: 2, bands: [] },
  { id: 'empty', kind: 'negative', sample: 'S1', wellsPerPlate: 2, bands: [{ readout: 'green', low: 50, high: 150 }] },
  {
    id: 'known',
    kind: 'reference',
    sample: 'S2',
    wellsPerPlate: 2,
    bands: [{ readout: 'green', low: 1800, high: 2200 }],
  },
];

/** A plate as the reader would export it, read back. */
function plate(
  odValues: Record<string, readonly MarsValue[]>,
  greenValues: Record<string, readonly MarsValue[]>,
  timesS?: readonly number[],
): ReadingTable {
  const run = {
    plateBarcode: 'P1',
    wellCount: 24,
    testName: 'assay',
    testRunNumber: 1,
    measuredAt: '2026-03-01T14:05:00',
    ...(timesS ? { timesS } : {}),
    reads: [
      { mode: 'absorbance' as const, wavelengthNm: 600, values: odValues },
      { mode: 'fluorescence' as const, wavelengthNm: 485, emissionNm: 520, values: greenValues },
    ],
  };
  return readMarsCsv(writeMarsCsv(run));
}

const each = (values: Record<string, MarsValue>): Record<string, readonly MarsValue[]> =>
  Object.fromEntries(Object.entries(values).map(([well, value]) => [well, [value]]));
const endpoint = (changes: { od?: Record<string, MarsValue>; green?: Record<string, MarsValue> } = {}): ReadingTable =>
  plate(each({ ...od, ...changes.od }), each({ ...green, ...changes.green }));
const valueOf = (table: ReadingTable, well: string, plan = assay) =>
  readoutValues(plan, table, layout).find((value) => value.well === well);

describe('blank subtraction', () => {
  it('subtracts the mean blank of the same read and time', () => {
    const readings = blankSubtract(endpoint(), layout).readings.filter(({ well }) => well === 'A1');
    expect(readings.map(({ value }) => value)).toEqual([0.5, 500]);
  });

  it('follows a blank that drifts', () => {
    const drifting = plate({ A1: [0.5, 0.9], B1: [0.1, 0.2] }, { A1: [9, 9], B1: [1, 4] }, [0, 600]);
    const readings = blankSubtract(drifting, layout).readings.filter(({ well }) => well === 'A1');
    expect(readings.map(({ value }) => value?.toFixed(3))).toEqual(['0.400', '0.700', '8.000', '5.000']);
  });

  it('refuses when no blank can be read', () => {
    const blind = endpoint({ od: { B1: null, B2: 'overflow' } });
    expect(() => blankSubtract(blind, { wells: { B1: { role: 'blank' }, B2: { role: 'blank' } } })).toThrow(
      expect.objectContaining({ code: 'control-missing' }),
    );
  });
});

describe('a ratio at an endpoint', () => {
  it.each<[string, Parameters<typeof endpoint>[0], string, number | null, string[]]>([
    ['is signal over OD, both without blank', {}, 'A1', 1000, []],
    ['may be below zero', { green: { A1: 50 } }, 'A1', -100, []],
    ['is not taken where nothing grew', {}, 'A4', null, ['low-od']],
    ['is flagged when the signal overflows', { green: { A1: 'overflow' } }, 'A1', null, ['overflow']],
    ['is flagged when the detector is at its end', { green: { A1: 260_000 } }, 'A1', null, ['saturated']],
    ['is flagged when the OD is at its end', { od: { A1: 4 } }, 'A1', null, ['saturated']],
    ['is flagged when the well was not read', { od: { A1: null } }, 'A1', null, ['missing']],
  ])('%s', (_, changes, well, value, flags) => {
    const found = valueOf(endpoint(changes), well)!;
    expect(found.flags).toEqual(flags);
    if (value === null) expect(found.value).toBeNull();
    else expect(found.value).toBeCloseTo(value, 9);
  });

  it('has no value for blanks', () => {
    expect(valueOf(endpoint(), 'B1')).toBeUndefined();
  });

  it.each<[string, AssayPlan, string]>([
    [
      'a read is not in the file',
      { ...assay, reads: [{ id: 'od', mode: 'absorbance', wavelengthNm: 700 }, assay.reads[1]!] },
      'reader-file-refused',
    ],
    ['a readout names an unknown read', { ...assay, readouts: [{ ...ratio, signal: 'rfp' }] }, 'unknown-reference'],
    [
      'a growth rate is asked of an endpoint',
      { ...assay, readouts: [{ id: 'mu', unit: '1/h', method: 'growth-rate', od: 'od' }] },
      'too-few-measurements',
    ],
  ])('is refused when %s', (_, plan, code) => {
    expect(() => readoutValues(plan, endpoint(), layout)).toThrow(expect.objectContaining({ code }));
  });
});

describe('a kinetic run', () => {
  const timesS = Array.from({ length: 25 }, (_, i) => i * 600);
  const logistic = (t: number): number => 1.5 / (1 + (1.5 / 0.01 - 1) * Math.exp((-0.9 * t) / 3600));
  const kinetic = plate(
    { A1: timesS.map((t) => 0.1 + logistic(t)), A4: timesS.map(() => 0.1), B1: timesS.map(() => 0.1) },
    { A1: timesS.map((t) => 50 + 2000 * logistic(t)), A4: timesS.map(() => 50), B1: timesS.map(() => 50) },
    timesS,
  );
  const plan = (readout: Partial<Readout>): AssayPlan => ({ ...assay, readouts: [{ ...ratio, ...readout }] });

  it('averages the ratio inside the OD window', () => {
    expect(valueOf(kinetic, 'A1', plan({ odWindow: [0.1, 0.4] }))?.value).toBeCloseTo(2000, 6);
  });

  it.each<[string, string, [number, number], string]>([
    ['never reached the window', 'A1', [2, 3], 'outside-od-window'],
    ['never grew', 'A4', [0.1, 0.4], 'low-od'],
  ])('says why there is no ratio of a culture that %s', (_, well, odWindow, flag) => {
    expect(valueOf(kinetic, well, plan({ odWindow }))).toMatchObject({ value: null, flags: [flag] });
  });

  it('finds the steepest growth per hour', () => {
    const found = valueOf(kinetic, 'A1', plan({ method: 'growth-rate' }))!.value!;
    expect(found).toBeGreaterThan(0.85);
    expect(found).toBeLessThan(0.9);
  });

  it.each<[string, string, Partial<Readout>, string]>([
    ['never grew', 'A4', {}, 'low-od'],
    ['was seen too rarely in the window', 'A1', { odWindow: [0.1, 0.12] }, 'too-few-points'],
  ])('has no growth rate of a culture that %s', (_, well, readout, flag) => {
    expect(valueOf(kinetic, well, plan({ method: 'growth-rate', ...readout }))).toMatchObject({
      value: null,
      flags: [flag],
    });
  });
});

describe('replicates', () => {
  it('averages wells to cultures, cultures to clones and constructs', () => {
    const [c1] = aggregate(readoutValues(assay, endpoint(), layout), layout);
    expect(c1).toMatchObject({ kind: 'construct', id: 'c1', readout: 'green', n: 2, noGrowth: false });
    expect(c1!.mean).toBeCloseTo((1100 + 1200) / 2, 9);
    expect(c1!.sd).toBeCloseTo(Math.SQRT1_2 * 100, 9);
    expect(c1!.se).toBeCloseTo(50, 9);
    expect(c1!.ci95![1]).toBeCloseTo(1150 + 50 * 12.7062, 6);
    expect(c1!.clones.map(({ cloneId, n }) => [cloneId, n])).toEqual([
      ['c1.1', 1],
      ['c1.2', 1],
    ]);
    expect(c1!.clones[0]!.cultures[0]).toMatchObject({ cultureId: 'c1.1.1', n: 2, wells: ['A1', 'A2'] });
  });

  it('keeps a well without a value, with its reason, and calls a construct that never grew by its name', () => {
    const c2 = aggregate(readoutValues(assay, endpoint(), layout), layout).find(({ id }) => id === 'c2');
    expect(c2).toMatchObject({ mean: null, sd: null, n: 0, se: null, ci95: null, noGrowth: true });
    expect(c2!.excluded).toEqual([{ well: 'A4', value: null, reason: 'low-od' }]);
  });

  const six: Layout = {
    wells: Object.fromEntries(
      Array.from({ length: 18 }, (_, i) => [`A${i + 1}`, sample(`c${Math.floor(i / 3)}`, 'k', `u${i}`)]),
    ),
  };
  const measured = (values: readonly number[]) =>
    aggregate(
      values.map((value, i) => ({ well: `A${i + 1}`, readout: 'green', value, flags: [] })),
      six,
    );
  const calm = [100, 105, 95, 50, 52, 48, 80, 84, 76, 20, 21, 19, 60, 63, 57];

  it('sets a wild replicate aside and keeps it in the record', () => {
    const last = measured([...calm, 70, 71, 300]).at(-1)!;
    expect(last).toMatchObject({ mean: 70.5, n: 2 });
    expect(last.excluded).toEqual([{ well: 'A18', value: 300, reason: expect.stringContaining('outlier') as string }]);
  });

  it('does not call a well wild because two others happen to agree', () => {
    const last = measured([...calm, 70, 70.01, 76]).at(-1)!;
    expect(last.excluded).toEqual([]);
    expect(last.n).toBe(3);
  });

  it('calls nothing an outlier among two', () => {
    expect(measured([...calm, 70, 300]).at(-1)!.excluded).toEqual([]);
  });
});

describe('the verdict on a plate', () => {
  const judge = (table: ReadingTable) =>
    judgePlate({ campaign: { assay, controls }, table, layout, values: readoutValues(assay, table, layout) });

  it('is ok with all controls in their bands', () => {
    const verdict = judge(endpoint());
    expect(verdict).toMatchObject({ verdict: 'ok', causes: [] });
    const known = verdict.controls.find(({ controlId }) => controlId === 'known')!;
    expect(known).toMatchObject({ readout: 'green', n: 2 });
    expect(known.mean).toBeCloseTo((2000 + 2050) / 2, 9);
    expect(known.cv).toBeCloseTo(known.sd! / known.mean!, 12);
    expect(verdict.separation[0]!.zPrime).toBeGreaterThan(0.8);
  });

  it.each<[string, Parameters<typeof endpoint>[0], RegExp]>([
    ['the reference is too low', { green: { D1: 600, D2: 500 } }, /"known".*outside 1800 to 2200/],
    ['the negative control is too high', { green: { C1: 500 } }, /"empty".*outside/],
    ['a control did not grow', { od: { D1: 0.1, D2: 0.1 } }, /"known" has no value/],
    ['one blank grew', { od: { B2: 0.5 } }, /blank B2 grew/],
    ['all blanks grew', { od: { B1: 0.5, B2: 0.5 } }, /blank B1 grew/],
  ])('is held when %s', (_, changes, cause) => {
    const verdict = judge(endpoint(changes));
    expect(verdict.verdict).toBe('held');
    expect(verdict.causes.join('\n')).toMatch(cause);
  });

  it('is held when a blank rises during the run', () => {
    const wells = Object.keys(layout.wells);
    const course = (values: Record<string, MarsValue>, rise: number) =>
      Object.fromEntries(
        wells.map((well) => [well, [Number(values[well]), Number(values[well]) + (well === 'B1' ? rise : 0)]]),
      );
    const rising = plate(course(od, 0.12), course(green, 0), [0, 600]);
    expect(judge(rising).causes.join()).toContain('blank B1 grew');
  });
});

describe('optical density of cultures', () => {
  const options = { growthThresholdOd: 1, dilutionFactor: 10, pathLengthCm: 0.5 };

  it('corrects for blank, path and dilution', () => {
    const { wells } = odByWell(endpoint(), layout, options);
    expect(wells.find(({ well }) => well === 'A1')?.od).toBeCloseTo(10, 9);
    expect(wells.map(({ well }) => well)).not.toContain('B1');
  });

  it('tells what did not grow from what was not read, and counts an overflow as grown', () => {
    const table = endpoint({ od: { A1: 'overflow', A2: null } });
    expect(odByWell(table, layout, options)).toMatchObject({ notGrown: ['A4'], unread: ['A2'] });
    expect(odByWell(table, layout, options).wells[0]).toEqual({ well: 'A1', od: null, grew: true, flag: 'overflow' });
  });

  it('takes dilutions per well and a known blank where the plate has none', () => {
    const bare: Layout = { wells: { A1: layout.wells['A1']!, A3: layout.wells['A3']! } };
    const found = odByWell(endpoint(), bare, { growthThresholdOd: 1, dilutionFactor: { A1: 4 }, blankOd: 0.1 });
    expect(found.wells.map(({ od: value }) => value?.toFixed(3))).toEqual(['2.000', '1.000']);
    expect(() => odByWell(endpoint(), bare, { growthThresholdOd: 1 })).toThrow(
      expect.objectContaining({ code: 'control-missing' }),
    );
  });

  it('refuses a file without the read', () => {
    expect(() => odByWell(endpoint(), layout, { growthThresholdOd: 1, wavelengthNm: 700 })).toThrow(
      expect.objectContaining({ code: 'reader-file-refused' }),
    );
  });
});
