import { Controller, Get, Inject, Post, Req } from '@nestjs/common';
import type { RawBodyRequest } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiTags } from '@nestjs/swagger';
import type { Request } from 'express';
import type { Pool } from 'pg';
import { addProtocol, storedProtocols } from '../../../db/campaigns/protocols';
import { shippedProtocols } from '../../../libs/protocol/library/shipped';
import { POOL } from '../../../libs/platform/database/database.module';
import { Allow, CurrentActor, type Actor } from '../auth/actor';
import { Documents } from './documents';

/** A protocol version in a list. */
export class ProtocolLine {
  id: string;
  version: string;
  stage: string;
  title: string;
}

/** Protocols a campaign may name. */
@ApiTags('protocols')
@Controller('v1/protocols')
export class ProtocolsController {
  constructor(
    @Inject(POOL) private readonly pool: Pool,
    @Inject(Documents) private readonly documents: Documents,
  ) {}

  /** Stores a protocol version: its text, YAML or JSON. The same id and version with other content is refused (409). */
  @Post()
  @Allow('scientist', 'pi', 'ops')
  @ApiConsumes('text/yaml', 'application/json')
  @ApiBody({ schema: { type: 'string', description: 'a protocol, schema anneal-protocol/v1' } })
  async add(
    @Req() request: RawBodyRequest<Request>,
    @CurrentActor() actor: Actor,
  ): Promise<{ id: string; version: string }> {
    const protocol = this.documents.protocol(request.rawBody ?? new Uint8Array());
    await addProtocol(this.pool, { tenantId: actor.tenantId, actorId: actor.id }, protocol);
    return { id: protocol.id, version: protocol.version };
  }

  /** Stored and shipped protocols. */
  @Get()
  async list(@CurrentActor() actor: Actor): Promise<{ items: ProtocolLine[] }> {
    const stored = await storedProtocols(this.pool, actor.tenantId);
    const documents = [...stored, ...shippedProtocols()].map(({ document }) => document);
    const lines = new Map(
      documents.map(({ id, version, stage, title }) => [`${id}@${version}`, { id, version, stage, title }]),
    );
    return { items: [...lines.values()] };
  }
}
