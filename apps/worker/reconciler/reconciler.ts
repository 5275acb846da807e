import type { LoggerService } from '@nestjs/common';
import type { Client } from '@temporalio/client';
import type { Pool } from 'pg';
import { CampaignDirectory } from '../relay/address';
import { archiveClosed } from './archive';
import { runningCampaigns, restartCampaign } from './restart';
import { whatBecameOf } from './what-became-of';

const everyMs = 10_000;

/**
 * Compares the campaigns that run in PostgreSQL with the workflows that are open in Temporal, and starts again what has none:
 * Temporal's data may be lost, or somebody may have ended a workflow. Also archives histories.
 */
export class Reconciler {
  lastError: string | undefined;
  private readonly campaigns: CampaignDirectory;
  private timers: NodeJS.Timeout[] = [];
  private round: Promise<void> = Promise.resolve();

  constructor(
    private readonly pool: Pool,
    private readonly client: Client,
    private readonly log: LoggerService,
    /** Makes sure that Temporal has what workflows need: its data may be new. */
    private readonly prepare: () => Promise<void>,
  ) {
    this.campaigns = new CampaignDirectory(pool);
  }

  start(): void {
    this.round = this.once();
    this.repeat(everyMs, () => this.once());
  }

  async stop(): Promise<void> {
    for (const timer of this.timers) clearInterval(timer);
    await this.round;
  }

  /** One thing after the other; what came due meanwhile waits for its turn. */
  private repeat(ms: number, act: () => Promise<void>): void {
    let waits = false;
    const timer = setInterval(() => {
      if (waits) return;
      waits = true;
      this.round = this.round.then(() => {
        waits = false;
        return act();
      });
    }, ms);
    timer.unref();
    this.timers.push(timer);
  }

  /** Looks once at everything; what fails is tried again the next time. */
  async once(): Promise<void> {
    try {
      await this.prepare();
      for (const campaignId of await runningCampaigns(this.pool)) await this.reconcile(campaignId);
      await archiveClosed(this.pool, this.client);
      this.lastError = undefined;
    } catch (error) {
      this.lastError = (error as Error).message;
      this.log.warn('the reconciler could not finish', { error: this.lastError });
    }
  }

  private async reconcile(campaignId: string): Promise<void> {
    const campaign = await this.campaigns.find(campaignId);
    if (!campaign) return;
    const fate = await whatBecameOf(this.client, campaign);
    if (fate === 'open') return;
    const epoch = await restartCampaign(this.pool, campaignId, fate);
    if (epoch !== undefined) this.log.warn(`campaign ${campaign.slug} starts again from its facts`, { epoch, fate });
  }
}
