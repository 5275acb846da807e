import { createHash } from 'node:crypto';
import type { DeviceAdapter, StartOrder } from '../../apps/agent/adapters/adapter';
import { LostTrack } from '../../apps/agent/adapters/adapter';
import { withDeadlines } from '../../apps/agent/adapters/deadlines';
import type { AgentClock } from '../../apps/agent/ports';
import type { LeasedJob } from '../../libs/device/job';

/** An instrument on the other side of an adapter, and what a test can do to it. */
export interface InstrumentUnderTest {
  readonly adapter: DeviceAdapter;
  /** A job with a worklist of `transfers` transfers; a different dispatch each time. */
  newJob(transfers: number): { readonly job: LeasedJob; readonly worklist: string };
  /** Times of a start that lasts until `finish`. */
  times(): StartOrder;
  /** Lets the instrument take up what was triggered, if it does that in its own time. */
  begin(): void;
  /** Lets the running dispatch come to its end. */
  finish(): void;
  /** A job that ends with a file. */
  newFileJob(): { readonly job: LeasedJob };
  /** How many transfers really happened for a dispatch. */
  transfersMade(dispatchId: string): Promise<number>;
  /** Makes the instrument forget its next run, then answer again. */
  loseNextRun(): Promise<void>;
  answerAgain(): Promise<void>;
  /** Lets somebody else use the instrument; absent when it cannot tell. */
  occupy?(): Promise<void>;
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
      await expect(under.adapter.start(job.dispatchId, under.times())).rejects.toThrow();
      under.finish();
      await under.adapter.observe(job.dispatchId, 5_000, patience);
      await expect(under.adapter.start(job.dispatchId, under.times())).rejects.toThrow();
      expect(await under.transfersMade(job.dispatchId)).toBe(2);
    });

    it('gives evidence of a run, under way and ended, as often as asked', async () => {
      const { job, worklist } = under.newJob(1);
      await under.adapter.stage({ job, worklist });
      await under.adapter.start(job.dispatchId, under.times());
      under.begin();
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
      await expect(under.adapter.start(job.dispatchId, under.times())).rejects.toThrow();
      under.finish();
      expect(await under.transfersMade(job.dispatchId)).toBe(0);
    });

    it('does not guess about a run the instrument has forgotten', async () => {
      await under.loseNextRun();
      const { job, worklist } = under.newJob(2);
      await under.adapter.stage({ job, worklist });
      await under.adapter.start(job.dispatchId, under.times());
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

    it('answers a look at a running dispatch within the wait it is given, and at once when that is ended', async () => {
      const { job, worklist } = under.newJob(1);
      await under.adapter.stage({ job, worklist });
      await under.adapter.start(job.dispatchId, under.times());
      expect(await under.adapter.observe(job.dispatchId, 50, patience)).toMatchObject({ state: 'running' });
      const ending = new AbortController();
      const looking = under.adapter.observe(job.dispatchId, 25_000, ending.signal).catch(() => undefined);
      ending.abort();
      expect((await looking)?.state ?? 'running').toBe('running');
    });

    it('says that a dispatch it never heard of never started, and then never starts it', async () => {
      const { job, worklist } = under.newJob(1);
      expect(await under.adapter.reconcile(job.dispatchId)).toEqual({ state: 'never-started' });
      await under.adapter.stage({ job, worklist }).catch(() => undefined);
      await expect(under.adapter.start(job.dispatchId, under.times())).rejects.toThrow();
      under.finish();
      expect(await under.transfersMade(job.dispatchId)).toBe(0);
    });

    it('does not start what was not staged', async () => {
      const { job } = under.newJob(1);
      await expect(under.adapter.start(job.dispatchId, under.times())).rejects.toThrow();
      expect(await under.transfersMade(job.dispatchId)).toBe(0);
    });

    it('is ready, and tells when somebody else uses the instrument, if it can tell', async () => {
      const { adapter } = under;
      if (!adapter.condition) return expect(under.occupy).toBeUndefined();
      expect(await adapter.condition()).toEqual({ condition: 'ready' });
      await under.occupy?.();
      expect(await adapter.condition()).toMatchObject({ condition: 'busy-foreign' });
    });

    it('passes its self-test while the instrument is sound, and does not while that is away', async () => {
      const test = under.adapter.selfTest?.bind(under.adapter);
      if (!test) return;
      expect(await test()).toMatchObject({ passed: true });
      await under.unplug();
      expect(await test().catch(() => ({ passed: false }))).toMatchObject({ passed: false });
    });

    it('fails when its deadline passes, whatever the instrument does', async () => {
      const { job, worklist } = under.newJob(1);
      const impatient: AgentClock = { monotonicMs: () => 0, wallTime: () => '', pause: () => Promise.resolve() };
      const hurried = withDeadlines(under.adapter, impatient);
      await expect(hurried.stage({ job, worklist })).rejects.toThrow(/did not answer stage within/);
      await expect(hurried.reconcile(job.dispatchId)).rejects.toThrow(/did not answer reconcile within/);
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
