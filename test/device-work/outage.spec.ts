import { setTimeout as pause } from 'node:timers/promises';
import type { LeasedJob } from '../../libs/device/job';
import { testDatabase } from '../../libs/testing/database';
import type { TestDatabase } from '../../libs/testing/database';
import { LabScene } from '../../libs/testing/lab-scene';
import type { SceneDevice } from '../../libs/testing/lab-scene';
import { ServedApi } from './served-api';
import type { Answer } from './served-api';

describe('PostgreSQL goes away under the api', () => {
  let db: TestDatabase;
  let scene: LabScene;
  let api: ServedApi;
  let reader: SceneDevice;
  beforeAll(async () => {
    db = await testDatabase();
    scene = await LabScene.open(db);
    reader = await scene.device('reader', 'read-plate');
    api = await ServedApi.start(db, { leaseMs: 3_600_000, sweepMs: 50 });
  });
  afterAll(async () => {
    await api.stop();
    await db.close();
  });

  const lease = (waitMs: number): Promise<Answer<LeasedJob>> =>
    api.post<LeasedJob>('/v1/devices/reader/leases', reader.token, { waitMs, protocolVersion: 1 });

  /** Asks until the answer has this status. */
  async function until<T>(status: number, ask: () => Promise<Answer<T>>): Promise<Answer<T>> {
    for (;;) {
      const answer = await ask();
      if (answer.status === status) return answer;
      await pause(20);
    }
  }

  it('answers 503 meanwhile, comes back by itself, and takes nothing for lost that could not speak', async () => {
    await scene.enqueue([scene.step('running', 'read-plate')]);
    const { body: job } = await lease(0);
    const at = `/v1/dispatches/${job.dispatchId}`;
    const token = job.fencingToken;
    await api.post(`${at}/start`, reader.token, { token, durationLabMs: 1 });
    await scene.silence();

    await db.server.kill();
    const down = await until(503, () => api.request('GET', '/health/ready'));
    expect(down).toMatchObject({
      contentType: expect.stringContaining('problem+json') as string,
      body: { type: 'unavailable' },
    });
    expect(await api.request('GET', '/health/live')).toMatchObject({ status: 200 });
    const outcome = { token, outcome: { version: 1, result: 'succeeded', files: [] } };
    expect(await api.post(`${at}/outcome`, reader.token, outcome)).toMatchObject({ status: 503 });

    await db.server.start();
    await until(200, () => api.request('GET', '/health/ready'));
    expect(await until(200, () => api.post(`${at}/outcome`, reader.token, outcome))).toMatchObject({
      body: { state: 'succeeded' },
    });
  });

  it('wakes polls again after it came back', async () => {
    await db.server.kill();
    await db.server.start();
    await until(204, () => lease(0));
    const parked = lease(25_000);
    await scene.enqueue([scene.step('after', 'read-plate')]);
    expect((await parked).status).toBe(200);
  });
});
