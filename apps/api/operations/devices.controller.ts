import { Body, Controller, Get, HttpCode, Inject, Param, Post, Put } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import type { Pool } from 'pg';
import { describeDevice, setDeviceCondition, setDeviceState, viewDevices } from '../../../db/lab/devices';
import type { DeviceView } from '../../../db/lab/devices';
import { DomainError } from '../../../libs/errors/domain-error';
import { POOL } from '../../../libs/platform/database/database.module';
import { Allow, callerOf, CurrentActor } from '../auth/actor';
import type { Actor } from '../auth/actor';
import { withoutNulls, writerOf } from './answers';
import {
  DeviceAnswer,
  DeviceConditionRequest,
  DeviceListAnswer,
  DeviceStateRequest,
  DescribeDeviceRequest,
} from './operations.dto';

/** Devices: which there are, what they do, whether they get work. */
@Controller('v1/devices')
export class DevicesController {
  constructor(@Inject(POOL) private readonly pool: Pool) {}

  /** Every device by code. */
  @Get()
  @ApiOkResponse({ type: DeviceListAnswer })
  async list(@CurrentActor() actor: Actor): Promise<{ items: object[] }> {
    return { items: (await viewDevices(this.pool, actor.tenantId)).map(withoutNulls) };
  }

  /** One device; a device sees itself. */
  @Get(':code')
  @Allow('device', 'person')
  @ApiOkResponse({ type: DeviceAnswer })
  async view(@Param('code') code: string, @CurrentActor() actor: Actor): Promise<object> {
    if (actor.kind === 'device' && actor.name !== code)
      throw new DomainError('forbidden', `this is for device "${code}" itself; ${actor.name} is another`);
    const [device] = await viewDevices(this.pool, actor.tenantId, code);
    if (!device) throw new DomainError('not-found', `there is no device "${code}"`);
    return withoutNulls<DeviceView>(device);
  }

  /** Makes a device known, or changes what is known of it. Its credential comes from an enrolment code. */
  @Put(':code')
  @HttpCode(204)
  @Allow('operator', 'ops')
  async describe(
    @Param('code') code: string,
    @Body() device: DescribeDeviceRequest,
    @CurrentActor() actor: Actor,
  ): Promise<void> {
    await describeDevice(this.pool, writerOf(actor), { ...device, code });
  }

  /** Takes a device out of service, or back: quarantine ends here. */
  @Post(':code/state')
  @HttpCode(204)
  @Allow('operator', 'ops')
  async setState(
    @Param('code') code: string,
    @Body() decision: DeviceStateRequest,
    @CurrentActor() actor: Actor,
  ): Promise<void> {
    await setDeviceState(this.pool, writerOf(actor), { ...decision, code });
  }

  /** The device says whether someone works with it beside Anneal: then it gets no work. */
  @Put(':code/condition')
  @HttpCode(204)
  @Allow('device', 'operator', 'ops')
  async setCondition(
    @Param('code') code: string,
    @Body() { condition, message }: DeviceConditionRequest,
    @CurrentActor() actor: Actor,
  ): Promise<void> {
    await setDeviceCondition(this.pool, callerOf(actor), { code, condition, ...(message ? { message } : {}) });
  }
}
