import { Body, Controller, Get, Headers, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiHeader, ApiOkResponse } from '@nestjs/swagger';
import type { Pool } from 'pg';
import { idempotently } from '../../../db/idempotency';
import type { Loading } from '../../../db/lab/loading';
import { viewLoading } from '../../../db/lab/loading';
import { refillWell } from '../../../db/lab/refill';
import { POOL } from '../../../libs/platform/database/database.module';
import { Allow, CurrentActor } from '../auth/actor';
import type { Actor } from '../auth/actor';
import { defaultSite } from '../config';
import { idempotencyKey, writerOf } from './answers';
import { ReceivedAnswer } from './labware.dto';
import { LoadingAnswer, LoadingQuery, RefillRequest } from './loading.dto';

const defaultHours = 12;

/** What must be loaded, moved or refilled, and the word of the person who did. */
@Controller('v1')
export class LoadingController {
  constructor(@Inject(POOL) private readonly pool: Pool) {}

  /** What jobs of the coming hours lack: tips, reagents, lots in date, labware in its place. */
  @Get('loading')
  @ApiOkResponse({ type: LoadingAnswer })
  loading(@Query() { hours = defaultHours }: LoadingQuery, @CurrentActor() actor: Actor): Promise<Loading> {
    return viewLoading(this.pool, { tenantId: actor.tenantId, site: defaultSite, hours });
  }

  /** A person poured more of the same into a well. */
  @Post('labware/:barcode/refill')
  @Allow('operator', 'ops')
  @ApiHeader({ name: 'Idempotency-Key', required: true })
  refill(
    @Param('barcode') barcode: string,
    @Body() refill: RefillRequest,
    @Headers('idempotency-key') key: string | undefined,
    @CurrentActor() actor: Actor,
  ): Promise<ReceivedAnswer> {
    const route = `POST /v1/labware/${barcode}/refill`;
    const request = { tenantId: actor.tenantId, key: idempotencyKey(key), route, body: refill };
    return idempotently(this.pool, request, (client) => refillWell(client, writerOf(actor), { ...refill, barcode }));
  }
}
