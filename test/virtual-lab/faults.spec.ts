import { expandOrdinals } from '../../libs/device/job';
import type { Line } from './lab-bench';
import { freshDir, LabBench } from './lab-bench';

const water: Line[] = Array.from({ length: 10 }, (_, at) => ['A3', `A${at + 1}`, 5]);

describe('faults of the virtual lab', () => {
  let bench: LabBench;
  const newJob = () => bench.transferJob('r1/x', 'STOCK-REAGENTS-1', 'pcr-96.A', water);
  const filled = (): number => [...(bench.lab.truth.find('pcr-96.A')?.wells.values() ?? [])].length;

  beforeEach(async () => {
    bench = await LabBench.open(freshDir());
    await bench.bring('lh-1', 'STOCK-REAGENTS-1', 'pcr-96.A');
  });
  afterEach(() => bench.lab.close());

  it('an instrument that crashes is silent until it is repaired, then says how far it came', async () => {
    await bench.lab.fault({ kind: 'crash', device: 'lh-1', afterTransfers: 4 });
    const job = newJob();
    await bench.begin('lh-1', job);
    await expect(bench.lab.observe('lh-1', job.dispatchId, 0)).rejects.toMatchObject({ status: 503 });
    expect(() => bench.lab.stage('lh-1', newJob())).toThrow(/does not answer/);
    await bench.lab.fault({ kind: 'repair', device: 'lh-1' });
    const { outcome } = await bench.lab.observe('lh-1', job.dispatchId, 0);
    expect(outcome).toMatchObject({ result: 'failed', transfers: { done: [[1, 4]], uncertain: [[5, 5]] }, problem: { code: 'instrument-crashed' } }); // prettier-ignore
    expect([4, 5]).toContain(filled());
    expect(await bench.run('lh-1', newJob())).toMatchObject({ result: 'succeeded' });
  });

  it('the self-test of an instrument passes only when it answers and rests', async () => {
    expect(bench.lab.selfTest('lh-1')).toMatchObject({ passed: true });
    const job = newJob();
    await bench.begin('lh-1', job);
    expect(bench.lab.selfTest('lh-1')).toEqual({ passed: false, message: 'still at r1/x' });
    await bench.lab.fault({ kind: 'crash', device: 'lh-1', afterTransfers: 1 });
    expect(() => bench.lab.selfTest('lh-1')).toThrow(/does not answer/);
    await bench.lab.fault({ kind: 'repair', device: 'lh-1' });
    expect(bench.lab.selfTest('lh-1')).toMatchObject({ passed: true });
  });

  it('what an instrument has forgotten a person still sees in the wells', async () => {
    await bench.lab.fault({ kind: 'crash', device: 'lh-1', afterTransfers: 6, forgets: true });
    const job = newJob();
    await bench.begin('lh-1', job);
    const seen = { done: [[1, 6]], uncertain: [[7, 7]], complete: false, running: false };
    expect(bench.lab.inspect('lh-1', job.dispatchId)).toEqual(seen);
    expect(bench.lab.stateOf('lh-1')).toBe('dead');
    await bench.lab.fault({ kind: 'repair', device: 'lh-1' });
    expect(await bench.lab.observe('lh-1', job.dispatchId, 0)).toEqual({ state: 'lost' });
    expect(bench.lab.inspect('lh-1', job.dispatchId)).toEqual(seen);
    expect(() => bench.lab.inspect('lh-2', job.dispatchId)).toThrow(/nothing of/);
  });

  it('a crash in the middle of a run breaks that run off', async () => {
    const job = newJob();
    await bench.begin('lh-1', job);
    await bench.lab.fault({ kind: 'crash', device: 'lh-1', afterTransfers: 2 });
    await bench.lab.fault({ kind: 'repair', device: 'lh-1' });
    expect(await bench.end('lh-1', job.dispatchId)).toMatchObject({ transfers: { done: [[1, 2]] } });
  });

  it('an instrument that is gone stays gone, and the others go on', async () => {
    await bench.lab.fault({ kind: 'gone', device: 'lh-1' });
    const job = newJob();
    await bench.begin('lh-1', job);
    await expect(bench.lab.fault({ kind: 'repair', device: 'lh-1' })).rejects.toMatchObject({ status: 409 });
    await expect(bench.lab.observe('lh-1', job.dispatchId, 0)).rejects.toMatchObject({ status: 503 });
    await bench.bring('lh-2', 'STOCK-REAGENTS-1', 'pcr-96.B');
    const other = bench.transferJob('r1/y', 'STOCK-REAGENTS-1', 'pcr-96.B', water);
    expect(await bench.run('lh-2', other)).toMatchObject({ result: 'succeeded' });
  });

  it('a dead instrument is dead after a restart of the lab too', async () => {
    const dir = freshDir();
    const first = await LabBench.open(dir);
    await first.bring('lh-1', 'STOCK-REAGENTS-1', 'pcr-96.A');
    await first.lab.fault({ kind: 'crash', device: 'lh-1' });
    await first.begin('lh-1', first.transferJob('r1/x', 'STOCK-REAGENTS-1', 'pcr-96.A', water));
    await first.lab.close();
    const again = await LabBench.open(dir);
    expect(() => again.lab.stage('lh-1', newJob())).toThrow(/does not answer/);
    await again.lab.close();
  });

  it('a liar says that all is done; the log knows better', async () => {
    await bench.lab.fault({ kind: 'lie', device: 'lh-1', afterTransfers: 3 });
    const outcome = await bench.run('lh-1', newJob());
    expect(outcome).toMatchObject({ result: 'succeeded', transfers: { done: [[1, 10]], uncertain: [] } });
    expect(filled()).toBe(3);
    const [ran] = (await bench.lab.history()).flatMap((line) => (line.t === 'start' && line.job.stepKey === 'r1/x' ? [line.job] : [])); // prettier-ignore
    expect(bench.lab.inspect('lh-1', ran?.dispatchId ?? '')).toMatchObject({ done: [[1, 3]], complete: false });
    const end = (await bench.lab.history()).find((line) => line.t === 'end' && line.stepKey === 'r1/x');
    expect(end).toMatchObject({ really: { done: [[1, 3]] } });
  });

  it('a slow device says beforehand that it will take longer', async () => {
    const { durationMs } = bench.lab.stage('lh-1', newJob());
    await bench.lab.fault({ kind: 'slow', device: 'lh-1', factor: 3 });
    expect(bench.lab.stage('lh-1', newJob()).durationMs).toBe(3 * durationMs);
  });

  it('a stalled run goes on after its lab time is over', async () => {
    await bench.lab.fault({ kind: 'stall', device: 'lh-1', forMs: 60 });
    const job = newJob();
    bench.lab.moveTime(await bench.begin('lh-1', job));
    expect(await bench.lab.observe('lh-1', job.dispatchId, 0)).toMatchObject({ state: 'running' });
    expect(await bench.end('lh-1', job.dispatchId)).toMatchObject({ result: 'succeeded' });
  });

  it('a person told to mis-scan moves nothing once', async () => {
    await bench.lab.fault({ kind: 'mis-scan', device: 'bench-2' });
    const move = () => bench.job('r1/fetch', { capability: 'move-labware', operation: 'fetch', labware: [bench.labware('plate', 'pcr-96.A')], parameters: { place: 'hotel' } }); // prettier-ignore
    expect(await bench.run('bench-2', move())).toMatchObject({ result: 'failed', problem: { code: 'wrong-barcode' } });
    expect(bench.lab.truth.find('pcr-96.A')?.place).toBe('deck-lh-1');
    expect(await bench.run('bench-2', move())).toMatchObject({ result: 'succeeded' });
    expect(bench.lab.truth.find('pcr-96.A')?.place).toBe('hotel');
  });

  it('a stopped run reports the same transfers as the log', async () => {
    const job = newJob();
    await bench.begin('lh-1', job);
    await bench.lab.stop('lh-1', job.dispatchId);
    const { transfers } = await bench.end('lh-1', job.dispatchId);
    const made = (await bench.lab.history()).flatMap((line) => (line.t === 'transfer' ? [line.ordinal] : []));
    const surely = expandOrdinals(transfers?.done ?? []);
    expect(made.slice(0, surely.length)).toEqual(surely);
    expect(made.slice(surely.length).every((ordinal) => expandOrdinals(transfers?.uncertain ?? []).includes(ordinal))).toBe(true); // prettier-ignore
  });
});
