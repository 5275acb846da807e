import { Logger } from '@nestjs/common';
import { Client } from 'pg';

/** What PostgreSQL announces to the api. */
export interface NoticeListener {
  /** A job may be had: payload of the channel `job_ready`. */
  onJobReady(payload: string): void;
  /** Something of a site changed that labware may be waiting for. */
  onLabChanged(siteId: string): void;
  /** Credentials of an actor ended. */
  onTokensChanged(actorId: string): void;
  /** The connection is gone: from now on notices are missed. */
  onLost(): void;
  /** The connection is back: anything may have been missed. */
  onReconnected(): void;
}

const firstRetryMs = 100;
const longestRetryMs = 2_000;

/** The process's one listening connection. It comes back by itself, however often PostgreSQL goes away. */
export class JobNotices {
  private readonly logger = new Logger('job-notices');
  private client: Client | undefined;
  private retry: NodeJS.Timeout | undefined;
  private retryMs = firstRetryMs;
  private stopped = false;

  constructor(
    private readonly databaseUrl: string,
    private readonly listener: NoticeListener,
  ) {}

  /** Connects; a failure is tried again in the background. */
  async start(): Promise<void> {
    const client = new Client({
      connectionString: this.databaseUrl,
      application_name: 'anneal-api-listen',
      keepAlive: true,
      connectionTimeoutMillis: 5_000,
    });
    this.client = client;
    client.on('error', (error) => this.again(client, error));
    client.on('end', () => this.again(client));
    client.on('notification', ({ channel, payload }) => this.dispatch(channel, payload ?? ''));
    try {
      await client.connect();
      await client.query('listen job_ready');
      await client.query('listen lab_changed');
      await client.query('listen tokens_changed');
      this.retryMs = firstRetryMs;
      this.listener.onReconnected();
    } catch (error) {
      this.again(client, error as Error);
    }
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.retry);
    await this.client?.end().catch(() => undefined);
  }

  private dispatch(channel: string, payload: string): void {
    if (channel === 'job_ready') this.listener.onJobReady(payload);
    else if (channel === 'tokens_changed') this.listener.onTokensChanged(payload);
    else this.listener.onLabChanged(payload);
  }

  private again(client: Client, error?: Error): void {
    if (this.stopped || this.client !== client) return;
    this.client = undefined;
    this.listener.onLost();
    if (error) this.logger.warn(`listening broke off: ${error.message}`);
    void client.end().catch(() => undefined);
    this.retry = setTimeout(() => void this.start(), this.retryMs);
    this.retryMs = Math.min(this.retryMs * 2, longestRetryMs);
  }
}
