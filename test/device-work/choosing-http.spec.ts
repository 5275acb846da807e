import { issueToken } from '../../db/seed';
import type { LeasedJob } from '../../libs/device/job';
import { testDatabase } from '../../libs/testing/database';
import type { TestDatabase } from '../../libs/testing/database';
import { LabScene } from '../../libs/testing/lab-scene';
import { ServedApi } from './served-api';

describe('choosing over HTTP', () => {
  let db: TestDatabase;
  let scene: LabScene;
  let api: ServedApi;
  let ops: string;
  let scientist: string;
  beforeAll(async () => {
    db = await testDatabase();
    scene = await LabScene.open(db);
    api = await ServedApi.start(db);
    const person = async (name: string, role: 'ops' | 'scientist'): Promise<string> =>
      (await issueToken(db.pool, { tenantId: db.tenantId, kind: 'person', name, roles: [role] })).token;
    ops = await person('olu', 'ops');
    scientist = await person('sam', 'scientist');
  });
  afterAll(async () => {
    await api.stop();
    await db.close();
  });
  const put = (path: string, token: string, json: unknown): ReturnType<typeof api.request> =>
    api.request('PUT', path, { token, json });

  it('keeps hours of sites and devices as they were told, and refuses what no clock shows', async () => {
    await scene.device('hours-reader', 'read-plate');
    const weekly = [{ weekday: 1, opens: '08:00', closes: '24:00' }];
    const exceptions = [{ day: '2026-12-24' }, { day: '2026-12-31', opens: '08:00', closes: '12:30' }];
    expect(await put('/v1/devices/hours-reader/hours', ops, { weekly, exceptions })).toMatchObject({ status: 204 });
    expect((await api.get('/v1/devices/hours-reader/hours', scientist)).body).toEqual({
      timeZone: 'UTC',
      weekly,
      exceptions,
    });
    const site = { weekly, exceptions: [], timeZone: 'America/New_York' };
    expect(await put('/v1/sites/main/hours', ops, site)).toMatchObject({ status: 204 });
    expect((await api.get('/v1/sites/main/hours', scientist)).body).toEqual(site);
    expect(await put('/v1/sites/main/hours', scientist, site)).toMatchObject({ status: 403 });
    const wrong = { weekly: [{ weekday: 8, opens: '8 am', closes: '24:00' }], exceptions: [] };
    expect((await put('/v1/sites/main/hours', ops, wrong)).status).toBe(422);
    expect(await put('/v1/devices/none/hours', ops, { weekly, exceptions })).toMatchObject({ status: 404 });
    for (const path of ['/v1/sites/main/hours', '/v1/devices/hours-reader/hours'])
      expect(await put(path, ops, { weekly: [], exceptions: [] })).toMatchObject({ status: 204 });
  });

  it('lets a device say that someone works with it, shows it to people, and wakes its poll when it is free', async () => {
    const reader = await scene.device('reader', 'read-plate');
    const say = (condition: string): ReturnType<typeof put> =>
      put('/v1/devices/reader/condition', reader.token, { condition, message: 'Kim' });
    expect(await say('busy-foreign')).toMatchObject({ status: 204 });
    await scene.enqueue([scene.step('job', 'read-plate')]);
    const poll = { waitMs: 20_000, protocolVersion: 1 };
    const asked = api.post<LeasedJob>('/v1/devices/reader/leases', reader.token, poll);
    expect((await api.get('/v1/devices/reader', scientist)).body).toMatchObject({
      condition: 'busy-foreign',
      noWorkBecause: "busy with work that is not Anneal's: Kim",
    });
    expect(await say('ready')).toMatchObject({ status: 204 });
    expect((await asked).body.stepKey).toBe('job');
  });

  it('routes and takes jobs by hand, and does the work from start to outcome as an operator', async () => {
    await scene.device('bench', 'seal-plate', 4, 'person');
    await scene.enqueue([scene.step('by-hand', 'pick-colonies')]);
    const at = `/v1/jobs/${scene.job('by-hand')}`;
    expect(await api.post(`${at}/route`, ops, { device: 'bench', reason: 'x' })).toMatchObject({ status: 409 });
    expect(await api.post(`${at}/route`, ops, { device: null, reason: 'x' })).toMatchObject({ status: 204 });
    expect(await api.post(`${at}/lease`, scientist, { device: 'bench' })).toMatchObject({ status: 403 });
    const { status, body } = await api.post<LeasedJob>(`${at}/lease`, ops, { device: 'bench' });
    expect(status).toBe(200);
    const dispatch = `/v1/dispatches/${body.dispatchId}`;
    const token = body.fencingToken;
    expect(await api.post(`${dispatch}/start`, ops, { token, durationLabMs: 1 })).toMatchObject({ status: 200 });
    const outcome = { version: 1, result: 'succeeded', files: [], facts: { colonies: 3 } };
    expect(await api.post(`${dispatch}/outcome`, ops, { token, outcome })).toMatchObject({ status: 200 });
    expect(await scene.states('by-hand')).toEqual(['succeeded']);
  });

  it('sets the share of a campaign', async () => {
    const share = { weight: 3, reason: 'its deadline' };
    expect(await put('/v1/campaigns/demo/share', ops, share)).toMatchObject({ status: 204 });
    expect(await put('/v1/campaigns/none/share', ops, share)).toMatchObject({ status: 404 });
    expect(await put('/v1/campaigns/demo/share', ops, { ...share, weight: 0 })).toMatchObject({ status: 422 });
    expect(await put('/v1/campaigns/demo/share', scientist, share)).toMatchObject({ status: 403 });
    const { rows } = await db.pool.query(`select weight from campaign where slug = 'demo'`);
    expect(rows).toEqual([{ weight: 3 }]);
  });
});
