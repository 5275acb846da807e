import type { Outcome } from '../../libs/device/job';
import { stockLabware } from '../../apps/virtual-lab/inventory';
import { truthOf } from '../../apps/virtual-lab/physics/truth';
import { readMarsCsv } from '../../libs/assay/mars-reader';
import type { Line } from './lab-bench';
import { freshDir, hourMs, LabBench } from './lab-bench';

const rows = 'ABCDEFGH';
const wells = Array.from({ length: 24 }, (_, at) => `${rows[at % 8]}${Math.floor(at / 8) + 1}`);
const reads = [
  { id: 'od', mode: 'absorbance' as const, wavelengthNm: 600 },
  { id: 'gfp', mode: 'fluorescence' as const, wavelengthNm: 485, emissionNm: 520 },
];

/** Steps of one plate: controls to cultures to a read. Each step names its plate only, as a campaign's step keys do. */
function stepsOf(bench: LabBench, name: string): (() => Promise<Outcome | void>)[] {
  const [starter, assay, key] = [`deepwell-96.${name}`, `read-96.${name}`, `r1/test/${name}`];
  const all = (from: (well: string) => string, ul: number): Line[] => wells.map((well) => [from(well), well, ul]);
  return [
    () =>
      bench.transfer(
        `${key}/medium`,
        'STOCK-MEDIUM-1',
        starter,
        all(() => 'A1', 500),
      ),
    () =>
      bench.transfer(
        `${key}/inoculate`,
        'STOCK-CONTROLS-1',
        starter,
        all(() => 'A2', 2),
      ),
    () => bench.incubate(starter, 16 * hourMs),
    () =>
      bench.transfer(
        `${key}/assay`,
        'STOCK-MEDIUM-1',
        assay,
        all(() => 'A3', 190),
      ),
    () =>
      bench.transfer(
        `${key}/dilute`,
        starter,
        assay,
        all((well) => well, 10),
      ),
    () => bench.operate('reader-1', `${key}/read`, 'read-plate', assay, { reads, every: '20min', for: '4h' }),
  ];
}

async function valuesOf(bench: LabBench, outcome: Outcome | void): Promise<unknown> {
  const sha256 = outcome ? (outcome.files[0]?.sha256 ?? '') : '';
  return readMarsCsv(await bench.lab.files.read(sha256)).readings.map(({ well, mode, timeS, value }) => [well, mode, timeS, value]); // prettier-ignore
}

/** Does the steps of two plates in an order; gives what their reads said. */
async function measured(order: readonly ('P' | 'Q')[], seed = 7): Promise<Record<string, unknown>> {
  const bench = await LabBench.open(freshDir(), seed);
  const steps = { P: stepsOf(bench, 'P'), Q: stepsOf(bench, 'Q') };
  const last: Record<string, Outcome | void> = {};
  for (const name of order) last[name] = await steps[name].shift()?.();
  const found = { P: await valuesOf(bench, last.P), Q: await valuesOf(bench, last.Q) };
  await bench.lab.close();
  return found;
}

describe('chance in the virtual lab', () => {
  it('is the same for a seed in whatever order the plates are worked on', async () => {
    const oneByOne = await measured(['P', 'P', 'P', 'P', 'P', 'P', 'Q', 'Q', 'Q', 'Q', 'Q', 'Q']);
    const together = await measured(['Q', 'P', 'Q', 'P', 'Q', 'Q', 'P', 'P', 'Q', 'Q', 'P', 'P']);
    expect(together).toEqual(oneByOne);
    expect(oneByOne.P).not.toEqual(oneByOne.Q);
  });

  it('is another for another seed', async () => {
    const order = ['P', 'P', 'P', 'P', 'P', 'P', 'Q', 'Q', 'Q', 'Q', 'Q', 'Q'] as const;
    expect((await measured(order, 8)).P).not.toEqual((await measured(order, 7)).P);
  });
});

describe('the ground truth', () => {
  it('is the mean of what many wells read, blank subtracted', async () => {
    const bench = await LabBench.open(freshDir());
    let ratios: number[] = [];
    for (const name of ['T1', 'T2', 'T3']) {
      let outcome: Outcome | void = undefined;
      for (const step of stepsOf(bench, name)) outcome = await step();
      const table = readMarsCsv(await bench.lab.files.read(outcome?.files[0]?.sha256 ?? ''));
      const at = (well: string, mode: string): number => table.readings.filter((one) => one.well === well && one.mode === mode).at(-1)?.value ?? NaN; // prettier-ignore
      const grown = wells.filter((well) => at(well, 'absorbance') > 0.5);
      ratios = ratios.concat(grown.map((well) => (at(well, 'fluorescence') - 150) / (at(well, 'absorbance') - 0.09)));
    }
    const mean = ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length;
    const control = stockLabware().find(({ contentRole }) => contentRole === 'controls')?.wells[1]?.sequence ?? '';
    const assay = { reads, readouts: [{ id: 'gfp_per_od', unit: 'RFU/OD', method: 'ratio' as const, signal: 'gfp', od: 'od' }] }; // prettier-ignore
    const truth = truthOf(control, bench.lab.truth.plasmids, assay).readouts.gfp_per_od ?? NaN;
    expect(ratios.length).toBeGreaterThan(60);
    expect(Math.abs(mean / truth - 1)).toBeLessThan(0.025);
    await bench.lab.close();
  });
});
