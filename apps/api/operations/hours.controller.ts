import { Body, Controller, Get, HttpCode, Inject, Param, Put } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import type { Pool } from 'pg';
import { readHours, setHours } from '../../../db/lab/hours';
import type { Hours } from '../../../db/lab/hours';
import { POOL } from '../../../libs/platform/database/database.module';
import { Allow, CurrentActor } from '../auth/actor';
import type { Actor } from '../auth/actor';
import { DeviceHoursRequest, HoursAnswer, SiteHoursRequest } from './hours.dto';

/** Opening hours of devices and sites, in lab time: what would spoil overnight is not started in the evening. */
@Controller('v1')
export class HoursController {
  constructor(@Inject(POOL) private readonly pool: Pool) {}

  /** When a device may work. */
  @Get('devices/:code/hours')
  @ApiOkResponse({ type: HoursAnswer })
  ofDevice(@Param('code') device: string, @CurrentActor() { tenantId }: Actor): Promise<Hours> {
    return readHours(this.pool, { tenantId, device });
  }

  /** Replaces the hours of a device; empty lists mean always. */
  @Put('devices/:code/hours')
  @HttpCode(204)
  @Allow('operator', 'ops')
  setOfDevice(
    @Param('code') device: string,
    @Body() hours: DeviceHoursRequest,
    @CurrentActor() { tenantId, id }: Actor,
  ): Promise<void> {
    return setHours(this.pool, { actorId: id }, { tenantId, device }, hours);
  }

  /** When the people of a site are there: attended steps need them, and persons without hours of their own keep these. */
  @Get('sites/:site/hours')
  @ApiOkResponse({ type: HoursAnswer })
  ofSite(@Param('site') site: string, @CurrentActor() { tenantId }: Actor): Promise<Hours> {
    return readHours(this.pool, { tenantId, site });
  }

  /** Replaces the hours of a site. */
  @Put('sites/:site/hours')
  @HttpCode(204)
  @Allow('operator', 'ops')
  setOfSite(
    @Param('site') site: string,
    @Body() hours: SiteHoursRequest,
    @CurrentActor() { tenantId, id }: Actor,
  ): Promise<void> {
    return setHours(this.pool, { actorId: id }, { tenantId, site }, hours);
  }
}
