import { Body, Controller, Get, HttpCode, Inject, Param, ParseIntPipe, Post, Put, Query } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiNoContentResponse } from '@nestjs/swagger';
import type { Pool } from 'pg';
import { PostgresFileStore } from '../../../db/device-work/files';
import { heartbeat, releaseLease } from '../../../db/device-work/heartbeat';
import { reportOutcome } from '../../../db/device-work/settle';
import { startDispatch } from '../../../db/device-work/start';
import type { TokenedWrite } from '../../../db/device-work/start';
import type { Outcome } from '../../../libs/device/job';
import { DomainError } from '../../../libs/errors/domain-error';
import { POOL } from '../../../libs/platform/database/database.module';
import { IdPipe, Sha256Pipe } from '../../../libs/platform/http/path.pipes';
import { Allow, callerOf, CurrentActor } from '../auth/actor';
import type { Actor } from '../auth/actor';
import { SERVER_CONFIG } from '../config';
import type { ApiSettings } from '../config';
import {
  ChunkQuery,
  HeartbeatAnswer,
  HeartbeatRequest,
  OutcomeAnswer,
  OutcomeRequest,
  ReleaseRequest,
  StartedAnswer,
  StartRequest,
  UploadAnswer,
} from './device-work.dto';

/** What a device says about a dispatch it holds. Every write carries the fencing token of its lease. */
@Controller('v1/dispatches/:dispatchId')
@Allow('device', 'operator', 'ops')
export class DispatchesController {
  constructor(
    @Inject(POOL) private readonly pool: Pool,
    @Inject(PostgresFileStore) private readonly files: PostgresFileStore,
    @Inject(SERVER_CONFIG) private readonly config: ApiSettings,
  ) {}

  /** The compare-and-set before anything moves: 200 once, 409 for whoever comes second. */
  @Post('start')
  @HttpCode(200)
  start(
    @Param('dispatchId', IdPipe) dispatchId: string,
    @Body() { token, durationLabMs }: StartRequest,
    @CurrentActor() actor: Actor,
  ): Promise<StartedAnswer> {
    const { leaseMs } = this.config;
    return startDispatch(this.pool, { ...write(actor, dispatchId, token), leaseMs, durationLabMs });
  }

  /** A sign of life; extends the lease. */
  @Post('heartbeats')
  @HttpCode(200)
  heartbeat(
    @Param('dispatchId', IdPipe) dispatchId: string,
    @Body() { token, progress }: HeartbeatRequest,
    @CurrentActor() actor: Actor,
  ): Promise<HeartbeatAnswer> {
    const { leaseMs } = this.config;
    return heartbeat(this.pool, { ...write(actor, dispatchId, token), leaseMs, ...(progress ? { progress } : {}) });
  }

  /** Gives the lease back before the start. */
  @Post('release')
  @HttpCode(204)
  release(
    @Param('dispatchId', IdPipe) dispatchId: string,
    @Body() { token, reason }: ReleaseRequest,
    @CurrentActor() actor: Actor,
  ): Promise<void> {
    return releaseLease(this.pool, { ...write(actor, dispatchId, token), ...(reason ? { reason } : {}) });
  }

  /** How it ended. The same outcome again gets the same answer; files it names are uploaded before. */
  @Post('outcome')
  @HttpCode(200)
  outcome(
    @Param('dispatchId', IdPipe) dispatchId: string,
    @Body() { token, outcome }: OutcomeRequest,
    @CurrentActor() actor: Actor,
  ): Promise<OutcomeAnswer> {
    return reportOutcome(this.pool, { ...write(actor, dispatchId, token), outcome: outcome as unknown as Outcome });
  }

  /** Takes one chunk of a file: 1 MiB each, the last one what is left. Sending it again changes nothing. */
  @Put('uploads/:sha256/chunks/:index')
  @HttpCode(204)
  @ApiConsumes('application/octet-stream')
  @ApiBody({ schema: { type: 'string', format: 'binary' } })
  @ApiNoContentResponse({ description: 'the chunk is stored' })
  async putChunk(
    @Param('dispatchId', IdPipe) dispatchId: string,
    @Param('sha256', Sha256Pipe) sha256: string,
    @Param('index', ParseIntPipe) index: number,
    @Query() { bytes }: ChunkQuery,
    @Body() content: Buffer,
    @CurrentActor() actor: Actor,
  ): Promise<void> {
    if (!Buffer.isBuffer(content)) throw new DomainError('wrong-type', 'send the chunk as application/octet-stream');
    await this.files.putChunk({ ...callerOf(actor), dispatchId, sha256, bytes, index, content });
  }

  /** What an upload still lacks, to go on after an interruption. */
  @Get('uploads/:sha256')
  upload(
    @Param('dispatchId', IdPipe) dispatchId: string,
    @Param('sha256', Sha256Pipe) sha256: string,
    @CurrentActor() actor: Actor,
  ): Promise<UploadAnswer> {
    return this.files.missing({ ...callerOf(actor), dispatchId, sha256 });
  }
}

const write = (actor: Actor, dispatchId: string, token: string): TokenedWrite => ({
  ...callerOf(actor),
  dispatchId,
  token,
});
