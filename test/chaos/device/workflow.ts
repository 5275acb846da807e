import { enqueueBlock, rest } from '../../../db/device-work/enqueue';
import type { Block, QueuedJob } from '../../../db/device-work/enqueue';
import { claimUnsent, markSent } from '../../../db/device-work/outbox';
import type { Message } from '../../../db/device-work/outbox';
import { redispatch } from '../../../db/device-work/redispatch';
import { withdraw } from '../../../db/device-work/withdraw';
import { jobId } from '../../../db/ids';
import { planRetry } from '../../../apps/worker/build/plan-retry';
import { storeWorklist } from '../../../apps/worker/build/queued-jobs';
import { isDomainError } from '../../../libs/errors/domain-error';
import type { Generator } from '../../../libs/random/generator';
import type { Profile } from './profile';
import type { Scenario, ScenarioJob } from './scenario';
import type { Turns } from './turns';
import type { World } from './world';

/** What the workflow knows of a job by messages alone. */
interface Known {
  attempt: number;
  state: string;
  readonly repeatable: boolean;
}

const owner = 'workflow';
/** Virtual time it waits for evidence before it repeats what may be repeated. */
const evidenceMs = 7_200_000;
const mostAttempts = 25;

/** Which workflow this is. */
export interface Stage {
  readonly tenantId: string;
  readonly siteId: string;
  readonly campaignId: string;
  readonly round: number;
  readonly stage: string;
}

/**
 * The campaign's side: queues blocks, hears of ends through the outbox (at least once, in any order), plans what is left from the
 * ledger and dispatches it again. Every activity is tried until it went through.
 */
export class Workflow {
  /** Messages that arrived, by what they say: `<job>/<attempt>/<state>`. */
  readonly heard = new Set<string>();
  private readonly seen = new Set<string>();
  private readonly jobs = new Map<string, Known>();
  private relaying = false;
  private queued = 0;
  private busy = 0;

  constructor(
    private readonly stage: Stage,
    private readonly scenario: Scenario,
    private readonly world: World,
    private readonly turns: Turns,
    private readonly random: Generator,
    private readonly profile: Profile,
  ) {}

  /** Nothing is queued, asked for or waited for by itself. */
  get atRest(): boolean {
    return this.queued === this.scenario.blocks.length && this.busy === 0 && !this.relaying;
  }

  begin(): void {
    this.activity('queues block 0', () => this.enqueue(0));
    this.fallback();
  }

  /** The relay is told that there may be messages. */
  news(): void {
    if (this.relaying) return;
    this.relaying = true;
    this.turns.later(owner, 'relay looks', 0, () => this.relay());
  }

  private fallback(): void {
    this.turns.look(owner, 'relay looks anyway', 1_800_000, () => {
      this.news();
      this.fallback();
    });
  }

  private async relay(): Promise<void> {
    this.relaying = false;
    try {
      const messages = await this.world.io(() => claimUnsent(this.pool, { limit: 20, claimMs: 0 }));
      for (const message of messages) this.deliver(message);
      if (messages.length > 0)
        await this.world.io(() =>
          markSent(
            this.pool,
            messages.map(({ id }) => id),
          ),
        );
    } catch (error) {
      this.survive(error);
      this.turns.later(owner, 'relay starts again', 20_000, () => this.news());
    }
  }

  private deliver(message: Message): void {
    this.busy++;
    const { stepKey, attempt, state } = message.payload as { stepKey: string; attempt: number; state: string };
    this.turns.later(owner, `hears ${stepKey}/${attempt} ${state}`, 0, () => {
      this.busy--;
      if (this.seen.has(message.id)) return;
      this.seen.add(message.id);
      this.heard.add(`${stepKey}/${attempt}/${state}`);
      this.hear(stepKey, attempt, state, message.id);
    });
  }

  private hear(stepKey: string, attempt: number, state: string, id: string): void {
    const known = this.jobs.get(stepKey);
    if (
      !known ||
      attempt < known.attempt ||
      (attempt === known.attempt && ['succeeded', 'failed'].includes(known.state))
    ) {
      return this.confirm([id]);
    }
    Object.assign(known, { attempt, state });
    if (state === 'failed' || state === 'withdrawn') return this.retry(stepKey, attempt, [id]);
    this.confirm([id]);
    if (state === 'unknown' && known.repeatable) this.awaitEvidence(stepKey, attempt);
    if (state === 'succeeded' && this.scenario.waitsForFirst) this.queueNext();
  }

  private confirm(ids: readonly string[]): void {
    this.activity('rests', () => rest(this.pool, { handledEventIds: ids }));
  }

  private awaitEvidence(stepKey: string, attempt: number): void {
    this.busy++;
    this.turns.look(owner, `waited for evidence of ${stepKey}/${attempt}`, evidenceMs, () => {
      this.busy--;
      const known = this.jobs.get(stepKey);
      if (known?.attempt === attempt && known.state === 'unknown') this.retry(stepKey, attempt, []);
    });
  }

  private retry(stepKey: string, attempt: number, handledEventIds: readonly string[]): void {
    if (attempt >= mostAttempts) return;
    this.activity(`tries ${stepKey} again`, async () => {
      const { tenantId, campaignId } = this.stage;
      const id = jobId(campaignId, stepKey);
      const moves = this.jobOf(stepKey).transfers.length > 0;
      const plan = moves ? await planRetry(this.pool, { tenantId, campaignId, stepKey, attempt }) : undefined;
      const worklist = plan ? { worklist: ('worklist' in plan && plan.worklist) || { sha256: '', transfers: [] } } : {};
      const seen = await redispatch(this.pool, { jobId: id, attempt: attempt + 1, handledEventIds, ...worklist });
      Object.assign(this.jobs.get(stepKey) as Known, { attempt: seen.attempt, state: seen.state });
      if (seen.state === 'succeeded' && this.scenario.waitsForFirst) this.queueNext();
    });
  }

