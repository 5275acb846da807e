import { Controller, Get, Inject } from '@nestjs/common';
import type { Pool } from 'pg';
import { POOL } from '../../../libs/platform/database/database.module';
import { Public } from '../auth/actor';

/** How a probe finds the process. */
export class HealthAnswer {
  status: 'ok';
}

/** Whether the process lives, and whether it can serve. */
@Controller('health')
@Public()
export class HealthController {
  constructor(@Inject(POOL) private readonly pool: Pool) {}

  /** The process answers. */
  @Get('live')
  live(): HealthAnswer {
    return { status: 'ok' };
  }

  /** PostgreSQL answers too; 503 while it does not. Temporal is not asked: robots are served without it. */
  @Get('ready')
  async ready(): Promise<HealthAnswer> {
    await this.pool.query('select 1');
    return { status: 'ok' };
  }
}
