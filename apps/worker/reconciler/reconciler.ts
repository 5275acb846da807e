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
 * Temporal's data may be lost, or somebody may have ended a workflow. Also archives closed histories.
 */
export class Reconciler {
  lastError: string | undefined;
  private readonly campaigns: CampaignDirectory;
  private timer: NodeJS.Timeout | undefined;
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
    this.timer = setInterval(() => {
      this.round = this.round.then(() => this.once());
    }, everyMs);
    this.timer.unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.round;
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
