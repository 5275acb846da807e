import { Inject, Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import { claimJob } from '../../../db/device-work/claim';
import type { Caller, Claim, WaitingDevice } from '../../../db/device-work/claim';
import { releaseLease } from '../../../db/device-work/heartbeat';
import type { LeasedJob } from '../../../libs/device/job';
import type { ServerConfig } from '../../../libs/platform/config/server-config';
import { POOL } from '../../../libs/platform/database/database.module';
import { SERVER_CONFIG } from '../config';
import { Waiters } from './waiters';
import type { Notice, Ticket } from './waiters';

/** A device's request for work. */
export interface WorkRequest {
  readonly caller: Caller;
  readonly deviceCode: string;
  readonly waitMs: number;
  /** Aborted when the device hung up. */
  readonly hungUp: AbortSignal;
}

/** Gives devices their next job, by long poll. */
@Injectable()
export class LeaseDesk {
  /** What devices that asked before can do: known before the look for work, so that the wait can begin before it. */
  private readonly devices = new Map<string, WaitingDevice>();

  constructor(
    @Inject(POOL) private readonly pool: Pool,
    @Inject(Waiters) private readonly waiters: Waiters,
    @Inject(SERVER_CONFIG) private readonly config: Pick<ServerConfig, 'leaseMs'>,
  ) {}

  /**
   * Leases the next job a device may have, waiting up to `waitMs` for one.
   * @throws DomainError as `claimJob` does
   */
  async leaseNext(request: WorkRequest): Promise<LeasedJob | undefined> {
    const key = `${request.caller.tenantId}/${request.deviceCode}`;
    let device = this.devices.get(key);
    if (!device) {
      const claim = await this.claim(request);
      if ('job' in claim) return this.handOver(request, claim.job);
      device = claim.waits;
      this.devices.set(key, device);
    }
    const ticket = this.waiters.register(device);
    const close = (): void => ticket.close();
    request.hungUp.addEventListener('abort', close);
    try {
      return request.hungUp.aborted ? undefined : await this.wait(request, ticket, key);
    } finally {
      request.hungUp.removeEventListener('abort', close);
      ticket.leave();
    }
  }

  private async wait(request: WorkRequest, ticket: Ticket, key: string): Promise<LeasedJob | undefined> {
    const until = performance.now() + request.waitMs;
    for (;;) {
      if (ticket.closed) return undefined;
      const notice = ticket.take();
      const claim = await this.claim(request, notice);
      if ('job' in claim) return this.handOver(request, claim.job);
      this.devices.set(key, claim.waits);
      if (ticket.describe(claim.waits)) continue;
      // Who gets no work has not looked; for whoever has, the job is gone, or logistics names its device.
      if (notice && !claim.waits.inService) this.waiters.handOn(notice, ticket);
      if (!(await ticket.told(until - performance.now()))) return undefined;
    }
  }

  /** Looks for work, first at the job it was woken for. */
  private claim({ caller, deviceCode }: WorkRequest, notice?: Notice): Promise<Claim> {
    const hint = notice?.to === 'capability' && notice.jobId ? { hintJobId: notice.jobId } : {};
    return claimJob(this.pool, { ...caller, deviceCode, leaseMs: this.config.leaseMs, ...hint });
  }

  /** A device that hung up meanwhile cannot hear of its lease: it goes back at once. */
  private async handOver(request: WorkRequest, job: LeasedJob): Promise<LeasedJob | undefined> {
    if (!request.hungUp.aborted) return job;
    const { dispatchId, fencingToken: token } = job;
    await releaseLease(this.pool, { ...request.caller, dispatchId, token, reason: 'the device hung up' });
    return undefined;
  }
}
