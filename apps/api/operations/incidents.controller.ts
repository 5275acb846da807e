import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import type { Pool } from 'pg';
import { resolveIncident, viewIncidents } from '../../../db/lab/incidents';
import type { IncidentView } from '../../../db/lab/incidents';
import { POOL } from '../../../libs/platform/database/database.module';
import { IdPipe } from '../../../libs/platform/http/path.pipes';
import { Allow, CurrentActor } from '../auth/actor';
import type { Actor } from '../auth/actor';
import { IncidentListAnswer, IncidentsQuery, ResolveIncidentRequest } from './operations.dto';

const defaultLimit = 100;

/** What waits for a person. */
@Controller('v1/incidents')
export class IncidentsController {
  constructor(@Inject(POOL) private readonly pool: Pool) {}

  /** Incidents, newest first; the open ones unless all are asked for. */
  @Get()
  @ApiOkResponse({ type: IncidentListAnswer })
  async list(
    @Query() { state, before, limit = defaultLimit }: IncidentsQuery,
    @CurrentActor() { tenantId }: Actor,
  ): Promise<{ items: IncidentView[]; next?: string }> {
    const items = await viewIncidents(this.pool, {
      tenantId,
      all: state === 'all',
      limit,
      ...(before ? { before } : {}),
    });
    const last = items[items.length - 1];
    return { items, ...(items.length === limit && last ? { next: last.id } : {}) };
  }

  /** Closes an incident; of a failed job with what is to be done about it, which its stage is told in the same transaction. */
  @Post(':id/resolve')
  @HttpCode(204)
  @Allow('operator', 'ops')
  async resolve(
    @Param('id', IdPipe) id: string,
    @Body() { action, resolution }: ResolveIncidentRequest,
    @CurrentActor() { tenantId, id: actorId }: Actor,
  ): Promise<void> {
    await resolveIncident(this.pool, { tenantId, actorId, id, resolution, ...(action ? { action } : {}) });
  }
}
