import type { AgentClock } from './ports';

/** Growing pauses between tries: doubled each time up to a limit, from the start again after `reset`. */
export class Backoff {
  private nextMs: number;

  constructor(private readonly parts: BackoffParts) {
    this.nextMs = parts.firstMs;
  }

  /** Waits for the next pause. */
  async wait(): Promise<void> {
    const { clock, mostMs, signal } = this.parts;
    const ms = this.nextMs;
    this.nextMs = Math.min(mostMs, ms * 2);
    await clock.pause(ms, signal);
  }

  /** Begins with the first pause again. */
  reset(): void {
    this.nextMs = this.parts.firstMs;
  }
}

/** How long to wait between tries, and what ends the waiting. */
export interface BackoffParts {
  readonly clock: AgentClock;
  readonly firstMs: number;
  readonly mostMs: number;
  readonly signal: AbortSignal;
}
