/** Waits, or less when the signal ends it; never throws. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const wake = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', wake);
      resolve();
    };
    const timer = setTimeout(wake, ms);
    signal.addEventListener('abort', wake);
  });
}

/** Growing pauses between tries: doubled each time up to a limit, from the start again after `reset`. */
export class Backoff {
  private nextMs: number;

  constructor(
    private readonly firstMs: number,
    private readonly mostMs: number,
    private readonly signal: AbortSignal,
  ) {
    this.nextMs = firstMs;
  }

  /** Waits for the next pause. */
  async wait(): Promise<void> {
    await pause(this.nextMs, this.signal);
    this.nextMs = Math.min(this.mostMs, this.nextMs * 2);
  }

  /** Begins with the first pause again. */
  reset(): void {
    this.nextMs = this.firstMs;
  }
}
