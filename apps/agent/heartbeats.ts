import type { DeviceApi, Heartbeat } from './device-api';
import type { OpenDispatch } from './journal';
import type { Log } from './log';
import type { AgentClock } from './ports';

/** What signs of life go through. */
export interface HeartbeatParts {
  readonly api: DeviceApi;
  readonly clock: AgentClock;
  readonly log: Log;
  /** Longest time between two of them; a third of the lease where that is shorter. */
  readonly heartbeatMs: number;
}

/** Signs of life of a dispatch. They report and decide nothing: one that gets no answer, or a refusal, changes no step. */
export class Heartbeats {
  constructor(private readonly parts: HeartbeatParts) {}

  /** How often the api wants to hear of a dispatch, ms. */
  everyMs({ leaseMs, job }: OpenDispatch): number {
    const third = Math.floor((leaseMs ?? job.leaseMs) / 3);
    return third > 0 ? Math.min(this.parts.heartbeatMs, third) : this.parts.heartbeatMs;
  }

  /** One sign of life. */
  async beat({ id, token }: OpenDispatch, said: Heartbeat = {}): Promise<void> {
    await this.parts.api.heartbeat(id, token, said).catch((error: unknown) => {
      if (!said.signal?.aborted) this.parts.log('warn', `heartbeat of ${id}: ${String(error)}`);
    });
  }

  /** Gives signs of life while something takes its time. */
  async during<T>(entry: OpenDispatch, act: () => Promise<T>): Promise<T> {
    const done = new AbortController();
    const beating = this.beatUntil(entry, done.signal);
    try {
      return await act();
    } finally {
      done.abort();
      await beating;
    }
  }

  private async beatUntil(entry: OpenDispatch, signal: AbortSignal): Promise<void> {
    for (;;) {
      await this.parts.clock.pause(this.everyMs(entry), signal);
      if (signal.aborted) return;
      await this.beat(entry, { signal });
    }
  }
}
