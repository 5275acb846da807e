import { createHash } from 'node:crypto';
import { issueToken } from '../../db/seed';
import type { LeasedJob } from '../../libs/device/job';
import { testDatabase } from '../../libs/testing/database';
import type { TestDatabase } from '../../libs/testing/database';
import { LabScene } from '../../libs/testing/lab-scene';
import type { SceneDevice } from '../../libs/testing/lab-scene';
import { ServedApi } from './served-api';
import type { Answer } from './served-api';

const ask = { waitMs: 0, protocolVersion: 1 };

describe('who a device is', () => {
  let db: TestDatabase;
  let scene: LabScene;
  let api: ServedApi;
  let replica: ServedApi;
  let ops: string;
  let operator: string;
  let count = 0;

  beforeAll(async () => {
    db = await testDatabase();
    scene = await LabScene.open(db);
    [api, replica] = await Promise.all([ServedApi.start(db), ServedApi.start(db)]);
    const person = async (name: string, role: 'ops' | 'operator'): Promise<string> =>
      (await issueToken(db.pool, { tenantId: db.tenantId, kind: 'person', name, roles: [role] })).token;
    ops = await person('olu', 'ops');
    operator = await person('pat', 'operator');
  });
  afterAll(async () => {
    await Promise.all([api.stop(), replica.stop()]);
    await db.close();
  });

  /** A device that is described and has no credential. */
  async function described(): Promise<string> {
    const code = `dev-${++count}`;
    const json = { name: code, kind: 'robot', capabilities: ['seal-plate'], simulated: true };
    expect(await api.request('PUT', `/v1/devices/${code}`, { token: operator, json })).toMatchObject({ status: 204 });
    return code;
  }

  const codeFor = async (device: string): Promise<string> =>
    (await api.post<{ enrolmentCode: string }>(`/v1/devices/${device}/enrolments`, operator, {})).body.enrolmentCode;
  const exchange = (enrolmentCode: string, at = api): Promise<Answer> =>
    at.request('POST', '/v1/enrolments', { json: { enrolmentCode } });
  const enrolled = async (device: string): Promise<string> =>
    (await exchange(await codeFor(device))).body['token'] as string;
  const looks = (device: string, token: string, at = api): Promise<number> =>
    at.get(`/v1/devices/${device}`, token).then(({ status }) => status);
  const events = async (code: string): Promise<string[]> => {
    const { rows } = await db.pool.query<{ line: string }>(
      `select e.kind || ' by ' || a.name as line from event e join actor a on a.id = e.actor_id
       join device v on e.stream = 'device/' || v.id where v.code = $1 order by e.seq`,
      [code],
    );
    return rows.map(({ line }) => line);
  };

  it('is told by a code that is good once, short, of 80 bits and kept as a hash', async () => {
    const device = await described();
    const code = await codeFor(device);
    expect(code).toMatch(/^([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}$/);
    const { body, status } = await exchange(code.toLowerCase().replaceAll('-', ' '));
    expect({ status, device: body['device'] }).toEqual({ status: 201, device });
    expect(await looks(device, body['token'] as string)).toBe(200);
    expect(await exchange(code)).toMatchObject({ status: 401 });
    const { rows } = await db.pool.query<{ all: string }>('select json_agg(c)::text as all from enrolment_code c');
    expect(rows[0]?.all).not.toContain(code.replaceAll('-', ''));
    expect(await events(device)).toEqual([
      'deviceEnrolled by pat',
      'enrolmentCodeIssued by pat',
      `credentialIssued by ${device}`,
    ]);
  });

  it('says the same of a code that is wrong, used, replaced or expired', async () => {
    const device = await described();
    const replaced = await codeFor(device);
    const used = await codeFor(device);
    expect((await exchange(used)).status).toBe(201);
    const expired = await codeFor(device);
    await db.pool.query(`update enrolment_code set created_at = now() - interval '16 minutes',
      expires_at = now() - interval '1 minute' where used_at is null and ended_at is null`);
    const answers: Answer[] = [];
    for (const code of ['0000-0000-0000-0000', '?', used, replaced, expired]) answers.push(await exchange(code));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(answers[0]).toMatchObject({ status: 401, body: { type: 'unauthenticated' } });
  });

  it('gives one credential when a code is used many times at once', async () => {
    const code = await codeFor(await described());
    const answers = await Promise.all(Array.from({ length: 8 }, (_, at) => exchange(code, at % 2 ? api : replica)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 401, 401, 401, 401, 401, 401, 401]);
  });

  it('makes who guesses wait', async () => {
    const guesser = await ServedApi.start(db);
    const statuses: number[] = [];
    for (let guess = 0; guess < 12; guess++) statuses.push((await exchange('WRONG', guesser)).status);
    expect(statuses).toEqual([...Array<number>(10).fill(401), 429, 429]);
    await guesser.stop();
  });

  it('ends the credential of before when the device is enrolled anew', async () => {
    const device = await described();
    const first = await enrolled(device);
    expect(await looks(device, first)).toBe(200);
    const second = await enrolled(device);
    expect(await looks(device, second)).toBe(200);
    await until(async () => (await looks(device, first)) === 401);
  });

  it('keeps the old credential until the new one is first used, in every api', async () => {
    const device = await described();
    const old = await enrolled(device);
    const lost = await api.post<{ token: string }>(`/v1/devices/${device}/credentials`, old, {});
    expect(lost.status).toBe(201);
    const next = await api.post<{ token: string }>(`/v1/devices/${device}/credentials`, old, {});
    await until(async () => (await looks(device, lost.body.token)) === 401);
    expect([await looks(device, old), await looks(device, old, replica)]).toEqual([200, 200]);
    expect(await looks(device, next.body.token, replica)).toBe(200);
    await until(async () => (await looks(device, old)) === 401 && (await looks(device, old, replica)) === 401);
    expect(await looks(device, next.body.token)).toBe(200);
    expect((await events(device)).slice(3)).toEqual([
      `credentialRotated by ${device}`,
      `credentialRotated by ${device}`,
      `credentialReplaced by ${device}`,
    ]);
  });

  it('ends a replaced credential after 24 hours although the new one was never used', async () => {
    const device = await described();
    const old = await enrolled(device);
    await api.post(`/v1/devices/${device}/credentials`, old, {});
    const { rows } = await db.pool.query<{ hours: number }>(
      `select extract(epoch from ends_at - now())::int / 3600.0 as hours from access_token where ends_at is not null
       order by ends_at desc limit 1`,
    );
    expect(Number(rows[0]?.hours)).toBeCloseTo(24, 1);
    await db.pool.query('update access_token set ends_at = now() where ends_at is not null');
    const later = await ServedApi.start(db);
    expect(await looks(device, old, later)).toBe(401);
    await later.stop();
  });

  it('is ended by ops at once: in every api, in a long poll, and for a code that is still open', async () => {
    const device = await described();
    const token = await enrolled(device);
    const code = await codeFor(device);
    expect([await looks(device, token), await looks(device, token, replica)]).toEqual([200, 200]);
    const parked = replica.post(`/v1/devices/${device}/leases`, token, { ...ask, waitMs: 25_000 });
    const ended = expect(parked).rejects.toThrow();
    const seen = (): Promise<boolean> =>
      db.pool.query('select 1 from device where code = $1 and last_seen_at is not null', [device]).then(({ rowCount }) => rowCount === 1); // prettier-ignore
    await until(seen);
    const revoke = (by: string): Promise<Answer> =>
      api.request('DELETE', `/v1/devices/${device}/credentials`, { token: by });
    expect(await revoke(operator)).toMatchObject({ status: 403 });
    expect(await revoke(ops)).toMatchObject({ status: 200, body: { revoked: 1 } });
    await ended;
    await until(async () => (await looks(device, token)) === 401 && (await looks(device, token, replica)) === 401);
    expect(await exchange(code)).toMatchObject({ status: 401 });
    expect((await events(device)).at(-1)).toBe('credentialsRevoked by olu');
  });

  it('ends all tokens of a person', async () => {
    const { token } = await issueToken(db.pool, { tenantId: db.tenantId, kind: 'person', name: 'eve', roles: ['ops'] });
    expect((await api.get('/v1/jobs', token)).status).toBe(200);
    expect(await api.request('DELETE', '/v1/people/eve/tokens', { token: ops })).toMatchObject({
      body: { revoked: 1 },
    });
    await until(async () => (await api.get('/v1/jobs', token)).status === 401);
  });

  describe('and what is not its own', () => {
    let attacker: SceneDevice;
    let victim: SceneDevice;
    let own: LeasedJob;
    let job: LeasedJob;
    let result: string;
    const upload = createHash('sha256').update('half').digest('hex');

    beforeAll(async () => {
      attacker = await scene.device('attacker', 'read-plate');
      victim = await scene.device('victim', 'transfer-liquid');
      const wells = [{ well: 'A1', kind: 'reagent', code: 'water', volumeUl: 50 }];
      const stock = { barcode: 'A', kind: 'pcr-96', placeCode: 'hotel', wells };
      await api.request('POST', '/v1/labware', { token: ops, json: stock, headers: { 'idempotency-key': 'A' } });
      const { sha256, transfers } = await scene.worklist('A', 'B', ['A1']);
      const labware = [scene.needs('A', 'source', 'anywhere'), scene.needs('B', 'destination', 'anywhere')];
      const content = Buffer.from('result');
      result = createHash('sha256').update(content).digest('hex');
      const file = { sha256: result, bytes: content.length, name: 'r.csv', mediaType: 'text/csv' };
      await scene.enqueue([
        scene.step('first', 'transfer-liquid'),
        scene.step('theirs', 'transfer-liquid', {
          needs: ['first'],
          spec: { labware },
          worklist: { sha256, transfers },
        }),
        scene.step('mine', 'read-plate'),
      ]);
      const before = await scene.start(victim);
      await put(before, result, content);
      await scene.report(victim, before, { files: [file] });
      job = await scene.start(victim);
      await put(job, upload, Buffer.from('half'));
      own = await scene.start(attacker);
    });

    const put = (of: LeasedJob, sha256: string, bytes: Buffer): Promise<Answer> =>
      api.request('PUT', `/v1/dispatches/${of.dispatchId}/uploads/${sha256}/chunks/0?bytes=${bytes.length}`, {
        token: victim.token,
        bytes,
      });

    /** Every route under which a device or its work is addressed, as the api describes it. */
    async function routes(): Promise<[string, string][]> {
      const { body } = await api.request<{ paths: Record<string, object> }>('GET', '/openapi.json');
      const known = Object.entries(body.paths).flatMap(([path, methods]) =>
        Object.keys(methods).map((method): [string, string] => [method.toUpperCase(), path]),
      );
      const later: [string, string][] = [
        ['PUT', '/v1/devices/{code}/condition'],
        ['POST', '/v1/devices/{code}/self-test'],
        ['POST', '/v1/devices/{code}/enrolments'],
        ['POST', '/v1/devices/{code}/credentials'],
        ['DELETE', '/v1/devices/{code}/credentials'],
      ];
      const all = new Map([...known, ...later].map((route) => [route.join(' '), route]));
      return [...all.values()].filter(([, path]) => /^\/v1\/(devices|dispatches|files)\b/.test(path));
    }

    /** A body each route would take from its owner. */
    const bodies = (): Readonly<Record<string, unknown>> => ({
      leases: ask,
      start: { token: job.fencingToken, durationLabMs: 1 },
      heartbeats: { token: job.fencingToken },
      release: { token: job.fencingToken },
      outcome: { token: job.fencingToken, outcome: { version: 1, result: 'succeeded', files: [] } },
      condition: { condition: 'ready' },
      'self-test': { result: 'passed', message: 'fine' },
    });

    async function facts(): Promise<unknown> {
      const tables = ['dispatch', 'device', 'job', 'labware', 'upload', 'file_chunk', 'file', 'ledger', 'incident', 'access_token', 'enrolment_code', 'event']; // prettier-ignore
      const found: Record<string, unknown> = {};
      for (const table of tables)
        found[table] = (
          await db.pool.query(`select to_jsonb(t) - 'last_seen_at' as row from ${table} t order by 1`)
        ).rows;
      return found;
    }

    it('is refused to it on every route, with the right tokens of the other and without effect', async () => {
      const before = await facts();
      const refused: string[] = [];
      const admitted: string[] = [];
      for (const [method, path] of await routes()) {
        const to = path
          .replace('{code}', 'victim')
          .replace('{dispatchId}', job.dispatchId)
          .replace('{index}', '0?bytes=4')
          .replace('{sha256}', path.startsWith('/v1/files') ? (job.worklist?.sha256 ?? '') : upload);
        const json = bodies()[path.split('/').at(-1) ?? ''] ?? {};
        const body = path.endsWith('{index}') ? { bytes: Buffer.from('half') } : method === 'GET' ? {} : { json };
        const { status } = await api.request(method, to, { token: attacker.token, ...body });
        ([403, 404].includes(status) ? refused : admitted).push(`${method} ${path} ${status}`);
      }
      expect(admitted).toEqual([]);
      expect(refused.length).toBeGreaterThan(14);
      expect(await facts()).toEqual(before);
    });

    it.each(['worklist', 'result'])(
      'hides the %s of another device, and shows it to its own and to people',
      async (which) => {
        const sha256 = which === 'result' ? result : (job.worklist?.sha256 as string);
        const read = async (token: string): Promise<number> => (await api.get(`/v1/files/${sha256}`, token)).status;
        expect([await read(attacker.token), await read(victim.token), await read(operator)]).toEqual([404, 200, 200]);
      },
    );

    it('lets it go on with its own work', async () => {
      const outcome = { version: 1, result: 'succeeded', files: [] };
      const report = { token: own.fencingToken, outcome };
      expect(await api.post(`/v1/dispatches/${own.dispatchId}/outcome`, attacker.token, report)).toMatchObject({ status: 200 }); // prettier-ignore
    });
  });
});

/** Resolves when a condition holds that another process brings about. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((next) => setImmediate(next));
}
