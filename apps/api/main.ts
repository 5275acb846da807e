import 'reflect-metadata';
import { loadApiConfig } from '../../libs/platform/config/api-config';
import { JsonLogger } from '../../libs/platform/temporal/json-logger';
import { createServer, portOf } from './server';

/** Starts the api, says `ready` with its port, and stops in order on SIGTERM: parked polls are answered first. */
async function main(): Promise<void> {
  const config = loadApiConfig();
  const app = await createServer(config, new JsonLogger(config.logLevel));
  await app.listen(config.apiPort, config.apiHost);
  let stopping: Promise<void> | undefined;
  const stop = (): void => {
    stopping ??= app.close().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.stdout.write(`${JSON.stringify({ ready: true, port: portOf(app) })}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(1);
});
