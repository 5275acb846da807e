import { readMarsCsv } from '../../libs/assay/mars-reader';
import { readConsensusFasta } from '../../libs/build/clone-verdicts';
import { expandOrdinals } from '../../libs/device/job';
import { growth } from '../../apps/virtual-lab/physics/constants';
import { stockLabware } from '../../apps/virtual-lab/inventory';
import { findLabwareKind } from '../../libs/labware/kinds';
import { canonicalWell } from '../../libs/labware/wells';
import type { Line } from './lab-bench';
import { freshDir, hourMs, LabBench } from './lab-bench';

const water: Line[] = Array.from({ length: 12 }, (_, at) => ['A3', `A${at + 1}`, 5]);
const controlReads = [
  { id: 'od', mode: 'absorbance', wavelengthNm: 600 },
  { id: 'gfp', mode: 'fluorescence', wavelengthNm: 485, emissionNm: 520 },
];

describe('the virtual lab', () => {
  let bench: LabBench;
  beforeEach(async () => {
    bench = await LabBench.open(freshDir());
  });
  afterEach(() => bench.lab.close());

  const volumesUl = (barcode: string): Record<string, number> => {
    const wells = bench.lab.truth.find(barcode)?.wells ?? new Map();
    return Object.fromEntries([...wells].map(([name, { volumePl }]) => [name, volumePl / 1e6]));
  };

  it('does exactly what the worklist says, right or wrong', async () => {
    const lines: Line[] = [['A3', 'B2', 7.5], ['A1', 'B2', 2.5], ['A3', 'H12', 1]]; // prettier-ignore
    const outcome = await bench.transfer('r1/x', 'STOCK-REAGENTS-1', 'pcr-96.A', lines);
    expect(outcome).toMatchObject({ result: 'succeeded', transfers: { done: [[1, 3]], uncertain: [] } });
    expect(volumesUl('pcr-96.A')).toEqual({ B2: 10, H12: 1 });
    expect(bench.lab.truth.well({ barcode: 'pcr-96.A', well: 'B2' }).liquids).toEqual({ water: 7.5e6, 'golden-gate-mix-BsaI': 2.5e6 }); // prettier-ignore
  });

  it('logs each transfer with its ordinal, ends, volume, tip and a rising lab time', async () => {
    await bench.transfer('r1/x', 'STOCK-REAGENTS-1', 'pcr-96.A', water);
    const made = (await bench.lab.history()).flatMap((line) => (line.t === 'transfer' ? [line] : []));
    expect(made.map(({ ordinal, tip }) => [ordinal, tip])).toEqual(water.map((_, at) => [at + 1, at + 1]));
    expect(made[3]).toMatchObject({ stepKey: 'r1/x', from: { barcode: 'STOCK-REAGENTS-1', well: 'A3' }, to: { barcode: 'pcr-96.A', well: 'A4' }, volumePl: 5e6 }); // prettier-ignore
    expect(made.every(({ labTime }, at) => at === 0 || labTime > (made[at - 1]?.labTime ?? 0))).toBe(true);
  });

  it('moves nothing into or out of a sealed plate and says which it is', async () => {
    await bench.operate('sealer-1', 'r1/seal', 'seal', 'pcr-96.A', { seal: 'foil' });
    const outcome = await bench.transfer('r1/x', 'STOCK-REAGENTS-1', 'pcr-96.A', water);
    expect(outcome).toMatchObject({ result: 'failed', problem: { code: 'sealed' }, transfers: { done: [] } });
    expect(outcome.problem?.message).toContain('pcr-96.A');
    await bench.operate('sealer-1', 'r1/peel', 'peel', 'pcr-96.A');
    expect(await bench.transfer('r1/x', 'STOCK-REAGENTS-1', 'pcr-96.A', water)).toMatchObject({ result: 'succeeded' });
  });

  it('names the transfers it could not make and makes the others', async () => {
    await bench.transfer('r1/x', 'STOCK-REAGENTS-1', 'pcr-96.A', [['A3', 'A1', 10]]);
    const lines: Line[] = [['A1', 'A1', 6], ['A1', 'A2', 6], ['A1', 'A3', 3]]; // prettier-ignore
    const outcome = await bench.transfer('r1/y', 'pcr-96.A', 'pcr-96.B', lines);
    expect(outcome).toMatchObject({ result: 'failed', problem: { code: 'source-empty' } });
    expect(expandOrdinals(outcome.transfers?.done ?? [])).toEqual([1, 3]);
    expect(volumesUl('pcr-96.B')).toEqual({ A1: 6, A3: 3 });
  });

  it('refuses to overfill a well', async () => {
    const outcome = await bench.transfer('r1/x', 'STOCK-REAGENTS-1', 'pcr-96.A', [['A3', 'A1', 150], ['A3', 'A1', 60]]); // prettier-ignore
    expect(outcome).toMatchObject({ problem: { code: 'well-overfull' }, transfers: { done: [[1, 1]] } });
    expect(volumesUl('pcr-96.A')).toEqual({ A1: 150 });
  });

  it('says where labware is that does not stand on the deck', async () => {
    const job = bench.transferJob('r1/x', 'STOCK-REAGENTS-1', 'pcr-96.A', water);
    const outcome = await bench.run('lh-2', job);
    expect(outcome).toMatchObject({ result: 'failed', problem: { code: 'labware-missing' } });
    expect(outcome.problem?.message).toMatch(/STOCK-REAGENTS-1 is at fridge-4, not at deck-lh-2/);
  });

  it('starts a dispatch once, whatever happened to it since', async () => {
    await bench.bring('lh-1', 'STOCK-REAGENTS-1', 'pcr-96.A');
    const job = bench.transferJob('r1/x', 'STOCK-REAGENTS-1', 'pcr-96.A', water);
    const until = await bench.begin('lh-1', job);
    const again = (): Promise<void> => bench.lab.start('lh-1', job.dispatchId, bench.lab.now, until);
    await expect(again()).rejects.toMatchObject({ status: 409, code: 'started-before' });
    bench.lab.moveTime(until);
    await bench.end('lh-1', job.dispatchId);
    bench.lab.stage('lh-1', job);
    await expect(again()).rejects.toMatchObject({ status: 409, code: 'started-before' });
    expect(volumesUl('pcr-96.A').A1).toBe(5);
  });

  it('does one thing at a time on a device', async () => {
    await bench.bring('lh-1', 'STOCK-REAGENTS-1', 'pcr-96.A');
    await bench.begin('lh-1', bench.transferJob('r1/x', 'STOCK-REAGENTS-1', 'pcr-96.A', water));
    const second = bench.transferJob('r1/y', 'STOCK-REAGENTS-1', 'pcr-96.A', water);
    await expect(bench.begin('lh-1', second)).rejects.toMatchObject({ status: 409, code: 'busy' });
  });

  it('ends a run when its lab time has come, not before', async () => {
    await bench.bring('lh-1', 'STOCK-REAGENTS-1', 'pcr-96.A');
    const job = bench.transferJob('r1/x', 'STOCK-REAGENTS-1', 'pcr-96.A', water);
    const until = await bench.begin('lh-1', job);
    bench.lab.moveTime(until - 1);
    expect(await bench.lab.observe('lh-1', job.dispatchId, 20)).toMatchObject({ state: 'running' });
    bench.lab.moveTime(until);
    expect(await bench.end('lh-1', job.dispatchId)).toMatchObject({ result: 'succeeded', labEndedAt: new Date(until).toISOString() }); // prettier-ignore
  });

  it('has people who take their own time and now and then scan the wrong labware, moving nothing', async () => {
    const results = { succeeded: 0, failed: 0 };
    const durations = new Set<number>();
    for (let at = 0; at < 300; at++) {
      const barcode = `pcr-96.M${at}`;
      const job = bench.job(`r1/${at}`, { capability: 'move-labware', operation: 'store', labware: [bench.labware('plate', barcode)], effects: [{ role: 'plate', toPlace: 'hotel' }] }); // prettier-ignore
      durations.add(bench.lab.stage('bench-1', job).durationMs);
      const outcome = await bench.run('bench-1', job);
      results[outcome.result]++;
      expect(bench.lab.truth.find(barcode)?.place).toBe(outcome.result === 'succeeded' ? 'hotel' : 'consumables');
      if (outcome.result === 'failed') expect(outcome.problem?.code).toBe('wrong-barcode');
    }
    expect(results.failed).toBeGreaterThan(0);
    expect(results.failed).toBeLessThan(20);
    expect(durations.size).toBeGreaterThan(250);
  });

  it('grows controls from their stock and reads them into a file a MARS reader understands', async () => {
    const wells = ['A1', 'A2'];
    await bench.transfer(
      'r1/medium',
      'STOCK-MEDIUM-1',
      'deepwell-96.S',
      [...wells, 'B1'].map((well): Line => ['A1', well, 500]),
    );
    await bench.transfer(
      'r1/inoculate',
      'STOCK-CONTROLS-1',
      'deepwell-96.S',
      wells.map((well): Line => [well, well, 2]),
    );
    await bench.incubate('deepwell-96.S', 16 * hourMs);
    await bench.transfer(
      'r1/dilute',
      'STOCK-MEDIUM-1',
      'read-96.R',
      [...wells, 'B1'].map((well): Line => ['A1', well, 190]),
    );
    await bench.transfer(
      'r1/sample',
      'deepwell-96.S',
      'read-96.R',
      [...wells, 'B1'].map((well): Line => [well, well, 10]),
    );
    const outcome = await bench.operate('reader-1', 'r1/read', 'read-plate', 'read-96.R', { reads: controlReads });
    const table = readMarsCsv(await bench.lab.files.read(outcome.files[0]?.sha256 ?? ''));
    expect(table.plateBarcode).toBe('read-96.R');
    const value = (mode: string, well: string): number => table.readings.find((reading) => reading.mode === mode && reading.well === well)?.value ?? NaN; // prettier-ignore
    const od = (value('absorbance', 'A1') - value('absorbance', 'B1')) * 20;
    expect(od).toBeGreaterThan(0.7 * (growth.saturationOd['deepwell-96'] ?? 0));
    expect(value('fluorescence', 'A2')).toBeGreaterThan(3 * value('fluorescence', 'A1'));
    expect(table.readings.filter(({ value: found }) => found !== null)).toHaveLength(6);
  });

  it('reads a kinetic run that lasts as long as it says, with cultures that grow meanwhile', async () => {
    await bench.transfer('r1/medium', 'STOCK-MEDIUM-1', 'read-96.R', [['A3', 'A1', 198], ['A3', 'A2', 200]]); // prettier-ignore
    await bench.transfer('r1/inoculate', 'STOCK-CONTROLS-1', 'read-96.R', [['A1', 'A1', 2]]);
    const outcome = await bench.operate('reader-1', 'r1/read', 'read-plate', 'read-96.R', { reads: controlReads, every: '10min', for: '6h' }); // prettier-ignore
    expect(Date.parse(outcome.labEndedAt ?? '') - Date.parse(outcome.labStartedAt ?? '')).toBeGreaterThanOrEqual(6 * hourMs); // prettier-ignore
    const table = readMarsCsv(await bench.lab.files.read(outcome.files[0]?.sha256 ?? ''));
    const course = table.readings.filter(({ mode, well }) => mode === 'absorbance' && well === 'A1').map(({ value }) => value ?? 0); // prettier-ignore
    expect(course).toHaveLength(37);
    expect((course[36] ?? 0) - (course[0] ?? 0)).toBeGreaterThan(0.5);
  });

  it('reports the colonies it saw and leaves out picks where there are none', async () => {
    const outcome = await pickedFrom(bench, 6);
    const seen = (outcome.facts?.colonies as Record<string, Record<string, number>>)['agar-48.G']?.A1 ?? 0;
    expect(outcome.result).toBe('succeeded');
    expect(seen).toBeLessThan(6);
    expect(expandOrdinals(outcome.transfers?.done ?? [])).toHaveLength(seen);
  });

  it('sequences what is really in the wells it is asked for', async () => {
    await bench.bring('sequencer', 'STOCK-CONTROLS-1');
    const outcome = await bench.operate('sequencer', 'r1/seq', 'sequence', 'STOCK-CONTROLS-1', { wells: ['A2'] });
    const [read, ...others] = readConsensusFasta(
      (await bench.lab.files.read(outcome.files[0]?.sha256 ?? '')).toString(),
    );
    expect(others).toEqual([]);
    const control = stockLabware().find(({ contentRole }) => contentRole === 'controls')?.wells[1];
    const { plasmids } = bench.lab.truth;
    expect(plasmids.keyOf(read?.sequence ?? '')).toBe(plasmids.keyOf(control?.sequence ?? ''));
    expect(read).toMatchObject({ barcode: 'STOCK-CONTROLS-1', well: 'A2' });
  });

  it('gets plasmid out of a grown culture, whatever the volume asked for', async () => {
    await bench.transfer('r1/medium', 'STOCK-MEDIUM-1', 'deepwell-96.S', [['A1', 'A1', 1000]]);
    await bench.transfer('r1/inoculate', 'STOCK-CONTROLS-1', 'deepwell-96.S', [['A2', 'A1', 2]]);
    await bench.incubate('deepwell-96.S', 16 * hourMs);
    const outcome = await bench.transfer('r1/mini', 'deepwell-96.S', 'echo-384.M', [['A1', 'C3', 40]], 'purify');
    const found = (outcome.facts?.concentrationsNgPerUl as Record<string, Record<string, number>>)['echo-384.M']?.C3;
    expect(found).toBeGreaterThan(25);
    expect(found).toBeLessThan(100);
    expect(volumesUl('echo-384.M')).toEqual({ C3: 40 });
  });
});

