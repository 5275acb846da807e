import { setTimeout as pause } from 'node:timers/promises';
import type { LoggerService } from '@nestjs/common';
import { NativeConnection } from '@temporalio/worker';
import { temporalConnectionOptions } from '../../../libs/platform/config/server-config';
import type { WorkerConfig } from '../../../libs/platform/config/worker-config';

const betweenTriesMs = 1_000;

/** Connects as soon as Temporal answers and knows the namespace, however long that takes; ends when `stop` aborts. */
export async function connectTemporal(
  config: WorkerConfig,
  log: LoggerService,
  stop: AbortSignal,
): Promise<NativeConnection | undefined> {
  const options = temporalConnectionOptions(config) ?? { address: config.temporalAddress };
  while (!stop.aborted) {
    try {
      const connection = await NativeConnection.connect(options);
      await connection.workflowService.describeNamespace({ namespace: config.temporalNamespace });
      return connection;
    } catch (error) {
      log.warn(`Temporal at ${config.temporalAddress} does not answer yet`, { error: (error as Error).message });
      await pause(betweenTriesMs, undefined, { signal: stop }).catch(() => undefined);
    }
  }
  return undefined;
}
