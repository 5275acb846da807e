import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { Pool } from 'pg';
import { WorkerConfig } from '../../libs/platform/config/worker-config';
import { JsonLogger } from '../../libs/platform/temporal/json-logger';
import { BuildActivities } from './build/build.activities';
import { CampaignActivities } from './campaigns/campaign.activities';
import { DesignActivities } from './design/design.activities';
import { DeviceWorkActivities } from './device-work/device-work.activities';
import { JobBuilder } from './device-work/job-builder';
import { ActivityRegistry } from './host/activity-registry';
import { databasePool, PoolCloser } from './host/database-pool';
import { HealthController } from './host/health.controller';
import { fatalToken, WorkflowHost } from './host/workflow-host';
import type { Fatal } from './host/workflow-host';
import { LearnActivities } from './learn/learn.activities';
import { TestActivities } from './test/test.activities';

/** The worker: workflows and their activities, the relay and the reconciler. */
@Module({})
export class WorkerModule {
  static for(config: WorkerConfig, log: JsonLogger, fatal: Fatal): DynamicModule {
    return {
      module: WorkerModule,
      controllers: [HealthController],
      providers: [
        { provide: WorkerConfig, useValue: config },
        { provide: JsonLogger, useValue: log },
        { provide: fatalToken, useValue: fatal },
        { provide: Pool, useFactory: () => databasePool(config, log) },
        PoolCloser,
        DesignActivities,
        BuildActivities,
        TestActivities,
        LearnActivities,
        JobBuilder,
        DeviceWorkActivities,
        CampaignActivities,
        ActivityRegistry,
        WorkflowHost,
      ],
    };
  }
}
