import fc from 'fast-check';
import { parseTime } from './mars-labels';
import { readMarsCsv } from './mars-reader';
import { writeMarsCsv, type MarsRun, type MarsValue } from './mars-writer';
import { columnsFor, wellsOf } from './plate-grid';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const rows = 'ABCDEFGH'.split('');
const grid = (value: (well: string) => string, end = ''): string =>
  [
    `,1,2,3,4,5,6,7,8,9,10,11,12${end}`,
    ...rows.map((r) => [r, ...Array.from({ length: 12 }, (_, c) => value(`${r}${c + 1}`))].join(',')),
  ].join('\r\n');
const head = (date = '29/02/2016', time = '14:34:46'): string =>
  `User: USER,Path: C:\\BMG\\User\\Data,Test run no.: 65\r\nTest name: growth,Date: ${date},Time: ${time}\r\n\r\nID1: P-0001,ID2: 20 ul,\r\n`;
const endpoint = `${head()}Absorbance\r\n\r\nRaw Data  (450)\r\n\r\n${grid(() => '0.5', ',')}\r\n\r\n`;
const kinetic = `${head()}Absorbance\r\n\r\nWell Row,Well Col,Content,Raw Data (600),Raw Data (600)\r\n,,Time,0 h ,0 h 60 min\r\nA,1,Sample X1,0.081,0.097\r\n\r\nC,2,Sample X26,0.09,0.1\r\n`;

describe('reading a MARS export', () => {
  it('reads an endpoint grid with its header', () => {
    const table = readMarsCsv(bytes(endpoint));
    expect(table).toMatchObject({
      plateBarcode: 'P-0001',
      testName: 'growth',
      testRun: '65',
      measuredAt: '2016-02-29T14:34:46',
      ids: ['P-0001', '20 ul'],
    });
    expect(table.readings).toHaveLength(96);
    expect(table.readings[95]).toEqual({
      plateBarcode: 'P-0001',
      label: '450',
      mode: 'absorbance',
      wavelengthNm: 450,
      well: 'H12',
      timeS: null,
      value: 0.5,
      derived: false,
      line: 17,
    });
  });

  it('reads a kinetic table with blank lines between its rows', () => {
    const { readings } = readMarsCsv(bytes(kinetic));
    expect(readings.map(({ well, timeS, value }) => [well, timeS, value])).toEqual([
      ['A1', 0, 0.081],
      ['A1', 3600, 0.097],
      ['C2', 0, 0.09],
      ['C2', 3600, 0.1],
    ]);
  });

  it('reads times out of column names', () => {
    const text = kinetic
      .replace(',,Time,0 h ,0 h 60 min\r\n', '')
      .replace('Raw Data (600),Raw Data (600)', 'Raw Data (600) 1 - 0 h,Raw Data (600) 2 - 0 h 10 min');
    expect(readMarsCsv(bytes(text)).readings.map(({ timeS }) => timeS)).toEqual([0, 600, 0, 600]);
  });

  it('reads absorbance, fluorescence and blank-corrected blocks of one file', () => {
    const blocks = ['Raw Data (600 1)', 'Raw Data (485-15/520-20 2)', 'Blank corrected based on Raw Data (600 1)'];
    const text = `${head()}Absorbance,Fluorescence (FI),multichromatic\r\n${blocks.map((b) => `${b}\r\n\r\n${grid(() => '7')}\r\n`).join('\r\n')}`;
    const { readings } = readMarsCsv(bytes(text));
    expect(readings).toHaveLength(288);
    expect(readings[96]).toMatchObject({ mode: 'fluorescence', wavelengthNm: 485, emissionNm: 520, derived: false });
    expect(readings[192]).toMatchObject({ mode: 'absorbance', wavelengthNm: 600, derived: true });
  });

  it.each<[string, string, number | null, string | undefined]>([
    ['an empty well', '', null, 'missing'],
    ['an overflow', 'overflow', null, 'overflow'],
    ['a value above the range', '>260000', null, 'overflow'],
    ['a value below the range', '<0.000', null, 'underflow'],
    ['a true zero', '0.0', 0, undefined],
    ['a negative value', '-0.003', -0.003, undefined],
    ['an exponent', '1.5E-3', 0.0015, undefined],
  ])('takes %s as it is', (_, cell, value, flag) => {
    const [first] = readMarsCsv(bytes(endpoint.replace('0.5', cell))).readings;
    expect([first?.value, first?.flag]).toEqual([value, flag]);
  });

  it.each<[string, string, string | undefined]>([
    ['5/14/2021', '3:29:50 PM', '2021-05-14T15:29:50'],
    ['6/1/2021', '12:05:00 AM', '2021-06-01T00:05:00'],
    ['03/04/2021', '10:00:00', '2021-04-03T10:00:00'],
    ['14.05.2021', '10:00:00', '2021-05-14T10:00:00'],
    ['3/4/2021', '10:00:00', undefined],
  ])('dates %s %s as %s', (date, time, measuredAt) => {
    const text = `${head(date, time)}Absorbance\r\nRaw Data (450 1)\r\n${grid(() => '0.5')}\r\n`;
    expect(readMarsCsv(bytes(text)).measuredAt).toBe(measuredAt);
  });

  it('reads latin-1, UTF-16 and a byte-order mark', () => {
    const text = endpoint.replace('growth', 'µ-growth');
    const latin1 = Uint8Array.from(text, (char) => char.charCodeAt(0));
    const utf16 = Uint8Array.from([
      0xff,
      0xfe,
      ...[...text].flatMap((c) => [c.charCodeAt(0) & 255, c.charCodeAt(0) >> 8]),
    ]);
    for (const file of [latin1, utf16, bytes(`\uFEFF${text}`)]) expect(readMarsCsv(file).testName).toBe('µ-growth');
  });

  it.each([
    ['1 h 5 min 30 s', 3930],
    ['0 h', 0],
    ['90', 90],
    ['0:05:30', 330],
    ['', undefined],
    ['soon', undefined],
  ])('understands the time "%s" as %s s', (text, seconds) => {
    expect(parseTime(text)).toBe(seconds);
  });
});

