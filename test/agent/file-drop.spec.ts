import { existsSync, mkdtempSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FileDropConfig } from '../../apps/agent/adapters/file-drop';
import { FileDropAdapter } from '../../apps/agent/adapters/file-drop';
import type { AgentClock } from '../../apps/agent/ports';
import { writePicklist } from '../../libs/build/picklist';
import type { LeasedJob } from '../../libs/device/job';
import { describeAdapter } from './adapter-conformance';
import { FolderInstrument } from './folder-instrument';

/** A clock that moves only when somebody waits, or when the test says so. */
class SteppedClock implements AgentClock {
  passedMs = 0;

  monotonicMs(): number {
    return this.passedMs;
  }

  wallTime(): string {
    return new Date(Date.now() + this.passedMs).toISOString();
  }

  pause(ms: number): Promise<void> {
    this.passedMs += ms;
    return new Promise((resolve) => setImmediate(resolve));
  }
}

const times = { labNow: '2026-03-02T08:00:00.000Z', untilLabTime: '2026-03-02T08:01:00.000Z', fencingToken: '1' };
const durationMs = 60_000;
const worklistOf = (transfers: number): string =>
  writePicklist(
    Array.from({ length: transfers }, (_, at) => ({
      ordinal: at + 1,
      source: { barcode: 'S', kind: 'pcr-96', well: 'A1' },
      destination: { barcode: 'D', kind: 'pcr-96', well: `A${at + 1}` },
      volumePl: 1_000_000,
    })),
  );
const jobOf = (dispatchId: string): LeasedJob =>
  ({ protocolVersion: 1, dispatchId, jobId: dispatchId, fencingToken: '1', spec: { durationMs, parameters: {} } }) as unknown as LeasedJob; // prettier-ignore
const patience = new AbortController().signal;

class Scene {
  readonly instrument = new FolderInstrument(mkdtempSync(join(tmpdir(), 'anneal-drop-')));
  readonly clock = new SteppedClock();
  readonly adapter: FileDropAdapter;

  constructor(rules: Partial<FileDropConfig> = {}) {
    const { stagingDir, inboxDir, outboxDir } = this.instrument;
    this.adapter = new FileDropAdapter({ stagingDir, inboxDir, outboxDir, ...rules }, this.clock);
  }

  async started(dispatchId: string, transfers = 2): Promise<void> {
    await this.adapter.stage({ job: jobOf(dispatchId), worklist: worklistOf(transfers) });
    await this.adapter.start(dispatchId, times);
  }
}

describeAdapter('file-drop', () => {
  const { instrument, adapter, clock } = new Scene();
  let made = 0;
  return Promise.resolve({
    adapter,
    newJob: (transfers: number) => ({ job: jobOf(`d-${++made}`), worklist: worklistOf(transfers) }),
    newFileJob: () => ({ job: jobOf(`d-${++made}`) }),
    times: () => times,
    begin: () => instrument.take(),
    finish: () => {
      instrument.take();
      instrument.end();
    },
    transfersMade: (dispatchId: string) => Promise.resolve(instrument.movesOf(dispatchId)),
    loseNextRun: () => Promise.resolve(),
    answerAgain: () => {
      instrument.take();
      instrument.forget();
      clock.passedMs += durationMs + 3_600_000;
      return Promise.resolve();
    },
    occupy: () => {
      writeFileSync(join(instrument.inboxDir, 'my-own-run.csv'), 'by hand');
      return Promise.resolve();
    },
    unplug: () => Promise.resolve(instrument.unplug()),
    close: () => Promise.resolve(),
  });
});

describe('an instrument that watches a folder', () => {
  it('gets its job by one rename: nothing partial is ever in the inbox', async () => {
    const { adapter, instrument } = new Scene();
    await adapter.stage({ job: jobOf('d-1'), worklist: worklistOf(3) });
    expect(readdirSync(instrument.inboxDir)).toEqual([]);
    await adapter.start('d-1', times);
    expect(readdirSync(instrument.inboxDir)).toEqual(['d-1.csv']);
    expect(existsSync(join(instrument.stagingDir, 'd-1.csv'))).toBe(false);
  });

  it('loses a job it has not taken to the agent that asks what became of it', async () => {
    const { adapter, instrument } = new Scene();
    const scene = { adapter, instrument };
    await scene.adapter.stage({ job: jobOf('d-1'), worklist: worklistOf(3) });
    await scene.adapter.start('d-1', times);
    expect(await adapter.reconcile('d-1')).toEqual({ state: 'never-started' });
    instrument.take();
    expect(instrument.movesOf('d-1')).toBe(0);
    expect(await adapter.reconcile('d-1')).toEqual({ state: 'never-started' });
  });

  it('is believed when it says that it failed, and nothing is claimed of its transfers', async () => {
    const scene = new Scene();
    await scene.started('d-1');
    scene.instrument.take();
    scene.instrument.end('failed', 'tip crash in A3\n');
    const seen = await scene.adapter.observe('d-1', 0, patience);
    expect(seen).toMatchObject({ outcome: { result: 'failed', problem: { code: 'instrument-failed', message: 'tip crash in A3' } } }); // prettier-ignore
    expect(seen).not.toHaveProperty('outcome.transfers');
  });

  it('that writes no end has ended when its files have stood unchanged for long enough', async () => {
    const scene = new Scene({ stableForMs: 10_000 });
    await scene.started('d-1');
    scene.instrument.take();
    expect(await scene.adapter.observe('d-1', 0, patience)).toEqual({ state: 'running' });
    scene.instrument.end('none');
    expect(await scene.adapter.observe('d-1', 5_000, patience)).toEqual({ state: 'running' });
    const written = new Date(Date.now() + scene.clock.passedMs);
    utimesSync(join(scene.instrument.outboxDir, 'run d-1 plate 1.csv'), written, written);
    expect(await scene.adapter.observe('d-1', 9_000, patience)).toEqual({ state: 'running' });
    expect(await scene.adapter.observe('d-1', 2_000, patience)).toMatchObject({ outcome: { result: 'succeeded', transfers: { done: [[1, 2]] }, files: [{ name: 'run d-1 plate 1.csv' }] } }); // prettier-ignore
  });

  it('that is late beyond its time is unclear, until its output comes after all', async () => {
    const scene = new Scene({ lostAfterMs: 1_000 });
    await scene.started('d-1');
    scene.instrument.take();
    scene.clock.passedMs += durationMs - 1_000;
    expect(await scene.adapter.reconcile('d-1')).toEqual({ state: 'running' });
    scene.clock.passedMs += 2_001;
    expect(await scene.adapter.reconcile('d-1')).toEqual({ state: 'unknown' });
    scene.instrument.end();
    expect(await scene.adapter.reconcile('d-1')).toMatchObject({ state: 'done', outcome: { result: 'succeeded' } });
  });
});
