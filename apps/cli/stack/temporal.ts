import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import type { TemporalConnectionOptions } from '../../../libs/platform/config/server-config';
import { DomainError } from '../../../libs/errors/domain-error';
import type { ProcessSpec } from './process-spec';
import { searchAttributes } from './search-attributes';

/** What the development server needs to know. */
export interface TemporalOptions {
  /** A Temporal CLI. */
  readonly binary: string;
  /** The database file lives in `temporal/` below it. */
  readonly dataDir: string;
  readonly port: number;
  readonly uiPort: number;
  readonly namespace: string;
}

/** A Temporal development server, ready to be started by a supervisor. */
export interface EmbeddedTemporal {
  readonly spec: ProcessSpec;
  /** host:port of its frontend. */
  readonly address: string;
  /** Its web pages. */
  readonly uiUrl: string;
}

/** Says how to start a development server that keeps its workflows in one file, synced at every commit. */
export async function embeddedTemporal(options: TemporalOptions): Promise<EmbeddedTemporal> {
  const folder = join(options.dataDir, 'temporal');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const address = `127.0.0.1:${options.port}`;
  const spec: ProcessSpec = {
    name: 'temporal',
    command: options.binary,
    args: serverArguments(options, join(folder, 'temporal.db')),
    env: { HOME: folder },
    cwd: folder,
    ready: () => temporalAnswers({ address }, options.namespace),
    readyWithinMs: 60_000,
    startAttempts: 3,
  };
  return { spec, address, uiUrl: `http://127.0.0.1:${options.uiPort}` };
}

function serverArguments(options: TemporalOptions, file: string): string[] {
  return [
    ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(options.port)],
    ...['--ui-ip', '127.0.0.1', '--ui-port', String(options.uiPort), '--namespace', options.namespace],
    ...['--db-filename', file, '--sqlite-pragma', 'journal_mode=WAL', '--sqlite-pragma', 'synchronous=FULL'],
    ...['--dynamic-config-value', 'system.enableActivityEagerExecution=true'],
    ...Object.entries(searchAttributes).flatMap(([name, type]) => ['--search-attribute', `${name}=${type}`]),
    ...['--log-level', 'error'],
  ];
}

/** Whether a server takes calls and knows the namespace. */
export async function temporalAnswers(options: TemporalConnectionOptions, namespace: string): Promise<boolean> {
  let connection: Connection | undefined;
  try {
    connection = await Connection.connect({ ...options, connectTimeout: '2s' });
    await connection.workflowService.describeNamespace({ namespace });
    return true;
  } catch {
    return false;
  } finally {
    await connection?.close();
  }
}

const typeNumbers = { Keyword: 2, Int: 3, Datetime: 6 } as const;

/**
 * Checks an existing server and registers the search attributes it lacks.
 * @throws DomainError `temporal-unavailable` when it does not answer, lacks the namespace or refuses the attributes.
 */
export async function checkTemporal(options: TemporalConnectionOptions, namespace: string): Promise<void> {
  let connection: Connection | undefined;
  try {
    connection = await Connection.connect({ ...options, connectTimeout: '10s' });
    await connection.workflowService.describeNamespace({ namespace });
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    const missing = Object.entries(searchAttributes).filter(([name]) => !(name in customAttributes));
    if (missing.length === 0) return;
    await connection.operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(missing.map(([name, type]) => [name, typeNumbers[type]])),
    });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new DomainError(
      'temporal-unavailable',
      `The Temporal server at ${options.address} (namespace ${namespace}) cannot be used: ${why}. ` +
        'Check TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE and the TEMPORAL_TLS and TEMPORAL_API_KEY settings.',
    );
  } finally {
    await connection?.close();
  }
}
