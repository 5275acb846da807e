import type { LoggerService } from '@nestjs/common';
import type { Client } from '@temporalio/client';
import type { Pool } from 'pg';
import { claimUnsent, markSent, markUnsent, unsendRecent } from '../../../db/device-work/outbox';
import type { Message } from '../../../db/device-work/outbox';
import { CampaignDirectory, lineOf } from './address';
import { Delivery } from './delivery';
import { Lines } from './lines';
import { Listener } from './listener';

/** Calls to Temporal at once. */
const width = 64;
/** Messages taken at once, and held here at most. */
const batch = 256;
const mostHeld = 1_024;
/** A relay that dies leaves its messages to another after this. */
const claimMs = 10_000;
const fallbackMs = 1_000;
/** What has not been delivered by then is left to another relay. */
const drainMs = 5_000;
const grpcUnavailable = 14;
const longestRetryMs = 5_000;
/** What was sent this recently may be unknown to a Temporal that was cut off. */
const resendMs = 120_000;

/** Drains the outbox into Temporal. Any number of relays run side by side. */
export class Relay {
  /** When the last message was delivered. */
  deliveredAt: Date | undefined;
  /** Why the last delivery failed; undefined while deliveries succeed. */
  deliveryError: string | undefined;
  /** Why the outbox could not be read the last time. */
  outboxError: string | undefined;
  private readonly lines = new Lines<Message>(width, (messages) => this.send(messages));
  private readonly campaigns: CampaignDirectory;
  private readonly delivery: Delivery;
  private readonly listener: Listener;
  private running: Promise<void> | undefined;
  private stopping = false;
  /** Temporal failed, and has not taken a call since. */
  private cutOff = true;

  constructor(
    private readonly pool: Pool,
    databaseUrl: string,
    client: Client,
    taskQueue: string,
    private readonly log: LoggerService,
  ) {
    this.campaigns = new CampaignDirectory(pool);
    this.delivery = new Delivery(pool, client, taskQueue);
    this.listener = new Listener(databaseUrl, 'outbox', log);
  }

  start(): void {
    this.listener.start();
    this.running = this.loop();
  }

  /** Takes no more messages and ends when those taken are delivered or given back. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.listener.wake();
    await this.running;
    await this.listener.stop();
    await this.lines.drained(drainMs);
  }

  private async loop(): Promise<void> {
    while (!this.stopping) {
      const full = await this.take().catch((error: Error) => this.unread(error));
      if (!full) await this.listener.next(fallbackMs);
    }
  }

  /** @returns whether there may be more */
  private async take(): Promise<boolean> {
    if (this.lines.size >= mostHeld) return false;
    const messages = await claimUnsent(this.pool, { limit: batch, claimMs });
    for (const message of messages) this.lines.add(lineOf(message), message);
    this.outboxError = undefined;
    return messages.length === batch;
  }

  private async send(messages: readonly Message[]): Promise<void> {
    const ids = messages.map(({ id }) => id);
    try {
      const [first] = messages as [Message, ...Message[]];
      const campaign = await this.campaigns.find(first.campaignId);
      if (campaign) await this.delivery.deliver(campaign, messages);
      else await markSent(this.pool, ids, { handled: true });
      await this.reached();
    } catch (error) {
      this.failed(error as Error);
      const tries = Math.max(...messages.map(({ attempts }) => attempts));
      const retryInMs = Math.min(longestRetryMs, 100 * 2 ** Math.min(tries, 10));
      await markUnsent(this.pool, ids, { error: (error as Error).message, retryInMs }).catch(() => undefined);
    }
  }

  /** Temporal takes calls: after it was away, what it may have lost is sent again. */
  private async reached(): Promise<void> {
    this.deliveredAt = new Date();
    this.deliveryError = undefined;
    if (!this.cutOff) return;
    this.cutOff = false;
    const again = await unsendRecent(this.pool, resendMs);
    if (again > 0) this.log.warn(`${again} messages are sent again: Temporal may not have kept them`);
    this.listener.wake();
  }

  private failed(error: Error): void {
    this.cutOff ||= isUnavailable(error);
    if (this.deliveryError !== error.message)
      this.log.warn('the relay cannot deliver', { error: error.message, cause: String(error.cause ?? '') });
    this.deliveryError = error.message;
  }

  private unread(error: Error): false {
    if (this.outboxError === undefined) this.log.warn('the relay cannot read the outbox', { error: error.message });
    this.outboxError = error.message;
    return false;
  }
}

/** Whether Temporal did not answer, as opposed to answering no. */
function isUnavailable(error: unknown): boolean {
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  return code === grpcUnavailable || (cause instanceof Error && isUnavailable(cause));
}
