import { setTimeout as pause } from 'node:timers/promises';
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import type { Pool } from 'pg';
import { arrangeIfFree } from '../../../db/device-work/logistics';
import { readyWork } from '../../../db/device-work/ready-work';
import { fireWallTimers, sweepLeases, sweepStrays, sweepUploads } from '../../../db/device-work/sweep';
import { seenDevices } from '../../../db/lab/devices';
import { allSiteIds } from '../../../db/lab/sites';
import { POOL } from '../../../libs/platform/database/database.module';
import { Tokens } from '../auth/tokens';
import { SERVER_CONFIG } from '../config';
import type { ApiSettings } from '../config';
import { JobNotices } from './job-notices';
import { parseNotice, Waiters } from './waiters';

/** Sweeps between two looks for what is rare: strays and old uploads. */
const rareEvery = 10;
/** Changes that come closer together than this are arranged together, ms. */
const arrangeEveryMs = 10;
/** Work that became leasable by the passing of time is looked for this often, ms. */
const fallbackMs = 1_500;
/** Devices whose polls are parked here are written down as present this often: less than half of what counts as silence, ms. */
const presenceMs = 15_000;

/**
 * Keeps the lab going, in every replica side by side: sweeps lapsed leases, brings labware to jobs, wakes long polls.
 * While this process or PostgreSQL was away no device could renew its lease, so none lapses until a lease's length after.
 */
@Injectable()
export class LabKeeper implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('lab-keeper');
  private readonly notices: JobNotices;
  private readonly dirtySites = new Set<string>();
  private arranging: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private sweeping: Promise<void> = Promise.resolve();
  private stopped = false;
  private sweeps = 0;
  private lastSweepAt = -Infinity;
  private lastLookAt = -Infinity;
  private lastPresenceAt = -Infinity;
  private graceUntil = 0;

  constructor(
    @Inject(POOL) private readonly pool: Pool,
    @Inject(Waiters) private readonly waiters: Waiters,
    @Inject(SERVER_CONFIG) private readonly config: ApiSettings,
    @Inject(Tokens) tokens: Tokens,
  ) {
    this.notices = new JobNotices(config.databaseUrl, {
      onJobReady: (payload) => this.waiters.notify(parseNotice(payload)),
      onLabChanged: (siteId) => this.arrangeSoon(siteId),
      onTokensChanged: (actorId) => tokens.forget(actorId),
      onLost: () => tokens.trustNotices(false),
      onReconnected: () => {
        tokens.trustNotices(true);
        this.waiters.notify({ to: 'all' });
      },
    });
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.notices.start();
    this.next(0);
  }

  async onModuleDestroy(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    this.waiters.end();
    await this.notices.stop();
    await this.sweeping;
    await this.arranging;
  }

  private next(inMs: number): void {
    if (this.stopped) return;
    this.timer = setTimeout(() => {
      this.sweeping = this.sweep().finally(() => this.next(this.config.sweepMs));
    }, inMs);
  }

  private async sweep(): Promise<void> {
    try {
      const now = performance.now();
      if (now - this.lastSweepAt > 2 * this.config.sweepMs + 1_000) this.graceUntil = now + this.config.leaseMs;
      if (now >= this.graceUntil) await this.sweepLeases();
      if (this.sweeps++ % rareEvery === 0) await this.sweepRare();
      await fireWallTimers(this.pool);
      for (const siteId of await allSiteIds(this.pool)) this.arrangeSoon(siteId);
      if (now - this.lastLookAt >= fallbackMs) await this.look(now);
      if (now - this.lastPresenceAt >= presenceMs) await this.notePresence(now);
      this.lastSweepAt = performance.now();
    } catch (error) {
      this.logger.warn(`a sweep failed and is tried again: ${(error as Error).message}`);
    }
  }

  private async sweepLeases(): Promise<void> {
    const { lapsed, unknown } = await sweepLeases(this.pool, this.config.leaseMs);
    if (lapsed + unknown > 0) this.logger.warn(`${lapsed} leases lapsed, ${unknown} started dispatches became unknown`);
  }

  private async sweepRare(): Promise<void> {
    const released = await sweepStrays(this.pool);
    if (released > 0) this.logger.error(`${released} blocked jobs had missed their release`);
    await sweepUploads(this.pool);
  }

  private async notePresence(now: number): Promise<void> {
    this.lastPresenceAt = now;
    await seenDevices(this.pool, this.waiters.deviceIds);
  }

  private async look(now: number): Promise<void> {
    this.lastLookAt = now;
    if (this.waiters.count === 0) return;
    for (const payload of await readyWork(this.pool)) this.waiters.notify(parseNotice(payload));
  }

  /** Arranges a site at once, or again after the arrangement that is under way. */
  private arrangeSoon(siteId: string): void {
    this.dirtySites.add(siteId);
    this.arranging ??= this.arrangeDirty().finally(() => (this.arranging = undefined));
  }

  private async arrangeDirty(): Promise<void> {
    while (!this.stopped) {
      const [siteId] = this.dirtySites;
      if (siteId === undefined) return;
      this.dirtySites.delete(siteId);
      const began = performance.now();
      try {
        await arrangeIfFree(this.pool, siteId);
        await pause(Math.max(0, began + arrangeEveryMs - performance.now()));
      } catch (error) {
        this.logger.warn(`logistics failed and is tried again: ${(error as Error).message}`);
        return;
      }
    }
  }
}
