import { Global, Inject, Module } from '@nestjs/common';
import type { DynamicModule, OnApplicationShutdown } from '@nestjs/common';
import type { Pool } from 'pg';
import { DataSource } from 'typeorm';
import { connect, poolOf } from './data-source';
import type { DatabaseOptions } from './data-source';

/** Injects the process's one pool of PostgreSQL connections: `@Inject(POOL) pool: Pool`. */
export const POOL = Symbol('POOL');

/** Gives every module the DataSource of the entities and its pool; closed last when the process stops. */
@Global()
@Module({})
export class DatabaseModule implements OnApplicationShutdown {
  constructor(@Inject(DataSource) private readonly dataSource: DataSource) {}

  /** Waits for PostgreSQL, at most `options.patienceMs`. */
  static forRoot(options: DatabaseOptions): DynamicModule {
    return {
      module: DatabaseModule,
      providers: [
        { provide: DataSource, useFactory: () => connect(options) },
        { provide: POOL, useFactory: (dataSource: DataSource): Pool => poolOf(dataSource), inject: [DataSource] },
      ],
      exports: [DataSource, POOL],
    };
  }

  async onApplicationShutdown(): Promise<void> {
    if (this.dataSource.isInitialized) await this.dataSource.destroy();
  }
}
