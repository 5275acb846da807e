import { NestFactory } from '@nestjs/core';
import type { LoggerService } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { raw } from 'express';
import { chunkBytes } from '../../db/device-work/files';
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
  app.disable('x-powered-by');
  app.set('etag', false);
  app.useGlobalPipes(validationPipe());
  app.useGlobalFilters(new ProblemFilter());
  return app;
}

/** The port a listening api got. */
export function portOf(app: NestExpressApplication): number {
  const address = app.getHttpServer().address() as { port: number };
  return address.port;
}
