import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import type { Pool } from 'pg';
import { resolveDispatch } from '../../../db/device-work/settle';
import { viewJobs } from '../../../db/lab/jobs';
import type { JobView } from '../../../db/lab/jobs';
import { POOL } from '../../../libs/platform/database/database.module';
import { IdPipe } from '../../../libs/platform/http/path.pipes';
import { Allow, CurrentActor } from '../auth/actor';
import type { Actor } from '../auth/actor';
import { JobListAnswer, JobsQuery, ResolutionAnswer, ResolutionRequest } from './operations.dto';

const defaultLimit = 100;

/** The queue as people see it, and their word on what no device can tell. */
@Controller('v1')
export class JobsController {
  constructor(@Inject(POOL) private readonly pool: Pool) {}

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