describe('refusing what does not parse whole', () => {
  it.each<[string, string, number, RegExp]>([
    ['another file', 'Software Version,3.1\r\n', 1, /User:/],
    ['an unknown mode', endpoint.replace('Absorbance', 'Luminescence'), 5, /known mode/],
    ['a read the modes do not declare', endpoint.replace('(450)', '(485/520)'), 7, /declared mode/],
    ['an unknown block', endpoint.replace('Raw Data', 'Well Scan: Average'), 7, /Raw Data/],
    ['a header only', head(), 5, /mode line/],
    ['no block', `${head()}Absorbance\r\n`, 6, /Raw Data/],
    ['a missing row', endpoint.replace(/\r\nD,.*/, ''), 13, /row D/],
    ['a short row', endpoint.replace(/(\r\nD(,0\.5){11}),0\.5/, '$1'), 13, /12 wells/],
    ['a long row', endpoint.replace(/(\r\nD,)/, '$10.1,'), 13, /12 wells/],
    ['a grid that is no plate', endpoint.replace(',10,11,12,', ','), 9, /plate/],
    ['a word for a number', endpoint.replace('0.5', 'o.5'), 10, /a number/],
    ['a repeated read', `${endpoint}Raw Data (450)\r\n${grid(() => '1')}\r\n`, 19, /once/],
    ['text after the grid', `${endpoint}over and out\r\n`, 19, /block/],
    ['a short kinetic row', kinetic.replace(',0.097', ''), 9, /2 values/],
    ['a repeated well', kinetic.replace('C,2', 'A,1'), 11, /every well once/],
    ['a bad time', kinetic.replace('0 h 60 min', 'later'), 8, /a time/],
    ['a table without wells', kinetic.split('\r\n').slice(0, 8).join('\r\n') + '\r\n', 8, /rows of wells/],
  ])('%s', (_, text, line, expected) => {
    expect(() => readMarsCsv(bytes(text))).toThrow(
      expect.objectContaining({
        code: 'reader-file-refused',
        details: { line, expected: expect.stringMatching(expected) as string, found: expect.any(String) as string },
      }),
    );
  });

  it('refuses a grid cut anywhere', () => {
    const whole = endpoint.trimEnd();
    for (let length = 0; length <= whole.length; length++) {
      expect(() => readMarsCsv(bytes(whole.slice(0, length)))).toThrow(
        expect.objectContaining({ code: 'reader-file-refused' }),
      );
    }
  });

  it('refuses a table that lacks wells the caller expects', () => {
    expect(readMarsCsv(bytes(kinetic), { wells: ['A1', 'C2'] }).readings).toHaveLength(4);
    expect(() => readMarsCsv(bytes(kinetic), { wells: ['A1', 'B1'] })).toThrow(/wells B1/);
  });
});

