import { Body, Controller, Delete, HttpCode, Inject, Param, Post, Req } from '@nestjs/common';
import { ApiNotFoundResponse, ApiTooManyRequestsResponse, ApiUnauthorizedResponse } from '@nestjs/swagger';
import type { Request } from 'express';
import type { Pool } from 'pg';
import {
  exchangeEnrolmentCode,
  issueEnrolmentCode,
  revokeCredentials,
  revokePerson,
  rotateCredential,
} from '../../../db/lab/credentials';
import { DomainError } from '../../../libs/errors/domain-error';
import { POOL } from '../../../libs/platform/database/database.module';
import { Allow, CurrentActor, Public } from '../auth/actor';
import type { Actor } from '../auth/actor';
import { Attempts } from '../auth/attempts';
import { writerOf } from './answers';
import { CredentialAnswer, EnrolmentAnswer, ExchangedAnswer, ExchangeRequest, RevokedAnswer } from './enrolment.dto';

/** Wrong codes per minute. A code has 80 bits: the limits spare the database, they do not guard the code. */
const limits = { perAddress: 10, overall: 300, windowMs: 60_000 };

/** Who a device is: enrolled by a one-time code, its credential rotated by itself, revoked by a person. */
@Controller('v1')
export class EnrolmentController {
  private readonly attempts = new Attempts(limits);

  constructor(@Inject(POOL) private readonly pool: Pool) {}

  /** Issues a device's enrolment code, good once and for 15 minutes; one issued before ends. */
  @Post('devices/:code/enrolments')
  @Allow('operator', 'ops')
  async issue(@Param('code') code: string, @CurrentActor() actor: Actor): Promise<EnrolmentAnswer> {
    const { enrolmentCode, expiresAt } = await issueEnrolmentCode(this.pool, writerOf(actor), code);
    return { enrolmentCode, expiresAt: expiresAt.toISOString() };
  }

  /** Exchanges an enrolment code for the device's credential. Credentials the device had before end. */
  @Post('enrolments')
  @Public()
  @ApiUnauthorizedResponse({ description: 'the code is wrong, expired or used' })
  @ApiTooManyRequestsResponse({ description: 'too many wrong codes: wait' })
  async exchange(@Body() { enrolmentCode }: ExchangeRequest, @Req() request: Request): Promise<ExchangedAnswer> {
    const address = request.ip ?? '';
    const waitMs = this.attempts.waitMs(address);
    if (waitMs > 0)
      throw new DomainError('too-many-requests', `too many wrong codes: try again in ${Math.ceil(waitMs / 1_000)} s`);
    const exchanged = await exchangeEnrolmentCode(this.pool, enrolmentCode);
    if (exchanged) return exchanged;
    this.attempts.failed(address);
    throw new DomainError('unauthenticated', 'this enrolment code is not good (any more): ask for another');
  }

  /** Gives the device that asks a new credential; the old one ends with the first use of the new one, or after 24 hours. */
  @Post('devices/:code/credentials')
  @Allow('device')
  rotate(@Param('code') code: string, @CurrentActor() actor: Actor): Promise<CredentialAnswer> {
    const { tenantId, id: actorId, tokenId } = actor;
    return rotateCredential(this.pool, { tenantId, actorId, tokenId }, code);
  }

  /** Ends every credential of a device, and its open enrolment code, at once. */
  @Delete('devices/:code/credentials')
  @HttpCode(200)
  @Allow('ops')
  @ApiNotFoundResponse({ description: 'no such device' })
  revoke(@Param('code') code: string, @CurrentActor() actor: Actor): Promise<RevokedAnswer> {
    return revokeCredentials(this.pool, writerOf(actor), code);
  }

  /** Ends every access token of a person at once. */
  @Delete('people/:name/tokens')
  @HttpCode(200)
  @Allow('ops')
  @ApiNotFoundResponse({ description: 'no such person' })
  revokePerson(@Param('name') name: string, @CurrentActor() actor: Actor): Promise<RevokedAnswer> {
    return revokePerson(this.pool, writerOf(actor), name);
  }
}
