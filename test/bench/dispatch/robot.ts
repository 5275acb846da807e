import { setTimeout as pause } from 'node:timers/promises';
import { machineMs } from './clock';
import { HttpLine } from './http-line';

/** A robot's own credential. */
export interface RobotCredential {
  readonly code: string;
  readonly token: string;
}

/** One job as its robot saw it; times of the machine's clock, ms. */
export interface JobSeen {
  readonly key: string;
  readonly dispatchId: string;
  readonly device: string;
  /** When the lease was asked for, and when its answer was read. */
  readonly askedAt: number;
  readonly heldAt: number;
  readonly settledAt: number;
}

/** What a robot tells: a job done, or what went wrong. */
export interface RobotListener {
  done(job: JobSeen): void;
  /** A poll was answered, with a job or without. */
  polled(): void;
  trouble(message: string): void;
}

interface Lease {
  readonly dispatchId: string;
  readonly fencingToken: string;
  readonly stepKey: string;
}

const waitMs = 20_000;
const afterTroubleMs = 100;

/** A robot that does nothing, as fast as it is let: polls, starts, moves for `workMs`, reports. */
export class Robot {
  private readonly line: HttpLine;
  private stopped = false;

  constructor(
    url: string,
    private readonly credential: RobotCredential,
    private readonly workMs: number,
    private readonly listener: RobotListener,
  ) {
    this.line = new HttpLine(new URL(url), credential.token);
  }

  /** Works until it is stopped. */
  async work(): Promise<void> {
    while (!this.stopped) {
      try {
        await this.once();
      } catch (error) {
        if (this.stopped) return;
        this.listener.trouble((error as Error).message);
        await pause(afterTroubleMs);
      }
    }
  }

  /** Hangs up: a poll under way ends without a job. */
  stop(): void {
    this.stopped = true;
    this.line.close();
  }

  private async once(): Promise<void> {
    const askedAt = machineMs();
    const { status, body } = await this.line.post(`/v1/devices/${this.credential.code}/leases`, {
      waitMs,
      protocolVersion: 1,
    });
    const heldAt = machineMs();
    this.listener.polled();
    if (status === 204) return;
    const lease = accepted(status, body) as Lease;
    await this.report(lease, 'start', { durationLabMs: 1 });
    if (this.workMs > 0) await pause(this.workMs);
    await this.report(lease, 'outcome', { outcome: { version: 1, result: 'succeeded', files: [] } });
    const { dispatchId, stepKey: key } = lease;
    this.listener.done({
      ...{ key, dispatchId, askedAt, heldAt },
      device: this.credential.code,
      settledAt: machineMs(),
    });
  }

  private async report(lease: Lease, what: string, content: object): Promise<void> {
    const { status, body } = await this.line.post(`/v1/dispatches/${lease.dispatchId}/${what}`, {
      token: lease.fencingToken,
      ...content,
    });
    accepted(status, body);
  }
}

function accepted(status: number, body: string): unknown {
  if (status !== 200) throw new Error(`answered ${status}: ${body}`);
  return JSON.parse(body);
}
