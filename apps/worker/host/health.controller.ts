import { Controller, Get, Res } from '@nestjs/common';
import type { Response } from 'express';
import { Pool } from 'pg';
import { WorkflowHost } from './workflow-host';
import type { HostState } from './workflow-host';

/** How the worker stands: green while it works on workflows, database and Temporal answer, and the outbox is read. */
interface Health extends HostState {
  readonly status: 'ok' | 'failing';
  readonly database: 'ok' | 'failing';
}

/** Health of the worker process, for supervisors and load balancers. */
@Controller()
export class HealthController {
  constructor(
    private readonly host: WorkflowHost,
    private readonly pool: Pool,
  ) {}

  @Get('health')
  async health(@Res({ passthrough: true }) response: Response): Promise<Health> {
    const database = await this.pool.query('select 1').then(
      () => 'ok' as const,
      () => 'failing' as const,
    );
    const state = await this.host.state();
    const fine = database === 'ok' && state.worker === 'RUNNING' && state.temporal === 'ok' && state.outbox === 'ok';
    response.status(fine ? 200 : 503);
    return { status: fine ? 'ok' : 'failing', database, ...state };
  }
}
