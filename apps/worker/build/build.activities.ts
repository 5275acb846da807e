import { Injectable } from '@nestjs/common';
import { Pool } from 'pg';
import type { Protocol } from '../../../libs/protocol/protocol';
import type {
  BuildActivities as Contract,
  Built,
  Planned,
  PlannerRun,
  ProtocolStage,
  RetryPlan,
} from '../../../workflows/build/build.activities';
import { testPlanners } from '../test/test-planners';
import { buildPlanners } from './build-planners';
import { closeBuild } from './close-build';
import { loadResolvedProtocol } from './load-protocol';
import { planRetry } from './plan-retry';
import { runPlannerOnce } from './run-planner';

/** Adapters of every planner of the catalogue, by id. */
export const plannerAdapters = { ...buildPlanners, ...testPlanners };

/** The Build stage's science, and the protocols and planners that Build and Test share. */
@Injectable()
export class BuildActivities implements Contract {
  constructor(private readonly pool: Pool) {}

  loadProtocol(stage: ProtocolStage): Promise<Protocol> {
    return loadResolvedProtocol(this.pool, stage);
  }

  runPlanner(run: PlannerRun): Promise<Planned> {
    return runPlannerOnce(this.pool, plannerAdapters, run);
  }

  planRetry(job: Parameters<Contract['planRetry']>[0]): Promise<RetryPlan> {
    return planRetry(this.pool, job);
  }

  closeBuild(round: Parameters<Contract['closeBuild']>[0]): Promise<Built> {
    return closeBuild(this.pool, round);
  }
}
