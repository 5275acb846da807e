import { createHash, randomBytes } from 'node:crypto';
import { chunkBytes } from '../../db/device-work/files';
import { issueToken } from '../../db/seed';
import type { LeasedJob } from '../../libs/device/job';
import { testDatabase } from '../../libs/testing/database';
import type { TestDatabase } from '../../libs/testing/database';
import { LabScene } from '../../libs/testing/lab-scene';
import type { SceneDevice } from '../../libs/testing/lab-scene';
import { ServedApi } from './served-api';

describe('device work over HTTP', () => {
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

  const lease = (device: SceneDevice, waitMs = 0): ReturnType<typeof api.post<LeasedJob>> =>
    api.post<LeasedJob>(`/v1/devices/${device.code}/leases`, device.token, { waitMs, protocolVersion: 1 });

  it('gives 40 devices that ask at once 20 distinct leases of 20 jobs', async () => {
    const devices = await Promise.all(
      Array.from({ length: 40 }, (_, index) => scene.device(`cycler-${index}`, 'thermocycle')),
    );
    const waiting = devices.map((device) => lease(device, 1_500));
    await scene.enqueue(Array.from({ length: 20 }, (_, index) => scene.step(`race/${index}`, 'thermocycle')));
    const answers = await Promise.all(waiting);
    const leased = answers.filter(({ status }) => status === 200).map(({ body }) => body);
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(20);
    expect(new Set(leased.map(({ dispatchId }) => dispatchId)).size).toBe(20);
    expect(new Set(leased.map(({ fencingToken }) => fencingToken)).size).toBe(20);
  });

  it('walks a job from lease to outcome and answers repeats alike', async () => {
    const reader = await scene.device('reader-a', 'read-plate');
    const asked = lease(reader, 10_000);
    await scene.enqueue([scene.step('walk', 'read-plate')]);
    const { status, body: job } = await asked;
    expect(status).toBe(200);
    const at = `/v1/dispatches/${job.dispatchId}`;
    const token = job.fencingToken;
    const started = await api.post(`${at}/start`, reader.token, { token, durationLabMs: 60_000 });
    expect(started).toMatchObject({ status: 200, body: { leaseMs: 30_000 } });
    const again = await api.post(`${at}/start`, reader.token, { token, durationLabMs: 60_000 });
    expect(again).toMatchObject({
      status: 409,
      contentType: expect.stringContaining('application/problem+json') as string,
      body: { type: 'illegal-transition', status: 409, state: 'started' },
    });
    const beat = await api.post(`${at}/heartbeats`, reader.token, { token, progress: { percent: 50 } });
    expect(beat).toMatchObject({ status: 200, body: { state: 'started' } });
    const stale = await api.post(`${at}/outcome`, reader.token, {
      token: '1',
      outcome: { version: 1, result: 'succeeded', files: [] },
    });
    expect(stale).toMatchObject({ status: 409, body: { type: 'token-superseded' } });
    for (let repeat = 0; repeat < 2; repeat++) {
      const outcome = { version: 1, result: 'succeeded', files: [], facts: { colonies: 3 } };
      expect(await api.post(`${at}/outcome`, reader.token, { token, outcome })).toMatchObject({
        status: 200,
        body: { state: 'succeeded' },
      });
    }
  });

  it('wakes exactly the device a job is for, in milliseconds', async () => {
    const device = await scene.device('sealer-a', 'seal-plate');
    await lease(device);
    const began = performance.now();
    const asked = lease(device, 20_000);
    await scene.enqueue([scene.step('wake', 'seal-plate')]);
    expect((await asked).status).toBe(200);
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  it('gives a lease back when the device hung up before it was answered', async () => {
    const device = await scene.device('seq-a', 'sequence-samples');
    await lease(device);
    const hangUp = new AbortController();
    const lost = api.request('POST', `/v1/devices/${device.code}/leases`, {
      token: device.token,
      json: { waitMs: 20_000, protocolVersion: 1 },
      signal: hangUp.signal,
    });
    hangUp.abort();
    await expect(lost).rejects.toThrow();
    await scene.enqueue([scene.step('hang-up', 'sequence-samples')]);
    expect((await lease(device, 10_000)).status).toBe(200);
  });

  it('takes files in chunks, names what is missing, and settles nothing before they are whole', async () => {
    const reader = await scene.device('reader-b', 'purify-dna');
    await scene.enqueue([scene.step('files', 'purify-dna')]);
    const { body: job } = await lease(reader);
    const at = `/v1/dispatches/${job.dispatchId}`;
    const token = job.fencingToken;
    await api.post(`${at}/start`, reader.token, { token, durationLabMs: 1 });
    const content = randomBytes(2 * chunkBytes + 17);
    const sha256 = createHash('sha256').update(content).digest('hex');
    const put = (
      index: number,
      bytes = content.subarray(index * chunkBytes, (index + 1) * chunkBytes),
    ): Promise<{ status: number }> =>
      api.request('PUT', `${at}/uploads/${sha256}/chunks/${index}?bytes=${content.length}`, {
        token: reader.token,
        bytes,
      });
    const file = { sha256, bytes: content.length, name: 'read.csv', mediaType: 'text/csv' };
    const report = (): ReturnType<typeof api.post> =>
      api.post(`${at}/outcome`, reader.token, { token, outcome: { version: 1, result: 'succeeded', files: [file] } });

    expect(await put(0)).toMatchObject({ status: 204 });
    expect(await put(0)).toMatchObject({ status: 204 });
    expect(await put(2, Buffer.from('short'))).toMatchObject({ status: 422 });
    expect(await put(3, Buffer.from('x'))).toMatchObject({ status: 422 });
    expect(await report()).toMatchObject({
      status: 422,
      body: { type: 'upload-incomplete', missing: [{ sha256, chunks: [1, 2] }] },
    });
    expect(await scene.states('files')).toEqual(['started']);
    expect((await api.get(`${at}/uploads/${sha256}`, reader.token)).body).toEqual({
      bytes: content.length,
      missing: [1, 2],
    });
    await put(1);
    await put(2);
    expect(await report()).toMatchObject({ status: 200, body: { state: 'succeeded' } });

    const response = await fetch(`${api.url}/v1/files/${sha256}`, {
      headers: { authorization: `Bearer ${scientist}` },
    });
    expect(response.headers.get('content-type')).toBe('text/csv');
    expect(Buffer.from(await response.arrayBuffer()).equals(content)).toBe(true);
  });

  it('forgets chunks that are not what their name says', async () => {
    const device = await scene.device('picker-a', 'pick-colonies');
    await scene.enqueue([scene.step('forged', 'pick-colonies')]);
    const { body: job } = await lease(device);
    const at = `/v1/dispatches/${job.dispatchId}`;
    const token = job.fencingToken;
    await api.post(`${at}/start`, device.token, { token, durationLabMs: 1 });
    const sha256 = createHash('sha256').update('right').digest('hex');
    const put = (text: string): Promise<unknown> =>
      api.request('PUT', `${at}/uploads/${sha256}/chunks/0?bytes=5`, { token: device.token, bytes: Buffer.from(text) });
    const file = { sha256, bytes: 5, name: 'a.txt', mediaType: 'text/plain' };
    const report = (): ReturnType<typeof api.post> =>
      api.post(`${at}/outcome`, device.token, { token, outcome: { version: 1, result: 'succeeded', files: [file] } });
    await put('wrong');
    expect(await report()).toMatchObject({ status: 422, body: { missing: [{ chunks: [0] }] } });
    await put('right');
    expect(await report()).toMatchObject({ status: 200 });
  });

  it.each([
    ['no token', undefined, 401, 'unauthenticated'],
    ['a token nobody has', 'x'.repeat(43), 401, 'unauthenticated'],
  ])('refuses %s', async (_name, token, status, type) => {
    const answer = await api.request('GET', '/v1/jobs', token ? { token } : {});
    expect(answer).toMatchObject({ status, body: { type } });
  });

  it('keeps people out of leases, devices out of decisions, and devices to themselves', async () => {
    const device = await scene.device('reader-c', 'read-plate');
    const other = await scene.device('reader-d', 'read-plate');
    const body = { waitMs: 0, protocolVersion: 1 };
    expect(await api.post('/v1/devices/reader-c/leases', scientist, body)).toMatchObject({ status: 403 });
    expect(await api.post('/v1/devices/reader-c/leases', other.token, body)).toMatchObject({ status: 403 });
    expect(await api.post('/v1/devices/none/leases', device.token, body)).toMatchObject({ status: 404 });
    expect(await api.get('/v1/jobs', device.token)).toMatchObject({ status: 403, body: { type: 'forbidden' } });
    expect(await api.post('/v1/devices/reader-c/state', scientist, { state: 'in-service', reason: 'x' })).toMatchObject(
      { status: 403 },
    );
    expect(await api.post('/v1/devices/reader-c/leases', ops, body)).toMatchObject({ status: 204 });
  });

  it('names every wrong field of a request', async () => {
    const device = await scene.device('reader-e', 'read-plate');
    const answer = await api.post<{ findings: { pointer: string; code: string }[] }>(
      '/v1/devices/reader-e/leases',
      device.token,
      {
        waitMs: -1,
        protocolVersion: 2,
        more: true,
      },
    );
    expect(answer).toMatchObject({ status: 422, body: { type: 'document-invalid', title: 'document invalid' } });
    const found = answer.body.findings.map(({ pointer, code }) => `${pointer} ${code}`).sort();
    expect(found).toEqual(['/more unknown-key', '/protocolVersion document-invalid', '/waitMs document-invalid']);
  });

  it.each([
    ['POST', '/v1/dispatches/not-an-id/start', 404],
    ['GET', '/v1/files/short', 404],
    ['GET', '/v1/nowhere', 404],
  ])('answers %s %s as a problem', async (method, path, status) => {
    const device = await scene.device('reader-f', 'read-plate');
    const options = { token: path.includes('dispatches') ? device.token : ops };
    const json = { token: '1', durationLabMs: 1 };
    const answer = await api.request(method, path, method === 'POST' ? { ...options, json } : options);
    expect(answer).toMatchObject({ status, body: { type: 'not-found', status } });
  });

  it('refuses JSON that is not JSON', async () => {
    const answer = await fetch(`${api.url}/v1/labware`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ops}`, 'content-type': 'application/json' },
      body: '{"barcode":',
    });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ type: 'document-syntax' });
  });

  it('says that it lives and can serve', async () => {
    expect(await api.request('GET', '/health/live')).toMatchObject({ status: 200 });
    expect(await api.request('GET', '/health/ready')).toMatchObject({ status: 200 });
  });

  it('answers parked polls when it stops', async () => {
    const second = await ServedApi.start(db);
    const device = await scene.device('reader-g', 'sequence-samples');
    await second.post('/v1/devices/reader-g/leases', device.token, { waitMs: 0, protocolVersion: 1 });
    const parked = second.post('/v1/devices/reader-g/leases', device.token, { waitMs: 25_000, protocolVersion: 1 });
    await expectParked(second);
    await second.stop();
    expect((await parked).status).toBe(204);
  });
});

/** Resolves when the api has a request that is not answered. */
async function expectParked(api: ServedApi): Promise<void> {
  const server = api.app.getHttpServer();
  for (;;) {
    const open = await new Promise<number>((done, fail) =>
      server.getConnections((error: Error | null, count: number) => (error ? fail(error) : done(count))),
    );
    if (open > 0) return;
    await new Promise((next) => setImmediate(next));
  }
}
