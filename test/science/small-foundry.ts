import { storeProtocol } from '../../db/campaigns/submit';
import { enqueueBlock, jobStates } from '../../db/device-work/enqueue';
import { redispatch } from '../../db/device-work/redispatch';
import { jobId, newId, roundId } from '../../db/ids';
import { ensureActor } from '../../db/seed';
import { inTransaction } from '../../db/transaction';
import { BuildActivities } from '../../apps/worker/build/build.activities';
import { buildQueuedJobs } from '../../apps/worker/build/queued-jobs';
import type { Campaign } from '../../libs/campaign/campaign';
import type { Protocol, Step } from '../../libs/protocol/protocol';
import { isPlan, isRepeat } from '../../libs/protocol/protocol';
import { shippedProtocols } from '../../libs/protocol/library/shipped';
import type { TestDatabase } from '../../libs/testing/database';
import type { OperationRun } from '../../workflows/device-work/device-work.activities';
import type { Position } from '../../workflows/device-work/protocol-steps';
import { inPass, isSegment, mostPasses, segmentsOf, stepKeyOf } from '../../workflows/device-work/protocol-steps';
import { Scope } from '../../workflows/device-work/scope';
import type { SmallLab } from './small-lab';

/** One campaign and its stages, run in a loop without Temporal: the same activities, the same step keys. */
export class SmallFoundry {
  readonly build: BuildActivities;

  private constructor(
    readonly db: TestDatabase,
    readonly campaignId: string,
    private readonly lab: SmallLab,
  ) {
    this.build = new BuildActivities(db.pool);
  }

  /** Stores a campaign with the shipped protocols. */
  static async open(db: TestDatabase, lab: SmallLab, campaign: Campaign): Promise<SmallFoundry> {
    const { pool, tenantId, siteId } = db;
    const owner = await ensureActor(pool, { tenantId, kind: 'person', name: 'ada', roles: ['scientist'] });
    const id = newId();
    await inTransaction(pool, async (client) => {
      await client.query(
        `insert into campaign (id, tenant_id, site_id, slug, status, owner_id) values ($1, $2, $3, $4, 'running', $5)`,
        [id, tenantId, siteId, campaign.id, owner],
      );
      await client.query(
        `insert into campaign_revision (campaign_id, revision, tenant_id, source_text, sha256, document, actor_id) values ($1, 1, $2, '', '', $3, $4)`,
        [id, tenantId, JSON.stringify(campaign), owner],
      );
      for (const protocol of shippedProtocols()) await storeProtocol(client, tenantId, owner, protocol);
    });
    return new SmallFoundry(db, id, lab);
  }

  async openRound(round: number, kind: 'explore' | 'confirm'): Promise<void> {
    await this.db.pool.query(
      `insert into round (id, tenant_id, campaign_id, number, kind, revision, status, pins, lab_started_at)
       values ($1, $2, $3, $4, $5, 1, 'running', '{}', lab_now($6))`,
      [roundId(this.campaignId, round), this.db.tenantId, this.campaignId, round, kind, this.db.siteId],
    );
  }

  /** Which round, for the activities. */
  round(round: number): { tenantId: string; campaignId: string; round: number } {
    return { tenantId: this.db.tenantId, campaignId: this.campaignId, round };
  }

  /** Interprets the protocol of a stage. */
  async runStage(round: number, stage: 'build' | 'test'): Promise<void> {
    const protocol: Protocol = await this.build.loadProtocol({ ...this.round(round), stage });
    await this.interpret(protocol.steps, { prefix: `r${round}/${stage}`, pass: 1 }, new Scope(), { round, stage });
  }

  private async interpret(steps: readonly Step[], at: Position, scope: Scope, where: Where): Promise<void> {
    for (const segment of segmentsOf(steps)) {
      if (isSegment(segment)) await this.operate(scope.chainsOf(segment, at).flat(), where);
      else if (isPlan(segment)) {
        const stepKey = stepKeyOf(at, segment.id);
        const run = { ...this.round(where.round), siteId: this.db.siteId, stage: where.stage, stepKey, pass: at.pass };
        const planned = await this.build.runPlanner({ ...run, planner: segment.plan, inputs: segment.inputs, priorStepKeys: scope.stepKeys }); // prettier-ignore
        scope.enter(segment.id, stepKey);
        scope.learn(segment.id, planned);
      } else if (isRepeat(segment)) {
        for (let pass = 1; pass <= (mostPasses(segment.max) ?? 1); pass++) {
          await this.interpret(segment.repeat, inPass(at, segment.id, pass), scope, where);
          if (scope.verdict(segment.until) === 'yes') break;
        }
      } else await this.interpret(segment.cases[scope.verdict(segment.verdict) ?? ''] ?? [], at, scope, where);
    }
  }

  private async operate(operations: readonly OperationRun[], { round, stage }: Where): Promise<void> {
    const stageRef = { ...this.round(round), siteId: this.db.siteId, stage };
    const jobs = await buildQueuedJobs(this.db.pool, { ...stageRef, operations });
    const blockKey = operations[0]?.stepKey ?? 'none';
    await enqueueBlock(this.db.pool, { ...stageRef, blockKey, handledEventIds: [], jobs });
    for (;;) {
      await this.lab.work();
      const states = await jobStates(this.db.pool, { ...stageRef, stepKeys: jobs.map(({ stepKey }) => stepKey) });
      const failed = states.filter(({ state }) => state === 'failed');
      if (failed.length === 0) return;
      for (const { stepKey, attempt } of failed) {
        const plan = await this.build.planRetry({ ...stageRef, stepKey, attempt });
        const worklist = 'worklist' in plan ? plan.worklist : { sha256: '', transfers: [] };
        await redispatch(this.db.pool, { jobId: jobId(this.campaignId, stepKey), attempt: attempt + 1, worklist, handledEventIds: [] }); // prettier-ignore
      }
    }
  }
}

interface Where {
  readonly round: number;
  readonly stage: 'build' | 'test';
}