/** Three transformants' worth of cells on one region, and so many picks of it. */
async function pickedFrom(bench: LabBench, picks: number) {
  const parts = stockLabware().find(({ contentRole }) => contentRole === 'parts')?.wells ?? [];
  const vector = parts.find(({ code }) => code === 'DVA_AF')?.well ?? '';
  await bench.transfer('r1/cells', 'STOCK-CELLS-1', 'pcr-96.T', [['A1', 'A1', 20]]);
  await bench.transfer('r1/dna', 'STOCK-PARTS-1', 'pcr-96.T', [[vector, 'A1', 0.002]]);
  await bench.operate('cycler-1', 'r1/shock', 'thermocycle', 'pcr-96.T', { program: 'heat-shock' });
  await bench.transfer('r1/spread', 'pcr-96.T', 'agar-48.G', [['A1', 'A1', 5]]);
  await bench.incubate('agar-48.G', 16 * hourMs);
  await bench.transfer('r1/medium', 'STOCK-MEDIUM-1', 'deepwell-96.C', Array.from({ length: picks }, (_, at): Line => ['A1', `A${at + 1}`, 1000])); // prettier-ignore
  return bench.transfer('r1/pick', 'agar-48.G', 'deepwell-96.C', Array.from({ length: picks }, (_, at): Line => ['A1', `A${at + 1}`, 0.001]), 'pick-colonies'); // prettier-ignore
}

describe('the stock of the virtual lab', () => {
  it('fits its labware: wells exist and hold no more than they can', () => {
    for (const { barcode, kind, wells } of stockLabware()) {
      const found = findLabwareKind(kind);
      expect(barcode.length).toBeLessThanOrEqual(32);
      expect(new Set(wells.map(({ well }) => canonicalWell(well, found))).size).toBe(wells.length);
      for (const { volumeUl } of wells) expect(volumeUl).toBeLessThanOrEqual(found.maxUl);
    }
  });
});
