import { Body, Controller, HttpCode, Inject, Param, Post } from '@nestjs/common';
import type { Pool } from 'pg';
import { resolveGroup } from '../../../db/device-work/settle';
import { reportSelfTest } from '../../../db/lab/self-tests';
import { POOL } from '../../../libs/platform/database/database.module';
import { Allow, callerOf, CurrentActor } from '../auth/actor';
import type { Actor } from '../auth/actor';
import { GroupResolutionAnswer, GroupResolutionRequest, SelfTestAnswer, SelfTestReport } from './resolutions.dto';

/** What ends unknown outcomes: a person's word about several at once, a device's word about itself. */
@Controller('v1')
export class ResolutionsController {
  constructor(@Inject(POOL) private readonly pool: Pool) {}

  /** Settles several dispatches whose outcome is unknown by one named person's word, all or none of them. */
  @Post('resolutions')
  @HttpCode(200)
  @Allow('operator', 'ops')
  resolve(
    @Body() { dispatchIds, ...resolution }: GroupResolutionRequest,
    @CurrentActor() { tenantId, id: actorId }: Actor,
  ): Promise<GroupResolutionAnswer> {
    return resolveGroup(this.pool, { tenantId, actorId, dispatchIds, resolution });
  }

  /** How a device's self-test went: one that passed ends a quarantine that waits for it, one that failed begins one. */
  @Post('devices/:code/self-test')
  @HttpCode(200)
  @Allow('device', 'operator', 'ops')
  selfTest(
    @Param('code') deviceCode: string,
    @Body() { result, message }: SelfTestReport,
    @CurrentActor() actor: Actor,
  ): Promise<SelfTestAnswer> {
    return reportSelfTest(this.pool, { ...callerOf(actor), deviceCode, passed: result === 'passed', message });
  }
}
