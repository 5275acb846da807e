import * as pg from 'pg';
import type { Pool } from 'pg';
import { DataSource } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver';
import { entities } from '../../../db/entities';
import { bearBreaking } from './broken-connections';
import { sessionSettings } from './session-settings';

/** How a process reaches the facts. */
export interface DatabaseOptions {
  readonly databaseUrl: string;
  readonly poolSize: number;
  /** Shown by PostgreSQL beside each connection: `anneal-api`. */
  readonly applicationName: string;
  /** How long a start waits for PostgreSQL to answer, ms. */
  readonly patienceMs?: number;
  /** Told about connections that broke while idle; the pool replaces them. */
  readonly onIdleError?: (error: Error) => void;
}

/** How long a request waits for a connection before it is answered as a passing fault, ms. */
const connectionTimeoutMs = 5_000;

/** The entities over one pool of connections; the schema is the migrations' alone. */
export function createDataSource(options: DatabaseOptions): DataSource {
  return new DataSource({
    type: 'postgres',
    driver: pg,
    url: options.databaseUrl,
    entities: [...entities],
    synchronize: false,
    migrationsRun: false,
    installExtensions: false,
    logging: false,
    poolSize: options.poolSize,
    applicationName: options.applicationName,
    poolErrorHandler: (error: Error) => options.onIdleError?.(error),
    // A connection keeps its plans: one that was closed for idleness costs the next burst tens of milliseconds.
    extra: {
      connectionTimeoutMillis: connectionTimeoutMs,
      keepAlive: true,
      idleTimeoutMillis: 0,
      options: sessionSettings,
      onConnect: bearBreaking,
    },
  });
}

/** Connects, trying again while PostgreSQL does not answer. @throws the last error after `patienceMs` (30 s) */
export async function connect(options: DatabaseOptions): Promise<DataSource> {
  const until = performance.now() + (options.patienceMs ?? 30_000);
  for (;;) {
    const dataSource = createDataSource(options);
    try {
      return await dataSource.initialize();
    } catch (error) {
      if (performance.now() > until) throw error;
      await new Promise((next) => setTimeout(next, 200));
    }
  }
}

/** The pool below a DataSource: clever SQL goes to it directly. */
export function poolOf(dataSource: DataSource): Pool {
  return (dataSource.driver as PostgresDriver).master as Pool;
}
