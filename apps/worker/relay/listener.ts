import type { LoggerService } from '@nestjs/common';
import { Client } from 'pg';

const reconnectMs = 500;

/** Hears notices on one channel over a connection of its own, which comes back when it breaks. */
export class Listener {
  private client: Client | undefined;
  private heard = false;
  private waiting: (() => void) | undefined;
  private stopped = false;
  private away = false;

  constructor(
    private readonly databaseUrl: string,
    private readonly channel: string,
    private readonly log: LoggerService,
  ) {}

  start(): void {
    void this.connect();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.wake();
    await this.client?.end().catch(() => undefined);
  }

  /** Acts as if a notice had come. */
  wake(): void {
    this.heard = true;
    this.waiting?.();
  }

  /** Ends at the next notice, at once when one came since the last call, or after `withinMs`. */
  async next(withinMs: number): Promise<void> {
    if (!this.heard && !this.stopped)
      await new Promise<void>((done) => {
        const timer = setTimeout(done, withinMs);
        this.waiting = () => {
          clearTimeout(timer);
          done();
        };
      });
    this.waiting = undefined;
    this.heard = false;
  }

  private async connect(): Promise<void> {
    if (this.stopped) return;
    const client = new Client({
      connectionString: this.databaseUrl,
      application_name: 'anneal-relay',
      keepAlive: true,
    });
    client.on('notification', () => this.wake());
    client.once('error', (error) => this.lost(client, error));
    client.once('end', () => this.lost(client, undefined));
    this.client = client;
    try {
      await client.connect();
      await client.query(`listen ${this.channel}`);
      this.away = false;
      this.wake();
    } catch (error) {
      this.lost(client, error as Error);
    }
  }

  private lost(client: Client, error: Error | undefined): void {
    if (this.client !== client || this.stopped) return;
    this.client = undefined;
    client.on('error', () => undefined);
    if (error && !this.away) this.log.warn(`lost the notices of ${this.channel}`, { error: error.message });
    this.away = true;
    void client.end().catch(() => undefined);
    setTimeout(() => void this.connect(), reconnectMs).unref();
  }
}
