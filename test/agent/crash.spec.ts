import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CountingInstrument, itsOutcome } from './counting-instrument';
import { FakeApi } from './fake-api';
import type { FakeRequest } from './http-fake';
import { bundle, KillableProcess } from './killable-process';

const jobs = ['first', 'second', 'third'];
const inFolder = (): string => mkdtempSync(join(tmpdir(), 'anneal-agent-'));
const script = bundle(join(__dirname, 'agent-under-test.ts'), inFolder());

/** An agent process between a fake api and a counting instrument. */
class Scene {
  readonly api = new FakeApi(jobs);
  readonly instrument = new CountingInstrument();
  agent!: KillableProcess;

  async open(): Promise<void> {
    const urls = [await this.api.server.listen(), await this.instrument.server.listen()];
    this.agent = new KillableProcess(script, [...urls, inFolder()]);
    this.agent.start();
  }

  /** Kills the agent once, at a request about the second job, and starts it again. */
  killAt(place: 'api' | 'instrument', step: string, moment: 'before' | 'after'): Promise<void> {
    const { server } = this[place];
    return new Promise((resolve) => {
      server.witness = (when, request) => {
        if (when !== moment || !isAbout(request, step, this.api)) return undefined;
        server.witness = () => undefined;
        void this.agent.kill().then(() => {
          this.api.deviceDied();
          this.agent.start();
          resolve();
        });
        return moment === 'before' ? 'lost' : undefined;
      };
    });
  }

  async close(): Promise<void> {
    await this.agent.kill();
    await this.api.server.close();
    await this.instrument.server.close();
  }
}

function isAbout({ path, body }: FakeRequest, step: string, api: FakeApi): boolean {
  if (!path.includes(step)) return false;
  const second = api.dispatches[1] as FakeApi['dispatches'][number];
  if (path.includes('second') || body.includes('second')) return true;
  const begun = api.dispatches[0]?.state === 'succeeded' && ['queued', 'leased', 'started', 'unknown'].includes(second.state); // prettier-ignore
  return ['leases', '/v1/files', '/files/'].includes(step) && begun;
}

const steps: readonly (readonly ['api' | 'instrument', string])[] = [
  ['api', 'leases'],
  ['api', '/v1/files'],
  ['instrument', 'stage'],
  ['api', '/start'],
  ['instrument', '/start'],
  ['instrument', '/runs/'],
  ['api', 'heartbeats'],
  ['instrument', '/files/'],
  ['api', 'uploads'],
  ['api', '/outcome'],
];

describe('an agent killed without warning', () => {
  let scene: Scene;
  beforeEach(async () => {
    scene = new Scene();
    await scene.open();
  });
  afterEach(() => scene.close());

  it.each(steps.flatMap(([place, step]) => [[place, step, 'before'] as const, [place, step, 'after'] as const]))(
    'triggers no dispatch twice and reports each: killed at %s %s, %s it was handled',
    async (place, step, moment) => {
      await scene.killAt(place, step, moment);
      await scene.api.until(() => scene.api.settled);
      for (const { id, state, outcome } of scene.api.dispatches) {
        const triggers = scene.instrument.triggers.get(id) ?? 0;
        expect(triggers).toBeLessThanOrEqual(1);
        expect([id, state]).toEqual([id, triggers === 1 ? 'succeeded' : 'failed']);
        if (triggers === 1) expect(outcome).toEqual(itsOutcome);
        else expect(outcome?.problem?.code).toBe('never-started');
      }
      expect(scene.instrument.triggers.get('first')).toBe(1);
      expect(scene.instrument.triggers.get('third')).toBe(1);
    },
    20_000,
  );

  it('keeps the outcome and its files while the api is away, even over its own death', async () => {
    const atInstrument = new Promise<void>((resolve) => {
      scene.instrument.server.witness = (when, { path }) => {
        if (when === 'after' && path.includes('/files/')) resolve();
        return undefined;
      };
    });
    const refused = new Promise<void>((resolve) => {
      scene.api.server.witness = (when, { path }) => {
        if (when === 'before' && path.includes('/uploads/')) scene.api.away = true;
        if (when === 'after' && path.includes('/uploads/')) resolve();
        return undefined;
      };
    });
    await atInstrument;
    await refused;
    await scene.api.until(() => scene.agent.stderr.includes('waits'));
    await scene.agent.kill();
    scene.api.server.witness = () => undefined;
    scene.api.deviceDied();
    scene.api.away = false;
    scene.agent.start();
    await scene.api.until(() => scene.api.settled);
    expect(scene.api.dispatches.map(({ outcome }) => outcome)).toEqual([itsOutcome, itsOutcome, itsOutcome]);
    expect([...scene.instrument.triggers.values()]).toEqual([1, 1, 1]);
  }, 20_000);
});
