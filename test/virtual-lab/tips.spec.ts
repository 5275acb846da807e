import { freshDir, LabBench } from './lab-bench';

const sources = Array.from({ length: 11 }, (_, at) => `A${at + 1}`);

describe('tips of the virtual liquid handler', () => {
  it('come from the box on its deck, one per source, and end a run part-way when there are none', async () => {
    const dir = freshDir();
    const bench = await LabBench.open(dir);
    await bench.bring('lh-1', 'STOCK-MEDIUM-1', 'deepwell-96.A');
    const run = async (step: string): Promise<ReturnType<LabBench['end']>> => {
      const lines = sources.flatMap((well) => [[well, 'B1', 1] as const, [well, 'B2', 2] as const]);
      const job = bench.transferJob(step, 'STOCK-MEDIUM-1', 'deepwell-96.A', lines);
      return bench.run('lh-1', { ...job, spec: { ...job.spec, tips: [{ kind: 'tips-10', count: sources.length }] } });
    };
    expect(await run('none')).toMatchObject({
      result: 'failed',
      problem: { code: 'no-tips' },
      transfers: { done: [], uncertain: [] },
      facts: { tipsUsed: {} },
    });
    await bench.carry('TIPS-10-01', 'deck-lh-1');
    for (let n = 0; n < 8; n++) {
      const outcome = await run(`full/${n}`);
      expect(outcome).toMatchObject({ result: 'succeeded', facts: { tipsUsed: { 'TIPS-10-01': 11 } } });
    }
    const last = await run('last');
    expect(last).toMatchObject({ result: 'failed', problem: { code: 'no-tips' }, transfers: { done: [[1, 16]] } });
    expect(last.facts).toEqual({ tipsUsed: { 'TIPS-10-01': 8 } });
    expect(bench.lab.truth.find('TIPS-10-01')?.tips).toBe(0);
    const before = JSON.stringify(bench.lab.truth.snapshot());
    await bench.lab.close();
    const again = await LabBench.open(dir);
    expect(JSON.stringify(again.lab.truth.snapshot())).toBe(before);
    await again.lab.close();
  }, 60_000);
});
