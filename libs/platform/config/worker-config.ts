import { IsInt, Matches, Max, Min } from 'class-validator';
import { ServerConfig } from './server-config';
import { readConfig, Variable } from './variable';
import type { Environment } from './variable';

/** Configuration of `apps/worker`. */
export class WorkerConfig extends ServerConfig {
  protected override readonly needsTemporal: boolean = true;
  declare temporalAddress: string;

  @Variable('WORKER_CACHE', {
    description: 'Workflows kept in memory, about 1 MB each; at least twice the live ones.',
    unit: 'workflows',
  })
  @IsInt()
  @Min(10)
  @Max(5_000)
  workerCache: number = 200;

  @Variable('WORKER_TASK_SLOTS', {
    description: 'Workflow tasks worked on at once; at least the live workflows.',
    unit: 'tasks',
  })
  @IsInt()
  @Min(2)
  @Max(2_000)
  workerTaskSlots: number = 100;

  @Variable('WORKER_SHUTDOWN_GRACE_MS', {
    description: 'How long running activities may finish after SIGTERM.',
    unit: 'ms',
  })
  @IsInt()
  @Min(0)
  @Max(600_000)
  shutdownGraceMs: number = 5_000;

  @Variable('WORKER_HEALTH_HOST', { description: 'Address the worker answers health checks on.' })
  @Matches(/^\S+$/, { message: 'must be a host' })
  healthHost: string = '127.0.0.1';

  @Variable('WORKER_HEALTH_PORT', {
    description: 'Port the worker answers health checks on; 0 takes a free one.',
    unit: 'port',
  })
  @IsInt()
  @Min(0)
  @Max(65_535)
  healthPort: number = 0;
}

/** @throws DomainError `config-invalid` naming the variables that are wrong. */
export function loadWorkerConfig(env: Environment = process.env): WorkerConfig {
  return readConfig(WorkerConfig, env);
}
