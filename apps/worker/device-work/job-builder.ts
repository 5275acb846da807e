import { Injectable } from '@nestjs/common';
import { Pool } from 'pg';
import type { QueuedJob } from '../../../db/device-work/enqueue';
import type { OperationRun, StageRef } from '../../../workflows/device-work/device-work.activities';
import { buildQueuedJobs } from '../build/queued-jobs';

/** Makes jobs of operations, from the plans before them. */
@Injectable()
export class JobBuilder {
  constructor(private readonly pool: Pool) {}

  /** One job per operation, in order. @throws DomainError `protocol-invalid` when no plan gave what an operation points to */
  build(request: StageRef & { readonly operations: readonly OperationRun[] }): Promise<QueuedJob[]> {
    return buildQueuedJobs(this.pool, request);
  }
}
