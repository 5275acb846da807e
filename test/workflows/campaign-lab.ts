import type { LoggerService } from '@nestjs/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { CampaignActivities } from '../../apps/worker/campaigns/campaign.activities';
import { Reconciler } from '../../apps/worker/reconciler/reconciler';
import { Relay } from '../../apps/worker/relay/relay';
import { decide } from '../../db/campaigns/decisions';
import type { NewDecision } from '../../db/campaigns/decisions';
import { submitCampaign } from '../../db/campaigns/submit';
import { appendOutbox, markHandled } from '../../db/device-work/outbox';
import { issueToken } from '../../db/seed';
import type { Campaign } from '../../libs/campaign/campaign';
import type { TestDatabase } from '../../libs/testing/database';
import type { BuildActivities } from '../../workflows/build/build.activities';
import type { DesignActivities } from '../../workflows/design/design.activities';
import type { LearnActivities, LearnResult } from '../../workflows/learn/learn.activities';
import type { TestActivities } from '../../workflows/test/test.activities';
import { FakeLab } from './fake-lab';
import { protocol, run } from './protocols';
import { taskQueue, whileWorking } from './temporal';
import { until } from './until';

const silent: LoggerService = { log: () => undefined, error: () => undefined, warn: () => undefined };

/** What a campaign of a test differs in. */
export interface CampaignWish {
  readonly slug: string;
  readonly maxRounds?: number;
  readonly confirmTop?: number;
  readonly approvals?: Campaign['approvals'];
}

type Science = DesignActivities & BuildActivities & TestActivities & LearnActivities;

/** Campaigns on real facts, a real bridge and a real Temporal; only lab and science are made up. */
export class CampaignLab {
  readonly lab: FakeLab;
  /** Stages whose science ran, in order: `design r1`. */
  readonly ran: string[] = [];
  learn: (round: number) => LearnResult = () => ({ stop: false, reason: 'go on', nextKind: 'explore' });
  /** Made-up science a test replaces. */
  science: Partial<Science> = {};
  private people = new Map<string, string>();

  constructor(readonly db: TestDatabase) {
    this.lab = new FakeLab(async (messages) => {
      for (const message of messages) await this.tell(message);
    });
    this.lab.onConfirm = (ids) => markHandled(db.pool, ids);
  }

  /** Runs worker, relay and reconciler on a Temporal while something is done. */
  async on(server: TestWorkflowEnvironment, during: (reconciler: Reconciler) => Promise<void>): Promise<void> {
    const activities = {
      ...this.activities(),
      ...this.lab.activities(),
      ...bound(new CampaignActivities(this.db.pool)),
    };
    await whileWorking(server, activities, async () => {
      const relay = new Relay(this.db.pool, this.db.url, server.client, taskQueue, silent);
      const reconciler = new Reconciler(this.db.pool, server.client, silent, () => Promise.resolve());
      relay.start();
      try {
        await during(reconciler);
      } finally {
        await relay.stop();
      }
    });
  }

  async submit(wish: CampaignWish): Promise<string> {
    const actorId = await this.person('scientist');
    const { id } = await submitCampaign(this.db.pool, {
      tenantId: this.db.tenantId,
      siteSlug: 'main',
      actorId,
      idempotencyKey: wish.slug,
      sourceText: wish.slug,
      campaign: document(wish),
      protocols: [],
    });
    this.campaignId = id;
    return id;
  }

  campaignId = '';

  /** Stores a person's decision and waits until it is settled. @returns its state, or why it was refused */
  async decide(slug: string, decision: Omit<NewDecision, 'requestId' | 'reason'>, role = 'pi'): Promise<string> {
    const actorId = await this.person(role);
    const by = { tenantId: this.db.tenantId, actorId };
    const { id } = await decide(this.db.pool, by, slug, {
      ...decision,
      requestId: `${++this.requests}`,
      reason: 'test',
    });
    await until(
      async () => (await this.one('select state from decision where id = $1', [id]))?.['state'] !== 'pending',
    );
    const row = await this.one('select state, refusal from decision where id = $1', [id]);
    return String(row?.['refusal'] ?? row?.['state']);
  }

  private requests = 0;

  async status(slug: string): Promise<string> {
    const row = await this.one('select status from campaign where slug = $1', [slug]);
    return String(row?.['status']);
  }

  async over(slug: string): Promise<void> {
    await until(async () => ['finished', 'aborted', 'failed'].includes(await this.status(slug)));
  }

  /** First row of a query. */
  async one(sql: string, values: unknown[] = []): Promise<Record<string, unknown> | undefined> {
    const { rows } = await this.db.pool.query<Record<string, unknown>>(sql, values);
    return rows[0];
  }

  private async tell(message: { eventId: string; stepKey: string }): Promise<void> {
    const { tenantId, siteId } = this.db;
    const [round, stage] = message.stepKey.split('/');
    const { eventId: _eventId, ...payload } = message;
    await appendOutbox(this.db.pool, {
      ...{ tenantId, siteId, campaignId: this.campaignId },
      round: Number(round?.slice(1)),
      stage: stage ?? '',
      kind: 'signal',
      name: 'jobSettled',
      payload,
    });
  }

  private async person(role: string): Promise<string> {
    const known = this.people.get(role);
    if (known) return known;
    const roles = [role as 'pi'];
    const { actorId } = await issueToken(this.db.pool, {
      tenantId: this.db.tenantId,
      kind: 'person',
      name: role,
      roles,
    });
    this.people.set(role, actorId);
    return actorId;
  }

  private activities(): Science {
    const did = (stage: string, round: number): void => void this.ran.push(`${stage} r${round}`);
    return {
      chooseDesigns: async ({ round }) => {
        did('design', round);
        return { designs: 8, refused: 0, summary: 'eight designs' };
      },
      loadProtocol: async ({ stage }) => ({ ...protocol(...run(6)), stage }),
      runPlanner: async () => ({ labware: {}, verdicts: {}, summary: '' }),
      planRetry: async () => ({ nothingLeft: true }),
      closeBuild: async ({ round }) => {
        did('build', round);
        return { built: 8, failed: 0, fraction: 1, proceed: true };
      },
      closeTest: async ({ round }) => {
        did('test', round);
        return { measured: 8, held: 0, wells: 96 };
      },
      learnRound: async ({ round }) => {
        did('learn', round);
        return this.learn(round);
      },
      ...this.science,
    };
  }
}

/** Methods of an activity provider, bound to it. */
function bound(provider: object): object {
  const names = Object.getOwnPropertyNames(Object.getPrototypeOf(provider)).filter((name) => name !== 'constructor');
  const methods = provider as Record<string, (input: unknown) => unknown>;
  return Object.fromEntries(names.map((name) => [name, (input: unknown) => methods[name]?.call(provider, input)]));
}

const document = ({ slug, maxRounds = 2, confirmTop = 2, approvals = [] }: CampaignWish): Campaign =>
  ({
    schema: 'anneal/v1',
    id: slug,
    title: `Campaign ${slug}`,
    build: { protocol: { id: 'b', version: '1' } },
    assay: { protocol: { id: 't', version: '1' } },
    budget: { maxRounds, constructsPerRound: 8, confirmTop, currency: 'GBP', deadline: '2027-01-31' },
    approvals,
  }) as unknown as Campaign;
