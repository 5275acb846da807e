import { NestFactory } from '@nestjs/core';
import type { LoggerService } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { raw } from 'express';
import type { NextFunction, Request, Response } from 'express';
import { chunkBytes } from '../../db/device-work/files';
import { DomainError } from '../../libs/errors/domain-error';
import { isUnstorable, unstorableTexts } from '../../libs/protocol/document/unstorable';
import { ProblemFilter } from '../../libs/platform/http/problem.filter';
import { validationPipe } from '../../libs/platform/http/validation';
import { AppModule } from './app.module';
import type { ApiSettings } from './config';

/** Largest JSON body: an outcome with its facts, labware of 1,536 wells with sequences. */
const jsonLimit = '32mb';
/** Largest document that is sent as text. */
const textLimit = '2mb';

/** The api with everything a request passes through, not listening yet. */
export async function createServer(
  config: ApiSettings,
  logger: LoggerService | false,
): Promise<NestExpressApplication> {
  const warn = (error: Error): void => (logger ? logger.warn(`an idle connection broke: ${error.message}`) : undefined);
  const app = await NestFactory.create<NestExpressApplication>(AppModule.forRoot(config, warn), {
    logger,
    abortOnError: false,
    rawBody: true,
  });
  return configure(app);
}

/** Body parsers, validation and errors, the same for a served and a described api. */
export function configure(app: NestExpressApplication): NestExpressApplication {
  app.useBodyParser('json', { limit: jsonLimit });
  app.use(raw({ type: 'application/octet-stream', limit: chunkBytes }));
  app.useBodyParser('raw', { type: ['text/yaml', 'application/yaml', 'text/plain'], limit: textLimit });
  app.use(refuseUnstorable);
  app.disable('x-powered-by');
  app.set('etag', false);
  app.useGlobalPipes(validationPipe());
  app.useGlobalFilters(new ProblemFilter());
  return app;
}

/** PostgreSQL keeps neither NUL nor half a character: refused here, wherever in a request they are. */
function refuseUnstorable(request: Request, _response: Response, next: NextFunction): void {
  const path = decodeLeniently(request.url);
  const body: unknown = Buffer.isBuffer(request.body) ? undefined : request.body;
  const found = isUnstorable(path) ? 'the path' : unstorableTexts(body)[0]?.pointer;
  if (found === undefined) return next();
  next(
    new DomainError(
      'document-encoding',
      `expected printable text, found a NUL or half a character in ${found || 'the body'}; remove it`,
    ),
  );
}

function decodeLeniently(url: string): string {
  try {
    return decodeURIComponent(url);
  } catch {
    return url;
  }
}

/** The port a listening api got. */
export function portOf(app: NestExpressApplication): number {
  const address = app.getHttpServer().address() as { port: number };
  return address.port;
}
