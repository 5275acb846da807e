import { Controller, Get, Inject, Param, StreamableFile } from '@nestjs/common';
import { ApiOkResponse, ApiProduces } from '@nestjs/swagger';
import { Readable } from 'node:stream';
import { PostgresFileStore } from '../../../db/device-work/files';
import { DomainError } from '../../../libs/errors/domain-error';
import { Sha256Pipe } from '../../../libs/platform/http/path.pipes';
import { Allow, CurrentActor } from '../auth/actor';
import type { Actor } from '../auth/actor';

/** Immutable files, by the hash of their content: worklists for devices, results for people. */
@Controller('v1/files')
@Allow('device', 'person')
export class FilesController {
  constructor(@Inject(PostgresFileStore) private readonly files: PostgresFileStore) {}

  /** The bytes of a file. A device reads the files of its own dispatches. */
  @Get(':sha256')
  @ApiProduces('application/octet-stream')
  @ApiOkResponse({ schema: { type: 'string', format: 'binary' } })
  async read(@Param('sha256', Sha256Pipe) sha256: string, @CurrentActor() actor: Actor): Promise<StreamableFile> {
    const file = await this.files.describe(actor.tenantId, sha256);
    const visible = actor.kind !== 'device' || (await this.files.isOfDevice(actor.id, actor.tenantId, sha256));
    if (!file || !visible) throw new DomainError('not-found', `there is no file ${sha256}`);
    return new StreamableFile(Readable.from(this.files.read(actor.tenantId, sha256)), {
      type: file.mediaType,
      length: file.bytes,
      disposition: `attachment; filename*=UTF-8''${encodeURIComponent(file.name)}`,
    });
  }
}