describe('what the writer writes', () => {
  const text = fc.stringMatching(/^[A-Za-z0-9µ°ß_.-]([A-Za-z0-9µ°ß _.-]{0,18}[A-Za-z0-9_-])?$/);
  const value: fc.Arbitrary<MarsValue> = fc.oneof(
    { weight: 6, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true, min: -10, max: 260_000 }) },
    { weight: 1, arbitrary: fc.constantFrom(null, 'overflow' as const) },
  );
  const plates = fc.constantFrom(6, 12, 24, 48, 96, 384);
  const times = fc.option(
    fc
      .uniqueArray(fc.integer({ min: 0, max: 90_000 }), { minLength: 1, maxLength: 4 })
      .map((t) => t.sort((a, b) => a - b)),
    { nil: undefined },
  );
  const runs: fc.Arbitrary<MarsRun> = fc
    .tuple(plates, times, fc.integer({ min: 1, max: 3 }), fc.boolean(), text, text, fc.infiniteStream(value))
    .map(([wellCount, timesS, readCount, decimalComma, plateBarcode, testName, stream]) => ({
      plateBarcode,
      wellCount,
      testName,
      testRunNumber: 12,
      measuredAt: '2026-03-01T14:05:00',
      decimalComma,
      ...(timesS ? { timesS } : {}),
      reads: Array.from({ length: readCount }, (_, i) => ({
        ...(i === 0
          ? { mode: 'absorbance' as const, wavelengthNm: 600 }
          : { mode: 'fluorescence' as const, wavelengthNm: 480 + i, emissionNm: 520 }),
        values: Object.fromEntries(
          wellsOf(columnsFor(wellCount)!).map((well) => [well, (timesS ?? [0]).map(() => stream.next().value)]),
        ),
      })),
    }));

  it('is read back exactly', () => {
    fc.assert(
      fc.property(runs, (run) => {
        const table = readMarsCsv(writeMarsCsv(run), { wells: wellsOf(columnsFor(run.wellCount)!) });
        expect(table).toMatchObject({
          plateBarcode: run.plateBarcode,
          testName: run.testName,
          testRun: '12',
          measuredAt: run.measuredAt,
        });
        const expected = run.reads.flatMap(({ values, ...read }) =>
          Object.entries(values).flatMap(([well, list]) =>
            list.map((v, t) => {
              const timeS = run.timesS?.[t] ?? null;
              const flag = v === null ? 'missing' : v === 'overflow' ? 'overflow' : undefined;
              return JSON.stringify([
                read.mode,
                read.wavelengthNm,
                read.emissionNm,
                well,
                timeS,
                flag ? null : v,
                flag,
              ]);
            }),
          ),
        );
        const found = table.readings.map((r) =>
          JSON.stringify([r.mode, r.wavelengthNm, r.emissionNm, r.well, r.timeS, r.value, r.flag]),
        );
        expect(found.sort()).toEqual(expected.sort());
      }),
      { numRuns: 60 },
    );
  });

  it.each<[string, Partial<MarsRun>]>([
    ['a plate that does not exist', { wellCount: 100 }],
    ['a separator in a text', { testName: 'a,b' }],
    ['times that fall', { timesS: [10, 5] }],
    ['no reads', { reads: [] }],
    ['a well outside the plate', { reads: [{ mode: 'absorbance', wavelengthNm: 600, values: { A13: [1] } }] }],
    ['fluorescence without emission', { reads: [{ mode: 'fluorescence', wavelengthNm: 485, values: {} }] }],
    ['too many values', { reads: [{ mode: 'absorbance', wavelengthNm: 600, values: { A1: [1, 2] } }] }],
  ])('never holds %s', (_, changes) => {
    const run: MarsRun = {
      plateBarcode: 'P1',
      wellCount: 96,
      testName: 'x',
      testRunNumber: 1,
      measuredAt: '2026-03-01T14:05:00',
      reads: [{ mode: 'absorbance', wavelengthNm: 600, values: {} }],
    };
    expect(() => writeMarsCsv({ ...run, ...changes })).toThrow(expect.objectContaining({ code: 'out-of-range' }));
  });
});
