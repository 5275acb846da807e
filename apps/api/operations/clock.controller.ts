import { Body, Controller, Get, HttpCode, Inject, Param, Post, Put } from '@nestjs/common';
import type { Pool } from 'pg';
import { advanceClock, clockState, setClock } from '../../../db/device-work/clock';
import { POOL } from '../../../libs/platform/database/database.module';
import { Allow, CurrentActor } from '../auth/actor';
import type { Actor } from '../auth/actor';
import { AdvanceClockRequest, ClockAnswer, SetClockRequest } from './operations.dto';

/** Lab time of a site. */
@Controller('v1/sites/:site/clock')
export class ClockController {
  constructor(@Inject(POOL) private readonly pool: Pool) {}

  /** How the clock stands, and what keeps a virtual one from moving. */
  @Get()
  @Allow('device', 'person')
  state(@Param('site') site: string, @CurrentActor() { tenantId }: Actor): Promise<ClockAnswer> {
    return clockState(this.pool, { tenantId, site });
  }

  /** Moves a virtual clock forward; 409 with the present state when something is under way. */
  @Post()
  @HttpCode(200)
  @Allow('operator', 'ops')
  advance(
    @Param('site') site: string,
    @Body() { to, revision }: AdvanceClockRequest,
    @CurrentActor() { tenantId }: Actor,
  ): Promise<ClockAnswer> {
    return advanceClock(this.pool, { tenantId, site, to, revision });
  }

  /** Sets the clock, before any campaign exists at the site. */
  @Put()
  @Allow('ops')
  set(
    @Param('site') site: string,
    @Body() { mode, now }: SetClockRequest,
    @CurrentActor() { tenantId }: Actor,
  ): Promise<ClockAnswer> {
    return setClock(this.pool, { tenantId, site, mode, ...(now ? { now } : {}) });
  }
}
