import type {
  DeviceAdapter,
  Evidence,
  InstrumentCondition,
  Observation,
  SelfTest,
} from '../../apps/agent/adapters/adapter';
import { BufferedFiles } from '../../apps/agent/buffered-files';
import { fixedCredential } from '../../apps/agent/credential';
import type { DeviceAgentParts } from '../../apps/agent/device-agent';
import { DeviceAgent } from '../../apps/agent/device-agent';
import { DeviceApi } from '../../apps/agent/device-api';
import { Journal } from '../../apps/agent/journal';
import type { AgentClock, ApiRequest, ApiResponse, Send } from '../../apps/agent/ports';
import { UnsyncedFiles } from '../../libs/testing/unsynced-files';
import { content, itsOutcome } from './counting-instrument';
import { FakeApi } from './fake-api';
import { SteppingClock } from './stepping-clock';

/** An instrument that counts its triggers and remembers them whatever becomes of the agent. */
export class CountingAdapter implements DeviceAdapter {
  readonly triggers: string[] = [];
  readonly tokens: string[] = [];
  readonly refused = new Set<string>();
  /** What it says of a triggered dispatch. */
  says: Evidence = { state: 'done', outcome: itsOutcome };
  now: InstrumentCondition = { condition: 'ready' };
  test: SelfTest = { passed: true, message: 'lamp and filters are well' };
  staging: () => Promise<void> = () => Promise.resolve();
  file: Uint8Array = content;

  async stage(): Promise<{ durationMs: number }> {
    await this.staging();
    return { durationMs: 1_000 };
  }

  start(dispatchId: string, { fencingToken }: { fencingToken: string }): Promise<void> {
    if (this.refused.has(dispatchId)) return Promise.reject(new Error('refused before'));
    this.triggers.push(dispatchId);
    this.tokens.push(fencingToken);
    return Promise.resolve();
  }

  constructor(private readonly clock: AgentClock) {}

  async observe(_: string, waitMs: number, signal: AbortSignal): Promise<Observation> {
    if (this.says.state === 'running') await this.clock.pause(waitMs, signal);
    if (this.says.state === 'done' || this.says.state === 'running') return this.says;
    throw new Error('silent');
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }

  reconcile(dispatchId: string): Promise<Evidence> {
    if (this.triggers.includes(dispatchId)) return Promise.resolve(this.says);
    this.refused.add(dispatchId);
    return Promise.resolve({ state: 'never-started' });
  }

  readFile(): Promise<Uint8Array> {
    return Promise.resolve(this.file);
  }

  condition(): Promise<InstrumentCondition> {
    return Promise.resolve(this.now);
  }

  selfTest(): Promise<SelfTest> {
    return Promise.resolve(this.test);
  }
}

/** An agent in memory between a fake api and a counting instrument; time jumps. */
export class AgentScene {
  readonly api: FakeApi;
  readonly clock = new SteppingClock();
  readonly adapter = new CountingAdapter(this.clock);
  readonly logged: string[] = [];
  files = new UnsyncedFiles();
  agent!: DeviceAgent;
  running: Promise<void> = Promise.resolve();
  /** Stands between agent and api. */
  between: (request: ApiRequest, send: Send) => Promise<ApiResponse> = (request, send) => send(request);

  constructor(jobs: readonly string[]) {
    this.api = new FakeApi(jobs);
  }

  /** Begins an agent on the files there are. */
  async begin(parts: Partial<DeviceAgentParts> = {}): Promise<void> {
    const { clock, files, adapter, api } = this;
    const send: Send = async (request) => {
      if (request.path.endsWith('/leases')) await clock.pause(50, request.signal ?? new AbortController().signal);
      return this.between(request, api.send);
    };
    this.agent = new DeviceAgent({
      code: 'lh-1',
      api: new DeviceApi({ code: 'lh-1', send, credential: fixedCredential('token') }),
      adapter,
      journal: await Journal.open({ files, clock }),
      buffer: await BufferedFiles.open(files),
      clock,
      log: (level, message) => this.logged.push(`${level}: ${message}`),
      longPollMs: 50,
      heartbeatMs: 100,
      ...parts,
    });
    this.running = this.agent.run();
  }

  /** Until the api has the last word on every dispatch. */
  settled(withinMs?: number): Promise<void> {
    return this.clock.until(() => this.api.settled, withinMs);
  }

  /** Stops the agent. */
  async end(): Promise<void> {
    this.agent.stop();
    let gone = false;
    void this.running.finally(() => (gone = true)).catch(() => undefined);
    await this.clock.until(() => gone);
    await this.running;
  }
}
