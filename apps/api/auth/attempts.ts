/** How many failures are let through, per address and over all addresses, within `windowMs`. */
export interface AttemptLimits {
  readonly perAddress: number;
  readonly overall: number;
  readonly windowMs: number;
}

/** Counts failed attempts of this process in windows of time, so that nobody may guess for long. Success costs nothing. */
export class Attempts {
  private readonly failures = new Map<string, number>();
  private all = 0;
  private windowEnds = 0;

  /** @param now milliseconds of a clock that never goes back */
  constructor(
    private readonly limits: AttemptLimits,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Milliseconds an address has to wait before it may try; 0: it may. */
  waitMs(address: string): number {
    const left = this.windowEnds - this.now();
    if (left <= 0) return 0;
    const spent = (this.failures.get(address) ?? 0) >= this.limits.perAddress || this.all >= this.limits.overall;
    return spent ? left : 0;
  }

  /** Counts a failure. */
  failed(address: string): void {
    if (this.windowEnds <= this.now()) {
      this.windowEnds = this.now() + this.limits.windowMs;
      this.failures.clear();
      this.all = 0;
    }
    this.all++;
    this.failures.set(address, (this.failures.get(address) ?? 0) + 1);
  }
}