  private jobOf(stepKey: string): ScenarioJob {
    return this.scenario.blocks.flat().find(({ job }) => job.stepKey === stepKey) as ScenarioJob;
  }

  private queueNext(): void {
    const ended = (this.scenario.blocks[0] ?? []).filter(({ job }) => this.tells(0, job.stepKey));
    if (this.queued === 1 && ended.every(({ job }) => this.jobs.get(job.stepKey)?.state === 'succeeded')) {
      this.activity('queues block 1', () => this.enqueue(1));
      this.queued++;
    }
  }

  /** The last ones of a block tell of success. */
  private tells(block: number, stepKey: string): boolean {
    return !(this.scenario.blocks[block] ?? []).some(({ job }) => job.needs.includes(stepKey));
  }

  private async enqueue(index: number): Promise<void> {
    const jobs: QueuedJob[] = [];
    for (const one of this.scenario.blocks[index] ?? []) jobs.push(await this.withWorklist(one, index));
    const block: Block = { ...this.stage, blockKey: `b${index}`, handledEventIds: [], jobs };
    for (const { stepKey, spec } of jobs) {
      if (!this.jobs.has(stepKey)) this.jobs.set(stepKey, { attempt: 1, state: 'blocked', repeatable: spec.repeatableWithinMs !== undefined }); // prettier-ignore
    }
    if (index === 1 && this.scenario.heldOpen && !this.scenario.waitsForFirst) await this.enqueueSlowly(block);
    else await enqueueBlock(this.pool, block);
    if (index > 0) return;
    this.queued = 1;
    if (!this.scenario.waitsForFirst) {
      this.queued++;
      this.busy++;
      const inMs = 1_000 * this.random.below(this.random.uniform() < 0.5 ? 10 : 900);
      this.turns.later(owner, 'wants the next block', inMs, () => {
        this.busy--;
        this.activity('queues block 1', () => this.enqueue(1));
      });
    }
    if (this.profile.hits('early-withdrawal')) this.withdrawOne();
  }

  /** Queues a block whose transaction stays open while other things happen. */
  private async enqueueSlowly(block: Block): Promise<void> {
    const client = await this.pool.connect();
    const { turns } = this;
    try {
      await client.query('begin');
      await enqueueBlock(client, block);
    } catch (error) {
      await client.query('rollback').catch(() => undefined);
      client.release(error as Error);
      throw error;
    }
    turns.note('the block is queued, its transaction stays open');
    this.busy++;
    const held = {
      finish: async (): Promise<void> => {
        this.busy--;
        try {
          await client.query('commit');
          client.release();
        } catch (error) {
          client.release(error as Error);
          this.survive(error);
          this.activity('queues block 1 again', () => enqueueBlock(this.pool, block));
        }
        this.world.onNews();
      },
    };
    this.world.hold(held);
    turns.later(owner, 'commits its block', 1_000 * this.random.below(400), () => this.world.finish(held));
  }

  private withdrawOne(): void {
    const jobs = this.scenario.blocks[0] ?? [];
    const stepKey = (jobs[this.random.below(jobs.length)] as ScenarioJob).job.stepKey;
    this.activity(`withdraws ${stepKey}`, async () => {
      const [seen] = await withdraw(this.pool, {
        campaignId: this.stage.campaignId,
        stepKeys: [stepKey],
        reason: 'not now',
      });
      if (seen?.state !== 'withdrawn') return;
      Object.assign(this.jobs.get(stepKey) as Known, { attempt: seen.attempt, state: 'withdrawn' });
      this.busy++;
      this.turns.later(owner, `wants ${stepKey} after all`, 60_000, () => {
        this.busy--;
        this.retry(stepKey, seen.attempt, []);
      });
    });
  }

  private async withWorklist({ job, transfers }: ScenarioJob, block: number): Promise<QueuedJob> {
    const queued = { ...job, tellsSuccess: this.tells(block, job.stepKey) };
    if (transfers.length === 0) return queued;
    const nameOf = (id: string): { labwareId: string; barcode: string; kind: string } => {
      const found = job.spec.labware.find(({ labwareId }) => labwareId === id);
      if (!found) throw new Error(`no labware ${id}`);
      return found;
    };
    const sha256 = await storeWorklist(this.pool, this.stage.tenantId, job.stepKey, transfers, nameOf);
    return { ...queued, worklist: { sha256, transfers } };
  }

  /** Something the worker does, until it went through. */
  private activity(name: string, act: () => Promise<unknown>): void {
    this.busy++;
    this.turns.later(owner, name, 0, async () => {
      this.busy--;
      try {
        await this.world.io(act);
        this.world.onNews();
      } catch (error) {
        if (isDomainError(error)) return this.turns.note(`${name}: ${error.code} ${error.message}`);
        this.survive(error);
        this.busy++;
        this.turns.later(owner, `${name} starts again`, 20_000, () => {
          this.busy--;
          this.activity(name, act);
        });
      }
    });
  }

  /** The worker died or lost PostgreSQL: it is started again. */
  private survive(error: unknown): void {
    this.turns.note(`worker: ${(error as Error).message}`);
    this.world.lab.workerGate.crashed = false;
  }

  private get pool(): World['lab']['db']['pool'] {
    return this.world.lab.db.pool;
  }
}
