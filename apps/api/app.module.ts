import { Global, Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { DatabaseModule } from '../../libs/platform/database/database.module';
import { AuthModule } from './auth/auth.module';
import { CampaignsModule } from './campaigns/campaigns.module';
import { SERVER_CONFIG } from './config';
import type { ApiSettings } from './config';
import { DeviceWorkModule } from './device-work/device-work.module';
import { DocsModule } from './docs/docs.module';
import { HealthController } from './health/health.controller';
import { OperationsModule } from './operations/operations.module';

/** Everything that depends neither on the configuration nor on PostgreSQL being there: what OpenAPI describes. */
export const featureModules = [AuthModule, CampaignsModule, DeviceWorkModule, DocsModule, OperationsModule];

/** The api: scientists, robots and the ops team, each through their own module. */
@Global()
@Module({})
export class AppModule {
  static forRoot(config: ApiSettings, onIdleError?: (error: Error) => void): DynamicModule {
    return {
      module: AppModule,
      imports: [
        DatabaseModule.forRoot({
          databaseUrl: config.databaseUrl,
          poolSize: config.databasePoolSize,
          applicationName: 'anneal-api',
          ...(onIdleError ? { onIdleError } : {}),
        }),
        // The routes robots call several times for each job are matched first.
        DeviceWorkModule,
        ...featureModules,
      ],
      controllers: [HealthController],
      providers: [{ provide: SERVER_CONFIG, useValue: config }],
      exports: [SERVER_CONFIG],
    };
  }
}
