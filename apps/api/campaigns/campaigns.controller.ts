import { Body, Controller, Get, Headers, HttpCode, Inject, Param, Post, Query, Req, Res, Sse } from '@nestjs/common';
import type { MessageEvent, RawBodyRequest } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiHeader, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import type { Observable } from 'rxjs';
import type { CampaignView } from '../../../libs/report/campaign-view';
import type { Accepted } from '../../../db/campaigns/submit';
import type { DecisionState } from '../../../db/campaigns/decisions';
import { DomainError } from '../../../libs/errors/domain-error';
import { Allow, CurrentActor, type Actor } from '../auth/actor';
import { Campaigns } from './campaigns';
import { DecisionRequest, PageQuery, ReportQuery } from './campaigns.dto';
import { CampaignEvents } from './campaign-events';
import { Reports } from './reports';

/** What a scientist does: submit, watch, decide, read the result. */
@ApiTags('campaigns')
@Controller('v1/campaigns')
export class CampaignsController {
  constructor(
    @Inject(Campaigns) private readonly campaigns: Campaigns,
    @Inject(CampaignEvents) private readonly events: CampaignEvents,
    @Inject(Reports) private readonly reports: Reports,
  ) {}

  /** Submits a campaign: its text, YAML or JSON, schema `anneal/v1`. The same idempotency key and text give the same campaign. */
  @Post()
  @Allow('scientist', 'pi')
  @ApiConsumes('text/yaml', 'application/json')
  @ApiBody({ schema: { type: 'string', description: 'a campaign, schema anneal/v1' } })
  @ApiHeader({ name: 'Idempotency-Key', required: true })
  submit(
    @Req() request: RawBodyRequest<Request>,
    @CurrentActor() actor: Actor,
    @Headers('idempotency-key') key: string | undefined,
  ): Promise<Accepted> {
    if (!key)
      throw new DomainError(
        'missing-key',
        'expected a header Idempotency-Key, found none; send a key of your own, e.g. a random UUID',
      );
    return this.campaigns.submit(actor, textOf(request), key);
  }

  /** Says everything that is wrong with a campaign's text; stores nothing. */
  @Post('validate')
  @HttpCode(200)
  @ApiConsumes('text/yaml', 'application/json')
  @ApiBody({ schema: { type: 'string', description: 'a campaign, schema anneal/v1' } })
  validate(
    @Req() request: RawBodyRequest<Request>,
    @CurrentActor() actor: Actor,
  ): Promise<{ readonly valid: true; readonly warnings: readonly unknown[] }> {
    return this.campaigns.validate(actor, textOf(request));
  }

  /** Campaigns, newest first. */
  @Get()
  list(@CurrentActor() actor: Actor, @Query() page: PageQuery): Promise<{ items: CampaignView[]; next?: string }> {
    return this.campaigns.list(actor, page);
  }

  /** A campaign as it stands. */
  @Get(':slug')
  view(@CurrentActor() actor: Actor, @Param('slug') slug: string): Promise<CampaignView> {
    return this.campaigns.view(actor, slug);
  }

  /** Pauses, resumes, aborts or approves. 200 when the workflow has applied or refused it, 202 when it has not heard yet. */
  @Post(':slug/decisions')
  async decide(
    @CurrentActor() actor: Actor,
    @Param('slug') slug: string,
    @Body() request: DecisionRequest,
    @Res({ passthrough: true }) response: Response,
  ): Promise<DecisionState> {
    const decision = await this.campaigns.decide(actor, slug, request);
    response.status(decision.state === 'pending' ? 202 : 200);
    return decision;
  }

  /** Facts of the campaign and its jobs as they change (server-sent events); `Last-Event-ID` reads on from there. */
  @Sse(':slug/events')
  stream(
    @CurrentActor() actor: Actor,
    @Param('slug') slug: string,
    @Headers('last-event-id') after: string | undefined,
  ): Promise<Observable<MessageEvent>> {
    return this.events.of(actor.tenantId, slug, after);
  }

  /** What the campaign found, in the form asked for. */
  @Get(':slug/report')
  async report(
    @CurrentActor() actor: Actor,
    @Param('slug') slug: string,
    @Query() query: ReportQuery,
    @Res() response: Response,
  ): Promise<void> {
    const { mediaType, text } = await this.reports.of(actor.tenantId, slug, query.format ?? 'json');
    response.type(mediaType).send(text);
  }
}

/** The bytes as they came: encoding and syntax are judged by the document's reader, not by a body parser. */
function textOf(request: RawBodyRequest<Request>): Uint8Array {
  if (request.rawBody && request.rawBody.length > 0) return request.rawBody;
  throw new DomainError(
    'document-syntax',
    'expected a document as the body, with content type text/yaml or application/json; found nothing',
  );
}
