import { Injectable } from '@nestjs/common';
import type { LoggerService, OnApplicationShutdown } from '@nestjs/common';
import { Pool } from 'pg';
import type { ServerConfig } from '../../../libs/platform/config/server-config';
import { bearBreaking } from '../../../libs/platform/database/broken-connections';
import { sessionSettings } from '../../../libs/platform/database/session-settings';

const connectMs = 5_000;

/** Connections to PostgreSQL. One that breaks is replaced; whoever was using it hears so. */
export function databasePool(config: Pick<ServerConfig, 'databaseUrl' | 'databasePoolSize'>, log: LoggerService): Pool {
  const pool = new Pool({
    connectionString: config.databaseUrl,
    max: config.databasePoolSize,
    application_name: 'anneal-worker',
    connectionTimeoutMillis: connectMs,
    keepAlive: true,
    options: sessionSettings,
    onConnect: bearBreaking,
  });
  pool.on('error', (error) => log.warn('a connection to PostgreSQL broke', { error: error.message }));
  return pool;
}

/** Closes the pool after everything that uses it has ended. */
@Injectable()
export class PoolCloser implements OnApplicationShutdown {
  constructor(private readonly pool: Pool) {}

  async onApplicationShutdown(): Promise<void> {
    await this.pool.end();
  }
}
