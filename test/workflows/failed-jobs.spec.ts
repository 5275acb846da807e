import type { BuildActivities } from '../../apps/worker/build/build.activities';
import { DeviceWorkActivities } from '../../apps/worker/device-work/device-work.activities';
import type { JobBuilder } from '../../apps/worker/device-work/job-builder';
import type { QueuedJob } from '../../db/device-work/enqueue';
import { withdraw } from '../../db/device-work/withdraw';
import { closeIncidentsOf, resolveIncident } from '../../db/lab/incidents';
import { testDatabase } from '../../libs/testing/database';
import type { TestDatabase } from '../../libs/testing/database';
import { LabScene } from '../../libs/testing/lab-scene';
import type { SceneDevice } from '../../libs/testing/lab-scene';
import type { RetryPlan } from '../../workflows/build/build.activities';
import type { JobRef, JobSeen, StageRef } from '../../workflows/device-work/device-work.activities';

jest.setTimeout(120_000);

let db: TestDatabase;
let scene: LabScene;
let device: SceneDevice;
let plan: RetryPlan;
const stage = (): StageRef => {
  const { tenantId, siteId } = db;
  return { tenantId, siteId, campaignId: scene.campaignId, round: 1, stage: 'build' };
};
const job = (stepKey: string, attempt = 1): JobRef => ({ ...stage(), stepKey, attempt, handledEventIds: [] });
let count = 0;

beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.close());
beforeEach(async () => {
  scene = await LabScene.open(db, `campaign-${++count}`);
  device = await scene.device(`cycler-${count}`, 'thermocycle');
});

afterEach(() => withdraw(db.pool, { campaignId: scene.campaignId, reason: 'the test is over' }));

/** Device work on real facts; the jobs and what is left of them are given. */
function deviceWork(jobs: readonly QueuedJob[]): DeviceWorkActivities {
  const builder = { build: () => Promise.resolve([...jobs]) } as unknown as JobBuilder;
  const build = { planRetry: () => Promise.resolve(plan) } as unknown as BuildActivities;
  return new DeviceWorkActivities(db.pool, builder, build);
}

/** Two thermocycles, the second after the first, of which the first has failed. */
async function withFailedJob(): Promise<DeviceWorkActivities> {
  const work = deviceWork([scene.step('s1', 'thermocycle'), scene.step('s2', 'thermocycle')]);
  const operations = ['s1', 's2'].map((stepKey) => ({
    ...{ stepKey, labwareKey: 'P', priorStepKeys: {}, tellsSuccess: stepKey === 's2' },
    step: { id: stepKey, operation: 'thermocycle', forEach: 'p', labware: {}, with: {} },
    needs: stepKey === 's2' ? ['s1'] : [],
  }));
  const queued = await work.queueBlock({ ...stage(), blockKey: 's1', operations, handledEventIds: [] });
  expect(queued.map(({ state, repeatable, movesLiquid }) => [state, repeatable, movesLiquid])).toEqual([
    ['queued', false, false],
    ['blocked', false, false],
  ]);
  const problem = { code: 'lid-open', message: 'the lid did not close' };
  await scene.run(device, { result: 'failed', transfers: { done: [], uncertain: [] }, problem });
  return work;
}

const state = async (stepKey: string): Promise<unknown> => {
  const { rows } = await db.pool.query<{ state: string }>(
    'select state from dispatch where job_id = $1 order by attempt desc limit 1',
    [scene.job(stepKey)],
  );
  return rows[0]?.state;
};

describe('a job that failed', () => {
  it('is dispatched again once, however often that is asked', async () => {
    const work = await withFailedJob();
    const seen: JobSeen[] = [await work.repeatJob(job('s1')), await work.repeatJob(job('s1'))];
    expect(seen.map(({ attempt, state: at }) => [attempt, at])).toEqual([
      [2, 'queued'],
      [2, 'queued'],
    ]);
  });

  it('lets its successors go when it is accepted', async () => {
    const work = await withFailedJob();
    expect(await work.acceptJob({ ...job('s1'), reason: 'it looks done' })).toMatchObject({ state: 'succeeded' });
    expect(await state('s2')).toBe('queued');
  });

  it('lets its successors go when nothing is left of it, once', async () => {
    const work = await withFailedJob();
    plan = { nothingLeft: true };
    expect(await work.retryJob(job('s1'))).toMatchObject({ state: 'succeeded', attempt: 2 });
    expect(await work.retryJob(job('s1'))).toMatchObject({ state: 'succeeded', attempt: 2 });
  });

  it('asks a person once, and tells the stage the answer in the transaction that closes the incident', async () => {
    const work = await withFailedJob();
    for (let times = 0; times < 2; times++) await work.askPerson({ ...job('s1'), message: 'the lid did not close' });
    const open = await incidents();
    expect(open).toHaveLength(1);
    expect(open[0]?.message).toContain('the lid did not close');
    const by = { tenantId: db.tenantId, actorId: scene.personId, id: open[0]?.id ?? '' };
    const resolution = 'the plate is fine';
    await expect(resolveIncident(db.pool, { ...by, resolution })).rejects.toMatchObject({ code: 'missing-key' });
    expect(await decisions()).toEqual([]);
    await resolveIncident(db.pool, { ...by, action: 'accept', resolution });
    expect(await decisions()).toMatchObject([
      { round: 1, stage: 'build', payload: { stepKey: 's1', attempt: 1, action: 'accept', reason: resolution } },
    ]);
    const again = resolveIncident(db.pool, { ...by, action: 'retry', resolution });
    await expect(again).rejects.toMatchObject({ code: 'already-decided' });
    expect(await decisions()).toHaveLength(1);
  });

  it('needs no answer once its campaign is over; what may have happened unseen still does', async () => {
    const work = await withFailedJob();
    await work.askPerson({ ...job('s1'), message: 'the lid did not close' });
    const unseen = `insert into incident (id, tenant_id, site_id, campaign_id, kind, subject, message)
      values (uuidv7(), $1, $2, $3, 'job-unknown', 's1', 'silent')`;
    await db.pool.query(unseen, [db.tenantId, db.siteId, scene.campaignId]);
    await closeIncidentsOf(db.pool, { campaignId: scene.campaignId, reason: 'the campaign is aborted: no money' });
    expect((await incidents()).map(({ kind }) => kind)).toEqual(['job-unknown']);
  });
});

const incidents = async (): Promise<{ id: string; kind: string; message: string }[]> => {
  const { rows } = await db.pool.query<{ id: string; kind: string; message: string }>(
    `select id, kind, message from incident where campaign_id = $1 and resolved_at is null`,
    [scene.campaignId],
  );
  return rows;
};

const decisions = async (): Promise<{ round: number; stage: string; payload: object }[]> => {
  const { rows } = await db.pool.query<{ round: number; stage: string; payload: object }>(
    `select round, stage, payload from outbox where campaign_id = $1 and name = 'jobDecided'`,
    [scene.campaignId],
  );
  return rows;
};
