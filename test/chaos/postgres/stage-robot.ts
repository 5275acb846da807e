import { Agent, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import type { LeasedJob } from '../../../libs/device/job';

/** What a robot did with one job; it never forgets. */
export interface RobotCount {
  triggers: number;
  /** Outcomes the api acknowledged. */
  acknowledged: number;
}

/** What every outcome says, so that each can be told from every other. */
export const serialOf = (dispatchId: string, triggers: number): string => `${dispatchId}#${triggers}`;

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

const retryMs = 100;

/**
 * A robot over HTTP that keeps to the protocol while the api or its database is away: whatever was not answered is asked again; it
 * moves once the start is sure to be its own, and reports until somebody acknowledges it.
 */
export class StageRobot {
  readonly counts = new Map<string, RobotCount>();
  /** Answers that were neither expected nor a passing fault. */
  readonly oddities: string[] = [];
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(
    private readonly apiUrl: string,
    private readonly code: string,
    private readonly token: string,
  ) {}

  /** Works until told to stop. */
  async work(running: () => boolean): Promise<void> {
    while (running()) await this.once();
    this.agent.destroy();
  }

  private async once(): Promise<void> {
    const leased = await this.ask(`/v1/devices/${this.code}/leases`, { waitMs: 1_000, protocolVersion: 1 });
    if (leased.status !== 200) return leased.status === 204 ? undefined : pause(retryMs);
    const job = leased.body as LeasedJob;
    if (!(await this.mayStart(job))) return;
    const count = this.counts.get(job.jobId) ?? { triggers: 0, acknowledged: 0 };
    this.counts.set(job.jobId, count);
    count.triggers++;
    await this.report(job, count);
  }

  /**
   * Asks for the start until it is sure. A start that is refused because it was made is this robot's own: the token is. Even if it
   * fell silent for too long meanwhile (`unknown`) it may still move here, where no person answers for it.
   */
  private async mayStart({ dispatchId, fencingToken: token }: LeasedJob): Promise<boolean> {
    for (;;) {
      const { status, body } = await this.ask(`/v1/dispatches/${dispatchId}/start`, { token, durationLabMs: 1 });
      if (status === 200) return true;
      const { type, state } = body as { type?: string; state?: string };
      if (status === 409) return type === 'illegal-transition' && ['started', 'unknown'].includes(state ?? '');
      if (status > 0 && status < 500) this.oddities.push(`start: ${status} ${JSON.stringify(body)}`);
      await pause(retryMs);
    }
  }

  private async report({ dispatchId, fencingToken: token }: LeasedJob, count: RobotCount): Promise<void> {
    const facts = { serial: serialOf(dispatchId, count.triggers) };
    const outcome = { version: 1, result: 'succeeded', files: [], facts };
    for (;;) {
      const { status, body } = await this.ask(`/v1/dispatches/${dispatchId}/outcome`, { token, outcome });
      if (status === 200) return void count.acknowledged++;
      if (status > 0 && status < 500) return void this.oddities.push(`outcome: ${status} ${JSON.stringify(body)}`);
      await pause(retryMs);
    }
  }

  /** @returns status 0 when nobody answered */
  private ask(path: string, body: unknown): Promise<Answer> {
    const payload = JSON.stringify(body);
    const headers = {
      authorization: `Bearer ${this.token}`,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(payload),
    };
    return new Promise((resolve) => {
      const options = { method: 'POST', agent: this.agent, headers, timeout: 15_000 };
      const call = request(new URL(path, this.apiUrl), options, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (part: string) => (text += part));
        response.on('error', (error) => resolve({ status: 0, body: { error: String(error) } }));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: parse(text) }));
      });
      call.on('timeout', () => call.destroy(new Error('no answer within 15 s')));
      call.on('error', (error) => resolve({ status: 0, body: { error: String(error) } }));
      call.end(payload);
    });
  }
}

function parse(text: string): unknown {
  try {
    return text === '' ? {} : JSON.parse(text);
  } catch {
    return { text };
  }
}
