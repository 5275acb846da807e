import type { AgentClock } from '../../apps/agent/ports';

interface Sleeper {
  readonly atMs: number;
  readonly wake: () => void;
}

/** Time that stands still until everybody waits, and then jumps to whoever wakes first. */
export class SteppingClock implements AgentClock {
  private nowMs = 0;
  private readonly sleepers = new Set<Sleeper>();

  monotonicMs(): number {
    return this.nowMs;
  }

  wallTime(): string {
    return new Date(Date.UTC(2026, 2, 2, 8) + this.nowMs).toISOString();
  }

  pause(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        this.sleepers.delete(sleeper);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      const sleeper = { atMs: this.nowMs + ms, wake };
      this.sleepers.add(sleeper);
      signal.addEventListener('abort', wake);
    });
  }

  /** Time passes without anybody noticing, as while a process is stopped. */
  skip(ms: number): void {
    this.nowMs += ms;
  }

  /** Lets time pass until the condition holds. @throws Error when it does not within `withinMs` */
  async until(condition: () => boolean, withinMs = 3_600_000): Promise<void> {
    const end = this.nowMs + withinMs;
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      if (condition()) return;
      const next = [...this.sleepers].sort((one, other) => one.atMs - other.atMs)[0];
      if (!next || next.atMs > end) throw new Error(`it did not happen within ${withinMs} ms`);
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.wake();
    }
  }
}
