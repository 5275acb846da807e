import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Inject, Module } from '@nestjs/common';
import type { INestApplication, NestModule } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { SwaggerModule } from '@nestjs/swagger';
import type { OpenAPIObject } from '@nestjs/swagger';
import { installationRoot } from '../../../db/migrate';
import { DocsController } from './docs.controller';

/** Pages for people at `/docs`, the API to try out at `/docs/api`, its description at `/openapi.json`. Open to everyone. */
@Module({ controllers: [DocsController] })
export class DocsModule implements NestModule {
  constructor(@Inject(HttpAdapterHost) private readonly host: HttpAdapterHost) {}

  /** Middleware comes before controllers, and before their guards: so do the routes of the UI. */
  configure(): void {
    const { httpAdapter } = this.host;
    const { useStaticAssets } = httpAdapter as unknown as NestExpressApplication;
    const app = { getHttpAdapter: () => httpAdapter, useStaticAssets: useStaticAssets.bind(httpAdapter) };
    SwaggerModule.setup('docs/api', app as unknown as INestApplication, readDescription, {
      jsonDocumentUrl: 'openapi.json',
      raw: ['json'],
      customSiteTitle: 'Anneal API',
      swaggerOptions: { persistAuthorization: true },
    });
  }
}

/** The description that is checked in; `npm run check` keeps it equal to the code. */
const readDescription = (): OpenAPIObject =>
  JSON.parse(readFileSync(join(installationRoot(), 'apps', 'api', 'openapi.json'), 'utf8')) as OpenAPIObject;
