import { Module } from '@nestjs/common';
import type { Pool } from 'pg';
import { PostgresFileStore } from '../../../db/device-work/files';
import { POOL } from '../../../libs/platform/database/database.module';
import { DispatchesController } from './dispatches.controller';
import { FilesController } from './files.controller';
import { LabKeeper } from './lab-keeper';
import { LeaseDesk } from './lease-desk';
import { LeasesController } from './leases.controller';
import { Waiters } from './waiters';

/** What robots call: ask for work, say how it went, send and fetch files. */
@Module({
  controllers: [LeasesController, DispatchesController, FilesController],
  providers: [
    Waiters,
    LeaseDesk,
    LabKeeper,
    { provide: PostgresFileStore, useFactory: (pool: Pool) => new PostgresFileStore(pool), inject: [POOL] },
  ],
  exports: [PostgresFileStore],
})
export class DeviceWorkModule {}
