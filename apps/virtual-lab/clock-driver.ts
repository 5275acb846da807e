import { readFileSync } from 'node:fs';
import { withTimeout } from '../../libs/client/with-timeout';

/** Lab clock as the api answers it. */
export interface ClockView {
  readonly now: string;
  readonly mode: 'wall' | 'virtual';
  readonly revision: number | string;
  readonly quiet: boolean;
  readonly nextAt: string | null;
}

export interface ClockDriverOptions {
  readonly apiUrl: string;
  readonly site: string;
  /** JSON file of tokens by role; read again for every connection that is refused. */
  readonly tokensPath: string | undefined;
  /** Hears every lab time the api names, ms since the epoch. */
  readonly onNow: (now: number) => void;
  readonly log: (level: 'warn' | 'info', message: string) => void;
}

const shortestPollMs = 5;
const longestPollMs = 25;
const awayMs = 500;
const answerMs = 10_000;

/**
 * Moves the site's clock: polls it, and when the lab is quiet asks the api for the next time at which something happens. The
 * compare-and-set is the api's; a refusal only means that something happened in between.
 */
export class ClockDriver {
  private readonly ending = new AbortController();
  private token: string | undefined;
  private away = false;

  constructor(private readonly options: ClockDriverOptions) {}

  /** Drives until `stop`. */
  async run(): Promise<void> {
    let pauseMs = shortestPollMs;
    while (!this.ending.signal.aborted) {
      const moved = await this.step();
      pauseMs =
        moved === 'away' ? awayMs : moved ? 0 : Math.min(longestPollMs, Math.max(shortestPollMs, pauseMs * 1.5));
      if (pauseMs > 0) await this.sleep(pauseMs);
    }
  }

  /** Ends the driving. */
  stop(): void {
    this.ending.abort();
  }

  /** One look at the clock; true when it was moved. */
  private async step(): Promise<boolean | 'away'> {
    try {
      const clock = await this.ask('GET');
      this.options.onNow(Date.parse(clock.now));
      this.back();
      if (clock.mode !== 'virtual' || !clock.quiet || clock.nextAt === null) return false;
      if (Date.parse(clock.nextAt) <= Date.parse(clock.now)) return false;
      await this.ask('POST', { to: clock.nextAt, revision: clock.revision });
      this.options.onNow(Date.parse(clock.nextAt));
      return true;
    } catch (error) {
      if (error instanceof ClockRefusal && error.status === 409) return false;
      if (!this.ending.signal.aborted) this.gone(error);
      return 'away';
    }
  }

  private async ask(method: 'GET' | 'POST', body?: unknown): Promise<ClockView> {
    this.token ??= this.readToken();
    const url = new URL(`/v1/sites/${this.options.site}/clock`, this.options.apiUrl);
    const headers = { authorization: `Bearer ${this.token ?? ''}`, 'content-type': 'application/json' };
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const [response, text] = await withTimeout(answerMs, this.ending.signal, async (signal) => {
      const answered = await fetch(url, { method, headers, signal, ...sent });
      return [answered, await answered.text()] as const;
    });
    if (response.ok) return (text === '' ? {} : JSON.parse(text)) as ClockView;
    if (response.status === 401) this.token = undefined;
    throw new ClockRefusal(response.status, text.slice(0, 300));
  }

  private readToken(): string | undefined {
    const { tokensPath } = this.options;
    if (tokensPath === undefined) return undefined;
    return (JSON.parse(readFileSync(tokensPath, 'utf8')) as { ops?: string }).ops;
  }

  private gone(error: unknown): void {
    if (!this.away) this.options.log('warn', `the clock is out of reach: ${String(error)}`);
    this.away = true;
  }

  private back(): void {
    if (this.away) this.options.log('info', 'the clock is in reach again');
    this.away = false;
  }

  private sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.ending.signal.removeEventListener('abort', wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      this.ending.signal.addEventListener('abort', wake);
    });
  }
}

class ClockRefusal extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(`${status} ${message}`);
  }
}
