import { Body, Controller, Get, HttpCode, Inject, Param, Post, Put, Query } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import type { Pool } from 'pg';
import { leaseByHand, routeJob, setCampaignShare } from '../../../db/device-work/by-hand';
import { resolveDispatch } from '../../../db/device-work/settle';
import { viewJobs } from '../../../db/lab/jobs';
import type { JobView } from '../../../db/lab/jobs';
import type { LeasedJob } from '../../../libs/device/job';
import { POOL } from '../../../libs/platform/database/database.module';
import { IdPipe } from '../../../libs/platform/http/path.pipes';
import { Allow, CurrentActor } from '../auth/actor';
import type { Actor } from '../auth/actor';
import { SERVER_CONFIG } from '../config';
import type { ApiSettings } from '../config';
import { LeasedJobAnswer } from '../device-work/device-work.dto';
import { RouteJobRequest, ShareRequest, TakeJobRequest } from './jobs.dto';
import { JobListAnswer, JobsQuery, ResolutionAnswer, ResolutionRequest } from './operations.dto';

const defaultLimit = 100;

/** The queue as people see it, and their word on what no device can tell. */
@Controller('v1')
export class JobsController {
  constructor(
    @Inject(POOL) private readonly pool: Pool,
    @Inject(SERVER_CONFIG) private readonly config: ApiSettings,
  ) {}

  /** Jobs with their state and why they wait. */
  @Get('jobs')
  @ApiOkResponse({ type: JobListAnswer })
  async list(
    @Query() { limit = defaultLimit, ...wanted }: JobsQuery,
    @CurrentActor() actor: Actor,
  ): Promise<{ items: JobView[]; next?: string }> {
    const items = await viewJobs(this.pool, { ...wanted, tenantId: actor.tenantId, limit });
    const last = items[items.length - 1];
    return { items, ...(items.length === limit && last ? { next: last.id } : {}) };
  }

  /** Sends an unstarted job to another device, or leaves the choice to the system again. */
  @Post('jobs/:jobId/route')
  @HttpCode(204)
  @Allow('operator', 'ops')
  route(
    @Param('jobId', IdPipe) jobId: string,
    @Body() { device, reason }: RouteJobRequest,
    @CurrentActor() { tenantId, id: actorId }: Actor,
  ): Promise<void> {
    return routeJob(this.pool, { tenantId, actorId }, { jobId, device: device ?? null, reason });
  }

  /** Takes an unstarted job to be done by hand, whatever its capability and places. Go on as with any lease. */
  @Post('jobs/:jobId/lease')
  @HttpCode(200)
  @Allow('operator', 'ops')
  @ApiOkResponse({ type: LeasedJobAnswer })
  take(
    @Param('jobId', IdPipe) jobId: string,
    @Body() { device }: TakeJobRequest,
    @CurrentActor() { tenantId, id: actorId }: Actor,
  ): Promise<LeasedJob> {
    return leaseByHand(this.pool, { tenantId, actorId }, { jobId, device, leaseMs: this.config.leaseMs });
  }

  /** Sets a campaign's part of what the lab can do, for what it queues from now on. */
  @Put('campaigns/:slug/share')
  @HttpCode(204)
  @Allow('operator', 'ops')
  share(
    @Param('slug') slug: string,
    @Body() { weight, reason }: ShareRequest,
    @CurrentActor() { tenantId, id: actorId }: Actor,
  ): Promise<void> {
    return setCampaignShare(this.pool, { tenantId, actorId }, { slug, weight, reason });
  }

  /** Settles a dispatch whose outcome is unknown by a named person's word. */
  @Post('dispatches/:dispatchId/resolution')
  @HttpCode(200)
  @Allow('operator', 'ops')
  resolve(
    @Param('dispatchId', IdPipe) dispatchId: string,
    @Body() resolution: ResolutionRequest,
    @CurrentActor() actor: Actor,
  ): Promise<ResolutionAnswer> {
    return resolveDispatch(this.pool, {
      tenantId: actor.tenantId,
      actorId: actor.id,
      dispatchId,
      resolution: { ...resolution },
    });
  }
}
