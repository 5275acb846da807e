import { Body, Controller, HttpCode, Inject, Param, Post, Res } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse } from '@nestjs/swagger';
import type { Response } from 'express';
import type { LeasedJob } from '../../../libs/device/job';
import { Allow, callerOf, CurrentActor } from '../auth/actor';
import type { Actor } from '../auth/actor';
import { LeasedJobAnswer, LeaseRequest } from './device-work.dto';
import { LeaseDesk } from './lease-desk';

/** Where a device asks for work. */
@Controller('v1/devices/:code/leases')
@Allow('device', 'operator', 'ops')
export class LeasesController {
  constructor(@Inject(LeaseDesk) private readonly desk: LeaseDesk) {}

  /** Leases the next suitable job, waiting up to `waitMs` for one. 204 means there is none: ask again. */
  @Post()
  @HttpCode(200)
  @ApiOkResponse({ type: LeasedJobAnswer })
  @ApiNoContentResponse({ description: 'no job: ask again' })
  async lease(
    @Param('code') code: string,
    @Body() { waitMs }: LeaseRequest,
    @CurrentActor() actor: Actor,
    @Res({ passthrough: true }) response: Response,
  ): Promise<LeasedJob | undefined> {
    const hungUp = new AbortController();
    response.on('close', () => (response.writableEnded ? undefined : hungUp.abort()));
    const job = await this.desk.leaseNext({
      caller: callerOf(actor),
      deviceCode: code,
      waitMs,
      hungUp: hungUp.signal,
    });
    if (!job) response.status(204);
    return job;
  }
}
