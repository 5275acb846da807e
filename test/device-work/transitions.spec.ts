import fc from 'fast-check';
import { redispatch } from '../../db/device-work/redispatch';
import { resolveDispatch } from '../../db/device-work/settle';
import { startDispatch } from '../../db/device-work/start';
import { sweepLeases } from '../../db/device-work/sweep';
import { releaseLease } from '../../db/device-work/heartbeat';
import { withdraw } from '../../db/device-work/withdraw';
import { dispatchTransitions } from '../../libs/device/transitions';
import { isDomainError } from '../../libs/errors/domain-error';
import type { LeasedJob } from '../../libs/device/job';
import { testDatabase } from '../../libs/testing/database';
import type { TestDatabase } from '../../libs/testing/database';
import { LabScene } from '../../libs/testing/lab-scene';
import type { SceneDevice } from '../../libs/testing/lab-scene';

const acts = [
  'lease',
  'start',
  'succeed',
  'fail',
  'give-back',
  'silence',
  'happened',
  'did-not',
  'again',
  'nothing-left',
  'withdraw',
] as const;
type Act = (typeof acts)[number];

interface Told {
  readonly kind: string;
  readonly actor: 'device' | 'system' | 'person';
  readonly payload: Readonly<Record<string, unknown>>;
}

describe('changes of state', () => {
  let db: TestDatabase;
  let scene: LabScene;
  let reader: SceneDevice;
  let lives = 0;
  beforeAll(async () => {
    db = await testDatabase();
    scene = await LabScene.open(db);
    reader = await scene.device('reader', 'read-plate');
  });
  afterAll(() => db.close());

  it('say the same in TypeScript and in SQL, kind of event and reason included', async () => {
    const { rows } = await db.pool.query(
      'select from_state as "from", to_state as "to", event, reason as "when" from dispatch_transition',
    );
    const inOrder = (list: readonly { from: string; to: string }[]): unknown[] =>
      [...list].sort((a, b) => `${a.from} ${a.to}`.localeCompare(`${b.from} ${b.to}`));
    const inCode = dispatchTransitions.map(({ from, to, event, when }) => ({ from, to, event, when }));
    expect(inOrder(rows as { from: string; to: string }[])).toEqual(inOrder(inCode));
  });

  it.each([
    ['a change', `update dispatch set state = 'withdrawn', settled_at = now() where job_id = $1`, /nobody says who/],
    [
      'a dispatch',
      `insert into dispatch (id, tenant_id, site_id, job_id, attempt, state, capability, settled_at)
       select uuidv7(), tenant_id, site_id, id, 2, 'withdrawn', capability, now() from job where id = $1`,
      /nobody says who asks/,
    ],
  ])('refuse %s of which nobody says who makes it', async (_what, statement, refusal) => {
    const key = `nobody/${++lives}`;
    await scene.enqueue([scene.step(key, 'seal-plate')]);
    await expect(db.pool.query(statement, [scene.job(key)])).rejects.toThrow(refusal);
    await withdraw(db.pool, { campaignId: scene.campaignId, stepKeys: [key], reason: 'looked at' });
  });

  it('are all told: whatever happens to a job, its events replay to its present state', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...acts), { minLength: 1, maxLength: 14 }), async (life) => {
        const key = `life/${++lives}`;
        await scene.enqueue([scene.step(key, 'read-plate', { spec: { repeatableWithinMs: 60_000 } })]);
        await live(key, life);
        await replaysToPresent(key);
        await bury(key);
        await replaysToPresent(key);
      }),
      { numRuns: 60 },
    );
  }, 120_000);

  /** Does one thing after the other; what is refused at that moment changes nothing. */
  async function live(key: string, life: readonly Act[]): Promise<void> {
    let job: LeasedJob | undefined;
    for (const act of life) {
      try {
        if (act === 'lease') {
          const claim = await scene.claim(reader);
          if ('job' in claim) job = claim.job;
        } else await step(act, key, job);
      } catch (error) {
        if (!isDomainError(error)) throw error;
      }
    }
  }

  async function step(act: Exclude<Act, 'lease'>, key: string, job: LeasedJob | undefined): Promise<void> {
    const { pool, tenantId } = db;
    const attempt = await latestAttempt(key);
    switch (act) {
      case 'start':
        if (job) await startDispatch(pool, { ...scene.write(reader, job), leaseMs: 30_000, durationLabMs: 1 });
        return;
      case 'succeed':
      case 'fail':
        if (job) await scene.report(reader, job, { result: act === 'fail' ? 'failed' : 'succeeded' });
        return;
      case 'give-back':
        if (job) await releaseLease(pool, scene.write(reader, job));
        return;
      case 'silence':
        await scene.silence();
        await sweepLeases(pool, 0);
        return scene.reinstate(reader);
      case 'happened':
      case 'did-not': {
        const resolution = { verdict: act, reason: 'looked at it' };
        const { id: dispatchId } = attempt;
        await resolveDispatch(pool, { tenantId, actorId: scene.personId, dispatchId, resolution });
        return;
      }
      case 'again':
        await redispatch(pool, { jobId: scene.job(key), attempt: attempt.attempt + 1, handledEventIds: [] });
        return;
      case 'nothing-left': {
        const worklist = { sha256: '', transfers: [] };
        const wish = { jobId: scene.job(key), attempt: attempt.attempt + 1, handledEventIds: [], worklist };
        await redispatch(pool, wish);
        return;
      }
      case 'withdraw':
        await withdraw(pool, { campaignId: scene.campaignId, stepKeys: [key], reason: 'no longer wanted' });
    }
  }

  /** Ends whatever is left of a life, so that the next one has the device for itself. */
  async function bury(key: string): Promise<void> {
    await scene.silence();
    await sweepLeases(db.pool, 0);
    await scene.reinstate(reader);
    await step('withdraw', key, undefined);
    await step('did-not', key, undefined).catch((error: unknown) => {
      if (!isDomainError(error)) throw error;
    });
  }

  async function latestAttempt(key: string): Promise<{ id: string; attempt: number }> {
    const { rows } = await db.pool.query<{ id: string; attempt: number }>(
      'select id, attempt from dispatch where job_id = $1 order by attempt desc limit 1',
      [scene.job(key)],
    );
    return rows[0] as { id: string; attempt: number };
  }

  async function replaysToPresent(key: string): Promise<void> {
    const stream = `job/${scene.job(key)}`;
    const events = await db.pool.query<Told>(
      `select e.kind, a.kind as actor, e.payload from event e join actor a on a.id = e.actor_id
       where e.stream = $1 and e.payload ? 'to' order by e.seq`,
      [stream],
    );
    const states = new Map<unknown, unknown>();
    for (const { kind, actor, payload } of events.rows) {
      const { dispatchId, from, to, reason, stepKey, attempt, fencingToken } = payload;
      expect([stepKey, typeof attempt, typeof reason]).toEqual([key, 'number', 'string']);
      if (['leased', 'started'].includes(to as string)) expect(fencingToken).toMatch(/^\d+$/);
      if (from !== undefined) {
        expect(from).toBe(states.get(dispatchId));
        const known = dispatchTransitions.find((one) => one.from === from && one.to === to);
        expect(known?.event).toBe(kind);
        expect(known?.by).toContain(actor);
      } else expect([kind, states.has(dispatchId)]).toEqual(['jobQueued', false]);
      states.set(dispatchId, to);
    }
    const { rows } = await db.pool.query<{ id: string; state: string; change: unknown }>(
      'select id, state, change from dispatch where job_id = $1',
      [scene.job(key)],
    );
    expect([...states]).toEqual(expect.arrayContaining(rows.map(({ id, state }) => [id, state])));
    expect(states.size).toBe(rows.length);
  }
});
