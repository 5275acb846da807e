import { createHash } from 'node:crypto';
import type { DeviceAdapter, StartOrder } from '../../apps/agent/adapters/adapter';
import { LostTrack } from '../../apps/agent/adapters/adapter';
import type { LeasedJob } from '../../libs/device/job';

/** An instrument on the other side of an adapter, and what a test can do to it. */
export interface InstrumentUnderTest {
  readonly adapter: DeviceAdapter;
  /** A job with a worklist of `transfers` transfers; a different dispatch each time. */
  newJob(transfers: number): { readonly job: LeasedJob; readonly worklist: string };
  /** Times of a start that lasts until `finish`. */
  times(): StartOrder;
  /** Lets the running dispatch come to its end. */
  finish(): void;
  /** A job that ends with a file. */
  newFileJob(): { readonly job: LeasedJob };
  /** How many transfers really happened for a dispatch. */
  transfersMade(dispatchId: string): Promise<number>;
  /** Makes the instrument forget its next run, then answer again. */
  loseNextRun(): Promise<void>;
  answerAgain(): Promise<void>;
  /** Takes the instrument away. */
  unplug(): Promise<void>;
  close(): Promise<void>;
}

const patience = new AbortController().signal;

/** What every adapter owes the agent, whatever the instrument. */
export function describeAdapter(name: string, open: () => Promise<InstrumentUnderTest>): void {
  describe(`the ${name} adapter`, () => {
    let under: InstrumentUnderTest;
    beforeEach(async () => {
      under = await open();
    });
    afterEach(() => under.close());

    it('stages as often as asked and moves nothing by it', async () => {
      const { job, worklist } = under.newJob(3);
      const first = await under.adapter.stage({ job, worklist });
      const second = await under.adapter.stage({ job, worklist });
      expect(first.durationMs).toBeGreaterThan(0);
      expect(second).toEqual(first);
      expect(await under.transfersMade(job.dispatchId)).toBe(0);
    });

    it('runs from the trigger to an outcome that says what was done', async () => {
      const { job, worklist } = under.newJob(3);
      await under.adapter.stage({ job, worklist });
      await under.adapter.start(job.dispatchId, under.times());
      expect(await under.adapter.observe(job.dispatchId, 0, patience)).toMatchObject({ state: 'running' });
      under.finish();
      const seen = await under.adapter.observe(job.dispatchId, 5_000, patience);
      expect(seen).toMatchObject({ state: 'done', outcome: { result: 'succeeded', transfers: { done: [[1, 3]], uncertain: [] } } }); // prettier-ignore
      expect(await under.transfersMade(job.dispatchId)).toBe(3);
    });

    it('does not move twice when the trigger comes twice', async () => {
      const { job, worklist } = under.newJob(2);
      await under.adapter.stage({ job, worklist });
      await under.adapter.start(job.dispatchId, under.times());
      await expect(under.adapter.start(job.dispatchId, under.times())).rejects.toThrow(/409/);
      under.finish();
      await under.adapter.observe(job.dispatchId, 5_000, patience);
      await expect(under.adapter.start(job.dispatchId, under.times())).rejects.toThrow(/409/);
      expect(await under.transfersMade(job.dispatchId)).toBe(2);
    });

    it('gives evidence of a run, under way and ended, as often as asked', async () => {
      const { job, worklist } = under.newJob(1);
      await under.adapter.stage({ job, worklist });
      await under.adapter.start(job.dispatchId, under.times());
      expect(await under.adapter.reconcile(job.dispatchId)).toMatchObject({ state: 'running' });
      under.finish();
      await under.adapter.observe(job.dispatchId, 5_000, patience);
      const evidence = await under.adapter.reconcile(job.dispatchId);
      expect(evidence).toMatchObject({ state: 'done', outcome: { result: 'succeeded' } });
      expect(await under.adapter.reconcile(job.dispatchId)).toEqual(evidence);
    });

    it('says "never started" only if it never will be, even by a trigger that is still on its way', async () => {
      const { job, worklist } = under.newJob(2);
      await under.adapter.stage({ job, worklist });
      expect(await under.adapter.reconcile(job.dispatchId)).toEqual({ state: 'never-started' });
      await expect(under.adapter.start(job.dispatchId, under.times())).rejects.toThrow(/409/);
      under.finish();
      expect(await under.transfersMade(job.dispatchId)).toBe(0);
    });

    it('does not guess about a run the instrument has forgotten', async () => {
      await under.loseNextRun();
      const { job, worklist } = under.newJob(2);
      await under.adapter.stage({ job, worklist });
      await under.adapter.start(job.dispatchId, under.times());
      await expect(under.adapter.observe(job.dispatchId, 0, patience)).rejects.toThrow(/503/);
      await under.answerAgain();
      await expect(under.adapter.observe(job.dispatchId, 0, patience)).rejects.toThrow(LostTrack);
      expect(await under.adapter.reconcile(job.dispatchId)).toEqual({ state: 'unknown' });
    });

    it('says how far a stopped run came', async () => {
      const { job, worklist } = under.newJob(8);
      await under.adapter.stage({ job, worklist });
      await under.adapter.start(job.dispatchId, under.times());
      await under.adapter.stop(job.dispatchId);
      const seen = await under.adapter.observe(job.dispatchId, 5_000, patience);
      if (seen.state !== 'done') throw new Error('expected the stopped run to have ended');
      const { done, uncertain } = seen.outcome.transfers ?? { done: [], uncertain: [] };
      const surely = done.reduce((sum, [first, last]) => sum + last - first + 1, 0);
      const made = await under.transfersMade(job.dispatchId);
      expect(seen.outcome.result).toBe('failed');
      expect(made).toBeGreaterThanOrEqual(surely);
      expect(made).toBeLessThanOrEqual(surely + uncertain.length);
    });

    it('hands out the files of an outcome, equal to their hashes', async () => {
      const { job } = under.newFileJob();
      await under.adapter.stage({ job });
      await under.adapter.start(job.dispatchId, under.times());
      under.finish();
      const seen = await under.adapter.observe(job.dispatchId, 5_000, patience);
      const [file] = seen.state === 'done' ? seen.outcome.files : [];
      if (!file) throw new Error('expected a file');
      const content = await under.adapter.readFile(file);
      expect(content.byteLength).toBe(file.bytes);
      expect(createHash('sha256').update(content).digest('hex')).toBe(file.sha256);
    });

    it('fails, and does not answer for the instrument, when that is away', async () => {
      const { job, worklist } = under.newJob(1);
      await under.unplug();
      await expect(under.adapter.stage({ job, worklist })).rejects.toThrow();
      await expect(under.adapter.reconcile(job.dispatchId)).rejects.toThrow();
      await expect(under.adapter.observe(job.dispatchId, 0, patience)).rejects.toThrow();
    });
  });
}
