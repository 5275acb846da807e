import 'reflect-metadata';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Global, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import type { OpenAPIObject } from '@nestjs/swagger';
import { DataSource } from 'typeorm';
import { installationRoot } from '../../db/migrate';
import { POOL } from '../../libs/platform/database/database.module';
import { featureModules } from './app.module';
import { SERVER_CONFIG } from './config';
import { HealthController } from './health/health.controller';
import { configure } from './server';

/** Stands in for what a described api never calls. */
@Global()
@Module({
  imports: featureModules,
  controllers: [HealthController],
  providers: [DataSource, POOL, SERVER_CONFIG].map((provide) => ({ provide, useValue: {} })),
  exports: [DataSource, POOL, SERVER_CONFIG],
})
class DescribedModule {}

/** The api's description, made from controllers and DTO classes; paths and schemas in the order of their names. */
export async function describeApi(): Promise<OpenAPIObject> {
  const app = await NestFactory.create<NestExpressApplication>(DescribedModule, { logger: false });
  const options = new DocumentBuilder()
    .setTitle('Anneal')
    .setDescription(
      'Biofoundry orchestrator: campaigns for scientists, device work for robots, operations for the lab.',
    )
    .setVersion('1')
    .addBearerAuth()
    .addSecurityRequirements('bearer')
    .build();
  const document = SwaggerModule.createDocument(configure(app), options, {
    operationIdFactory: (controller, method) => `${controller.replace(/Controller$/, '')}_${method}`,
  });
  await app.close();
  const described = {
    ...document,
    paths: sorted(document.paths),
    components: sortedSchemas(document.components ?? {}),
  };
  return JSON.parse(JSON.stringify(described, sortedEnums)) as OpenAPIObject;
}

function sortedSchemas(components: NonNullable<OpenAPIObject['components']>): NonNullable<OpenAPIObject['components']> {
  return components.schemas ? { ...components, schemas: sorted(components.schemas) } : components;
}

/** The order of a union's members follows the order in which the compiler met them; here it does not matter. */
const sortedEnums = (key: string, value: unknown): unknown =>
  key === 'enum' && Array.isArray(value) ? [...(value as string[])].sort() : value;

const sorted = <T>(record: Record<string, T>): Record<string, T> =>
  Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));

async function main(): Promise<void> {
  const file = join(installationRoot(), 'apps', 'api', 'openapi.json');
  const text = `${JSON.stringify(await describeApi(), null, 2)}\n`;
  if (!process.argv.includes('--check')) return writeFileSync(file, text);
  if (readFileSync(file, 'utf8') !== text) {
    process.stderr.write('apps/api/openapi.json is stale: run node dist/apps/api/openapi.js\n');
    process.exitCode = 1;
  }
}

if (require.main === module) void main();
