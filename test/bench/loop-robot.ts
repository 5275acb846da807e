import { Agent, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import type { LeasedJob } from '../../libs/device/job';

/** One step as its robot saw it, `performance.now()` ms. */
export interface StepSeen {
  readonly stepKey: string;
  readonly campaign: string;
  readonly leasedAt: number;
  readonly settledAt: number;
}

/** A robot that does nothing, as fast as the api lets it: lease, start, outcome. */
export class LoopRobot {
  readonly steps: StepSeen[] = [];
  /** How long it moves between start and outcome, ms of wall time. */
  workMs = 0;
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(
    private readonly apiUrl: string,
    private readonly code: string,
    private readonly token: string,
  ) {}

  /** Works until told to stop; a poll under way ends within a second. */
  async work(running: () => boolean): Promise<void> {
    while (running()) await this.once();
    this.agent.destroy();
  }

  private async once(): Promise<void> {
    const job = await this.post<LeasedJob>(`/v1/devices/${this.code}/leases`, { waitMs: 1_000, protocolVersion: 1 });
    if (!job) return;
    const leasedAt = performance.now();
    const token = job.fencingToken;
    await this.post(`/v1/dispatches/${job.dispatchId}/start`, { token, durationLabMs: 1 });
    if (this.workMs > 0) await pause(this.workMs);
    const outcome = { version: 1, result: 'succeeded', files: [] };
    await this.post(`/v1/dispatches/${job.dispatchId}/outcome`, { token, outcome });
    const campaign = (job.spec.labware[0]?.barcode ?? '').replace(/-b$/, '');
    this.steps.push({ stepKey: job.stepKey, campaign, leasedAt, settledAt: performance.now() });
  }

  private post<T>(path: string, body: unknown): Promise<T | undefined> {
    const payload = JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const call = request(
        new URL(path, this.apiUrl),
        {
          method: 'POST',
          agent: this.agent,
          headers: {
            authorization: `Bearer ${this.token}`,
            'content-type': 'application/json',
            'content-length': Buffer.byteLength(payload),
          },
        },
        (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (part: string) => (text += part));
          response.on('end', () => {
            const status = response.statusCode ?? 0;
            if (status >= 400) reject(new Error(`${path} answered ${status}: ${text}`));
            else resolve(text === '' ? undefined : (JSON.parse(text) as T));
          });
        },
      );
      call.on('error', reject);
      call.end(payload);
    });
  }
}
