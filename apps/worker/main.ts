import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { loadWorkerConfig } from '../../libs/platform/config/worker-config';
import { JsonLogger } from '../../libs/platform/temporal/json-logger';
import { WorkflowHost } from './host/workflow-host';
import { WorkerModule } from './worker.module';

/** Time a stop may take before the process ends anyhow. */
const stopMs = 20_000;

async function main(): Promise<void> {
  const config = loadWorkerConfig();
  const log = new JsonLogger(config.logLevel);
  const fatal = (error: Error): void => {
    log.error('the worker cannot go on', error);
    process.exitCode = 1;
    setTimeout(() => process.exit(1), stopMs).unref();
    void app.close().finally(() => process.exit(1));
  };
  const app = await NestFactory.create<NestExpressApplication>(WorkerModule.for(config, log, fatal), { logger: log });
  app.enableShutdownHooks(['SIGTERM', 'SIGINT'], { useProcessExit: true });
  const server = await app.listen(config.healthPort, config.healthHost);
  await app.get(WorkflowHost).whenStarted();
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`${JSON.stringify({ ready: true, port })}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${JSON.stringify({ at: new Date().toISOString(), level: 'error', message: String(error) })}\n`);
  process.exit(1);
});
