import { issueToken } from '../../db/seed';
import { sweepLeases, sweepUploads } from '../../db/device-work/sweep';
import { testDatabase } from '../../libs/testing/database';
import type { TestDatabase } from '../../libs/testing/database';
import { LabScene } from '../../libs/testing/lab-scene';
import { ServedApi } from './served-api';
import type { Answer } from './served-api';

describe('operations over HTTP', () => {
  let db: TestDatabase;
  let scene: LabScene;
  let api: ServedApi;
  let ops: string;
  beforeAll(async () => {
    db = await testDatabase();
    scene = await LabScene.open(db);
    api = await ServedApi.start(db, { sweepMs: 50 });
    const olu = { tenantId: db.tenantId, kind: 'person' as const, name: 'olu', roles: ['ops' as const] };
    ops = (await issueToken(db.pool, olu)).token;
  });
  afterAll(async () => {
    await api.stop();
    await db.close();
  });

  const put = (path: string, json: unknown): Promise<Answer> => api.request('PUT', path, { token: ops, json });
  const receive = (json: unknown, key = 'k1'): Promise<Answer> =>
    api.request('POST', '/v1/labware', { token: ops, json, headers: { 'idempotency-key': key } });

  const plate = {
    barcode: 'STOCK-1',
    kind: 'echo-384',
    placeCode: 'hotel',
    contentRole: 'parts',
    wells: [
      { well: 'A1', kind: 'part', code: 'J23100', volumeUl: 60, concentrationNgPerUl: 50 },
      { well: 'B12', kind: 'glycerol-stock', code: 'empty-vector', volumeUl: 0.0025, sequence: 'acgtacgtta' },
    ],
  };

  it('receives filled labware once, whoever sends the request again', async () => {
    const first = await receive(plate);
    expect(first).toMatchObject({ status: 201, body: { barcode: 'STOCK-1' } });
    expect(await receive(plate)).toEqual(first);
    expect(await receive({ ...plate, seal: 'foil' })).toMatchObject({
      status: 409,
      body: { type: 'idempotency-conflict' },
    });
    expect(await receive(plate, 'k2')).toMatchObject({ status: 409, body: { type: 'version-conflict' } });
    expect(await receive({ ...plate, barcode: 'X', placeCode: 'moon' }, 'k3')).toMatchObject({
      status: 422,
      body: { type: 'unknown-reference' },
    });
    expect(await api.post('/v1/labware', ops, plate)).toMatchObject({ status: 422, body: { type: 'missing-key' } });
  });

  it('shows what is in a labware', async () => {
    const { body } = await api.get('/v1/labware/STOCK-1', ops);
    expect(body).toMatchObject({
      placeCode: 'hotel',
      contentRole: 'parts',
      seal: 'none',
      held: false,
      wells: [
        { well: 'A1', code: 'J23100', lowUl: 60, highUl: 60, reservedUl: 0, verdicts: [] },
        { well: 'B12', code: 'empty-vector', lowUl: 0.0025, constructId: expect.any(String) as string },
      ],
    });
    expect(await api.get('/v1/labware/NONE', ops)).toMatchObject({ status: 404, body: { type: 'not-found' } });
  });

  it('names the wrong well of a labware by its place in the document', async () => {
    const wells = [plate.wells[0], { ...plate.wells[1], well: 'B012', volume: 3 }];
    const { status, body } = await receive({ ...plate, barcode: 'S2', wells }, 'k4');
    expect(status).toBe(422);
    const pointers = (body['findings'] as { pointer: string }[]).map(({ pointer }) => pointer).sort();
    expect(pointers).toEqual(['/wells/1/volume', '/wells/1/well']);
  });

  it('enrols a device, takes it out of service and back, and says what it does', async () => {
    expect(await put('/v1/places/deck-r', { kind: 'deck', capacity: 2 })).toMatchObject({ status: 204 });
    const described = {
      name: 'Reader',
      kind: 'plate-reader',
      capabilities: ['read-plate'],
      placeCode: 'deck-r',
      simulated: true,
    };
    expect(await put('/v1/devices/r', described)).toMatchObject({ status: 204 });
    const { body: code } = await api.post('/v1/devices/r/enrolments', ops, {});
    const { body } = await api.request('POST', '/v1/enrolments', { json: { enrolmentCode: code['enrolmentCode'] } });
    const token = body['token'] as string;
    expect(await put('/v1/devices/r', { ...described, placeCode: 'moon' })).toMatchObject({ status: 422 });
    expect(await put('/v1/devices/r', { ...described, capabilities: ['fly'] })).toMatchObject({ status: 422 });
    expect((await api.get('/v1/devices/r', token)).body).toMatchObject({
      code: 'r',
      state: 'in-service',
      placeCode: 'deck-r',
    });
    const state = (state_: string): Promise<Answer> =>
      api.post('/v1/devices/r/state', ops, { state: state_, reason: 'lamp' });
    expect(await state('out-of-service')).toMatchObject({ status: 204 });
    await scene.enqueue([scene.step('op/read', 'read-plate')]);
    const ask = { waitMs: 0, protocolVersion: 1 };
    expect(await api.post('/v1/devices/r/leases', token, ask)).toMatchObject({ status: 204 });
    const { body: list } = await api.get<{ items: unknown[] }>('/v1/devices', ops);
    expect(list.items).toContainEqual(
      expect.objectContaining({ code: 'r', state: 'out-of-service', stateReason: 'lamp' }),
    );
    expect(await state('in-service')).toMatchObject({ status: 204 });
    const lease = await api.post('/v1/devices/r/leases', token, ask);
    expect(lease.status).toBe(200);
    expect((await api.get('/v1/devices/r', ops)).body).toMatchObject({ workingOn: 'op/read' });
  });

  it('pages through jobs and says why each waits', async () => {
    await scene.enqueue([
      scene.step('page/1', 'seal-plate'),
      scene.step('page/2', 'seal-plate', { needs: ['page/1'] }),
    ]);
    for (;;) {
      const { body } = await api.get<{ items: { stepKey: string; waitingFor?: string }[] }>(
        '/v1/jobs?campaign=demo',
        ops,
      );
      const [first, second] = ['page/1', 'page/2'].map((key) => body.items.find(({ stepKey }) => stepKey === key));
      expect(second?.waitingFor).toBe('needs page/1');
      if (first?.waitingFor === 'no device of this site can seal-plate') break;
    }
    const seen: string[] = [];
    for (let next: string | undefined = ''; next !== undefined;) {
      const page: { body: { items: { id: string }[]; next?: string } } = await api.get(
        `/v1/jobs?limit=1${next ? `&after=${next}` : ''}`,
        ops,
      );
      seen.push(...page.body.items.map(({ id }) => id));
      next = page.body.next;
    }
    expect(seen).toHaveLength(3);
    expect(new Set(seen).size).toBe(3);
    const { body: all } = await api.get<{ items: { state: string }[] }>('/v1/jobs', ops);
    expect(all.items.map(({ state }) => state)).toEqual(['leased', 'queued', 'blocked']);
    expect(await api.get('/v1/jobs?state=dreaming', ops)).toMatchObject({ status: 422 });
  });

  it('resolves an unknown dispatch by a named person and closes its incident', async () => {
    const handler = await scene.device('handler', 'transfer-liquid');
    await scene.enqueue([scene.step('op/unknown', 'transfer-liquid')]);
    const job = await scene.start(handler);
    const resolution = { verdict: 'happened', reason: 'saw it' };
    const at = `/v1/dispatches/${job.dispatchId}/resolution`;
    expect(await api.post(at, ops, resolution)).toMatchObject({ status: 409, body: { type: 'illegal-transition' } });
    await db.pool.query('select become_unknown(d, $2) from dispatch d where id = $1', [job.dispatchId, []]);
    const open = await api.get<{ items: { id: string; dispatchId: string }[] }>('/v1/incidents', ops);
    expect(open.body.items).toEqual([
      expect.objectContaining({ kind: 'job-unknown', dispatchId: job.dispatchId, device: 'handler' }),
    ]);
    expect(await api.post(at, handler.token, resolution)).toMatchObject({ status: 403 });
    expect(await api.post(at, ops, resolution)).toMatchObject({ status: 200, body: { state: 'succeeded' } });
    expect((await api.get('/v1/incidents', ops)).body).toEqual({ items: [] });
    expect((await api.get('/v1/incidents?state=all', ops)).body).toMatchObject({
      items: [{ resolution: 'happened: saw it' }],
    });
    const close = `/v1/incidents/${open.body.items[0]?.id}/resolve`;
    expect(await api.post(close, ops, { resolution: 'x' })).toMatchObject({
      status: 409,
      body: { type: 'already-decided' },
    });
  });

  it('resolves a power cut as a group, and takes the word of devices and people about what was held', async () => {
    const cutter = await scene.device('cut-1', 'thermocycle');
    const sealer = await scene.device('cut-2', 'seal-plate');
    await scene.enqueue([scene.step('op/cut-1', 'thermocycle'), scene.step('op/cut-2', 'seal-plate')]);
    const jobs = [await scene.start(cutter), await scene.start(sealer)];
    await scene.silence();
    await sweepLeases(db.pool, 0);
    const { body: open } = await api.get<{ items: { dispatchId: string; groupId: string }[] }>('/v1/incidents', ops);
    expect(new Set(open.items.map(({ groupId }) => groupId)).size).toBe(1);
    const dispatchIds = jobs.map(({ dispatchId }) => dispatchId);
    const word = { dispatchIds, verdict: 'did-not', reason: 'the power was cut' };
    expect(await api.post('/v1/resolutions', cutter.token, word)).toMatchObject({ status: 403 });
    expect(await api.post('/v1/resolutions', ops, { ...word, dispatchIds: [] })).toMatchObject({ status: 422 });
    const answer = await api.post('/v1/resolutions', ops, word);
    expect(answer).toMatchObject({ status: 200, body: { settled: 2, state: 'failed' } });
    expect(await api.post('/v1/resolutions', ops, word)).toEqual(answer);
    expect(await api.post('/v1/resolutions', ops, { ...word, verdict: 'happened' })).toMatchObject({
      status: 409,
      body: { type: 'already-decided' },
    });

    const test = { result: 'passed', message: 'lid and block are well' };
    expect(await api.post('/v1/devices/cut-1/self-test', sealer.token, test)).toMatchObject({ status: 403 });
    expect(await api.post('/v1/devices/cut-1/self-test', cutter.token, test)).toMatchObject({
      status: 200,
      body: { state: 'in-service' },
    });
    expect(await api.post('/v1/devices/cut-2/self-test', sealer.token, test)).toMatchObject({
      body: { state: 'quarantined', hold: 'until-cleared' },
    });
    expect((await api.get('/v1/devices/cut-2', ops)).body).toMatchObject({ toClear: ['deck', 'door'] });
    const back = (cleared: string[]): Promise<Answer> =>
      api.post('/v1/devices/cut-2/state', ops, { state: 'in-service', reason: 'jam removed', cleared });
    expect(await back(['deck'])).toMatchObject({ status: 409, body: { type: 'not-cleared', missing: ['door'] } });
    expect(await back(['roof'])).toMatchObject({ status: 422 });
    expect(await back(['deck', 'door'])).toMatchObject({ status: 204 });
  });

  it('wants to know what is to be done about a failed job', async () => {
    await db.pool.query(
      `insert into incident (id, tenant_id, site_id, kind, subject, message) values (uuidv7(), $1, $2, 'job-failed', 'x', 'it failed')`,
      [db.tenantId, db.siteId],
    );
    const { body } = await api.get<{ items: { id: string; kind: string }[] }>('/v1/incidents', ops);
    const at = `/v1/incidents/${body.items.find(({ kind }) => kind === 'job-failed')?.id}/resolve`;
    expect(await api.post(at, ops, { resolution: 'accept: it is fine' })).toMatchObject({
      status: 422,
      body: { type: 'missing-key', findings: [{ pointer: '/action' }] },
    });
    expect(await api.post(at, ops, { action: 'dream', resolution: 'x' })).toMatchObject({ status: 422 });
    expect(await api.post(at, ops, { action: 'accept', resolution: 'it is fine' })).toMatchObject({ status: 204 });
  });

  it('answers the clock, refuses to move it while something is under way, and to set it under campaigns', async () => {
    const { body } = await api.get('/v1/sites/main/clock', ops);
    expect(body).toMatchObject({ mode: 'virtual', quiet: false });
    const to = new Date(Date.parse(body['now'] as string) + 1_000).toISOString();
    const moved = await api.post('/v1/sites/main/clock', ops, { to, revision: body['revision'] });
    expect(moved).toMatchObject({
      status: 409,
      body: { type: 'clock-conflict', clock: { revision: body['revision'] } },
    });
    expect(await put('/v1/sites/main/clock', { mode: 'virtual', now: to })).toMatchObject({ status: 409 });
    expect(await api.get('/v1/sites/elsewhere/clock', ops)).toMatchObject({ status: 404 });
  });

  it('takes no silence for an end while no api was there to be spoken to', async () => {
    const cycler = await scene.device('cycler', 'thermocycle');
    await scene.enqueue([scene.step('op/silent', 'thermocycle')]);
    await scene.start(cycler);
    await api.stop();
    await scene.silence();
    await scene.enqueue([
      scene.step('op/head', 'pick-colonies'),
      scene.step('op/stray', 'pick-colonies', { needs: ['op/head'] }),
    ]);
    await db.pool.query('delete from job_need where job_id = $1', [scene.job('op/stray')]);
    api = await ServedApi.start(db, { sweepMs: 50 });
    // The stray is released at the end of a sweep: by then leases were looked at.
    while ((await scene.states('op/stray'))[0] !== 'queued') await new Promise((next) => setImmediate(next));
    expect(await scene.states('op/silent')).toEqual(['started']);
  });

  it('sweeps uploads nothing refers to after seven days', async () => {
    const upload = (id: string, days: number): Promise<unknown> =>
      db.pool.query(
        `with u as (insert into upload (tenant_id, owner_kind, owner_id, sha256, bytes, last_chunk_at)
           values ($1, 'submission', $2::uuid, sha256($2::uuid::text::bytea), 1, now() - $3 * interval '1 day') returning *)
         insert into file_chunk (tenant_id, sha256, index, content) select tenant_id, sha256, 0, 'x' from u`,
        [db.tenantId, id, days],
      );
    await upload(scene.campaignId, 8);
    await upload(scene.personId, 6);
    // The api sweeps, too: who was first does not matter.
    await sweepUploads(db.pool);
    const { rows } = await db.pool.query(
      'select (select count(*) from upload)::int as uploads, (select count(*) from file_chunk)::int as chunks',
    );
    expect(rows).toEqual([{ uploads: 1, chunks: 1 }]);
  });
});
