import type { FileRef, Outcome } from '../../../libs/device/job';
import type { DeviceAdapter, Evidence, Observation, SelfTest, StageRequest, StartOrder } from './adapter';
import { LostTrack } from './adapter';
import { withTimeout } from '../../../libs/client/with-timeout';

interface RunView {
  readonly state: 'never-started' | 'running' | 'done' | 'lost';
  readonly progress?: Readonly<Record<string, unknown>>;
  readonly outcome?: Outcome;
}

const answerMs = 10_000;

/** Speaks with one device of the virtual lab through its front panel. */
export class VirtualAdapter implements DeviceAdapter {
  private readonly base: string;

  constructor(labUrl: string, deviceCode: string) {
    this.base = `${labUrl.replace(/\/$/, '')}/devices/${encodeURIComponent(deviceCode)}`;
  }

  stage({ job, worklist }: StageRequest): Promise<{ durationMs: number }> {
    const { dispatchId, jobId, stepKey, spec } = job;
    const worklistCsv = worklist === undefined ? {} : { worklistCsv: worklist };
    return this.post('stage', { dispatchId, jobId, stepKey, spec, ...worklistCsv });
  }

  async start(dispatchId: string, { labNow, untilLabTime, fencingToken }: StartOrder): Promise<void> {
    await this.post('start', { dispatchId, labNow, untilLabTime, fencingToken });
  }

  async observe(dispatchId: string, waitMs: number, signal: AbortSignal): Promise<Observation> {
    const path = `${this.base}/runs/${encodeURIComponent(dispatchId)}?waitMs=${waitMs}`;
    const view = await withTimeout(waitMs + answerMs, signal, async (own) =>
      read<RunView>(await fetch(path, { signal: own })),
    );
    const evidence = toEvidence(view);
    if (evidence.state === 'running' || evidence.state === 'done') return evidence;
    throw new LostTrack(`the instrument says "${evidence.state}" of ${dispatchId}`);
  }

  async stop(dispatchId: string): Promise<void> {
    await this.post('stop', { dispatchId });
  }

  async reconcile(dispatchId: string): Promise<Evidence> {
    return toEvidence(await this.post<RunView>('refuse', { dispatchId }));
  }

  async readFile({ sha256 }: FileRef): Promise<Uint8Array> {
    const response = await fetch(`${this.base}/files/${sha256}`, { signal: AbortSignal.timeout(answerMs) });
    if (!response.ok) throw new Error(`front panel: ${response.status} for file ${sha256}`);
    return new Uint8Array(await response.arrayBuffer());
  }

  /** The virtual instruments are sound whenever they answer as working. */
  selfTest(): Promise<SelfTest> {
    return this.post<SelfTest>('self-test', {});
  }

  private async post<T>(action: string, body: unknown): Promise<T> {
    const response = await fetch(`${this.base}/${action}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(answerMs),
    });
    return read<T>(response);
  }
}

function toEvidence({ state, outcome, progress }: RunView): Evidence {
  if (state === 'done' && outcome) return { state, outcome };
  if (state === 'running') return { state, ...(progress ? { progress } : {}) };
  return { state: state === 'never-started' ? 'never-started' : 'unknown' };
}

async function read<T>(response: Response): Promise<T> {
  const text = await response.text();
  if (!response.ok) throw new Error(`front panel: ${response.status} ${text.slice(0, 300)}`);
  return JSON.parse(text) as T;
}
