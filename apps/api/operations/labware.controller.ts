import { Body, Controller, Get, Headers, HttpCode, Inject, Param, Patch, Post, Put } from '@nestjs/common';
import { ApiHeader, ApiOkResponse } from '@nestjs/swagger';
import type { Pool } from 'pg';
import { idempotently } from '../../../db/idempotency';
import { receiveLabware, viewLabware } from '../../../db/lab/labware';
import { changeLot, viewLots } from '../../../db/lab/lots';
import { placeLabware } from '../../../db/lab/placement';
import { putPlace, viewPlaces } from '../../../db/lab/places';
import { POOL } from '../../../libs/platform/database/database.module';
import { Allow, CurrentActor } from '../auth/actor';
import type { Actor } from '../auth/actor';
import { idempotencyKey, withoutNulls, writerOf } from './answers';
import {
  ChangeLotRequest,
  LabwareAnswer,
  LotListAnswer,
  PlaceListAnswer,
  PlacementRequest,
  PutPlaceRequest,
  ReceivedAnswer,
  ReceiveLabwareRequest,
} from './labware.dto';

/** What stands where, and what is in it. */
@Controller('v1')
export class LabwareController {
  constructor(@Inject(POOL) private readonly pool: Pool) {}

  /** Registers labware that arrives filled from outside. */
  @Post('labware')
  @Allow('operator', 'ops')
  @ApiHeader({ name: 'Idempotency-Key', required: true })
  receive(
    @Body() labware: ReceiveLabwareRequest,
    @Headers('idempotency-key') key: string | undefined,
    @CurrentActor() actor: Actor,
  ): Promise<ReceivedAnswer> {
    const request = { tenantId: actor.tenantId, key: idempotencyKey(key), route: 'POST /v1/labware', body: labware };
    return idempotently(this.pool, request, (client) => receiveLabware(client, writerOf(actor), labware));
  }

  /** A labware by barcode, with its wells. */
  @Get('labware/:barcode')
  @Allow('device', 'person')
  @ApiOkResponse({ type: LabwareAnswer })
  async view(@Param('barcode') barcode: string, @CurrentActor() actor: Actor): Promise<object> {
    const labware = await viewLabware(this.pool, actor.tenantId, barcode);
    return withoutNulls({ ...labware, wells: labware.wells.map(withoutNulls) });
  }

  /** A person saw where a labware stands: confirms it there, or corrects what was believed. */
  @Post('labware/:barcode/placement')
  @HttpCode(204)
  @Allow('operator', 'ops')
  place(
    @Param('barcode') barcode: string,
    @Body() seen: PlacementRequest,
    @CurrentActor() actor: Actor,
  ): Promise<void> {
    return placeLabware(this.pool, writerOf(actor), { ...seen, barcode });
  }

  /** Lots by code, with their containers and whether those are in date. */
  @Get('lots')
  @ApiOkResponse({ type: LotListAnswer })
  async lots(@CurrentActor() actor: Actor): Promise<{ items: object[] }> {
    const lots = await viewLots(this.pool, actor.tenantId);
    return { items: lots.map((lot) => withoutNulls({ ...lot, containers: lot.containers.map(withoutNulls) })) };
  }

  /** Changes how long a lot may be used. */
  @Patch('lots/:code')
  @HttpCode(204)
  @Allow('operator', 'ops')
  changeLot(
    @Param('code') code: string,
    @Body() { reason, ...change }: ChangeLotRequest,
    @CurrentActor() actor: Actor,
  ): Promise<void> {
    return changeLot(this.pool, writerOf(actor), { code, change, reason });
  }

  /** Places by code. */
  @Get('places')
  @ApiOkResponse({ type: PlaceListAnswer })
  async places(@CurrentActor() actor: Actor): Promise<{ items: object[] }> {
    return { items: (await viewPlaces(this.pool, actor.tenantId)).map(withoutNulls) };
  }

  /** Makes a place known, or changes it. */
  @Put('places/:code')
  @HttpCode(204)
  @Allow('operator', 'ops')
  async putPlace(
    @Param('code') code: string,
    @Body() place: PutPlaceRequest,
    @CurrentActor() actor: Actor,
  ): Promise<void> {
    await putPlace(this.pool, writerOf(actor), { ...place, code });
  }
}
