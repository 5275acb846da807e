import { randomBytes, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeApi } from '../../apps/api/openapi';
import { chunkBytes, mostBytes } from '../../db/device-work/files';
import { setDeviceState } from '../../db/lab/devices';
import type { LeasedJob } from '../../libs/device/job';
import { testDatabase } from '../../libs/testing/database';
import type { TestDatabase } from '../../libs/testing/database';
import { LabScene } from '../../libs/testing/lab-scene';
import type { SceneDevice } from '../../libs/testing/lab-scene';
import type { Answer } from '../device-work/served-api';
import { ServedApi } from '../device-work/served-api';

const root = join(__dirname, '..', '..');
const page = readFileSync(join(root, 'apps', 'console', 'docs', 'robot.md'), 'utf8');
const [, refusals = ''] = page.split('## Refusals');
const named = [...refusals.matchAll(/^\| `([\w-]+)` \| (\d{3}) \|/gm)].map(([, code, status]) => `${code} ${status}`);
const sha256 = 'a'.repeat(64);

describe('the page for robot authors', () => {
  let db: TestDatabase;
  let scene: LabScene;
  let api: ServedApi;
  let device: SceneDevice;
  let other: SceneDevice;
  let job: LeasedJob;

  beforeAll(async () => {
    db = await testDatabase();
    scene = await LabScene.open(db);
    api = await ServedApi.start(db);
    [device, other] = [await scene.device('one', 'read-plate'), await scene.device('two', 'seal-plate')];
    await scene.enqueue([scene.step('read', 'read-plate')]);
    job = await scene.start(device);
  });
  afterAll(async () => {
    await api.stop();
    await db.close();
  });

  const at = (path: string): string => `/v1/dispatches/${job.dispatchId}/${path}`;
  const post = (path: string, json: unknown, token = device.token): Promise<Answer> => api.post(path, token, json);
  const chunk = (query: string, bytes: Buffer, headers = {}): Promise<Answer> =>
    api.request('PUT', at(`uploads/${sha256}/chunks/${query}`), { token: device.token, bytes, headers });
  const outcome = (more: object = {}): object => ({
    token: job.fencingToken,
    outcome: { version: 1, result: 'succeeded', files: [], ...more },
  });
  const lease = { waitMs: 0, protocolVersion: 1 };

  const provoked: Readonly<Record<string, () => Promise<Answer>>> = {
    unauthenticated: () => post('/v1/devices/one/leases', lease, 'x'.repeat(43)),
    forbidden: () => post('/v1/devices/one/leases', lease, other.token),
    'not-found': () => post(`/v1/dispatches/${randomUUID()}/heartbeats`, { token: '1' }),
    'document-encoding': () => post(at('heartbeats'), { token: job.fencingToken, progress: { text: '\0' } }),
    'document-invalid': () => post(at('outcome'), { token: job.fencingToken }),
    'wrong-type': () => api.request('PUT', at(`uploads/${sha256}/chunks/0?bytes=2`), { token: device.token, json: {} }),
    'out-of-range': () => chunk('1?bytes=2', Buffer.from('ab')),
    'over-limit': () => chunk(`0?bytes=${mostBytes + 1}`, Buffer.from('ab')),
    'document-too-large': () => chunk(`0?bytes=${3 * chunkBytes}`, randomBytes(chunkBytes + 1)),
    'upload-incomplete': () => post(at('outcome'), outcome({ files: [{ sha256, bytes: 3, name: 'f', mediaType: 'text/plain' }] })), // prettier-ignore
    'not-leasable': () => post('/v1/devices/one/leases', lease),
    'token-superseded': () => post(at('heartbeats'), { token: '0' }),
    'illegal-transition': () => post(at('start'), { token: job.fencingToken, durationLabMs: 1 }),
    'too-many-requests': async () => {
      for (;;) {
        const answer = await api.request('POST', '/v1/enrolments', { json: { enrolmentCode: 'GUESS' } });
        if (answer.status !== 401) return answer;
      }
    },
  };

  it('names every refusal a robot gets, and no other', () => {
    expect(named.map((line) => line.split(' ')[0]).sort()).toEqual(Object.keys(provoked).sort());
  });

  it.each(named)('%s is what the api answers', async (line) => {
    const [code = '', status] = line.split(' ');
    const answer = await (provoked[code] as () => Promise<Answer>)();
    expect(answer).toMatchObject({ status: Number(status), body: { type: code, status: Number(status) } });
    expect(answer.contentType).toContain('application/problem+json');
  });

  it('is right about a body that is not JSON', async () => {
    const headers = { 'content-type': 'application/json' };
    const answer = await api.request('POST', at('outcome'), { token: device.token, bytes: Buffer.from('{'), headers });
    expect(answer).toMatchObject({ status: 400, body: { type: 'document-syntax' } });
  });

  it('is right about what a refused request for work tells', async () => {
    expect(await post('/v1/devices/one/leases', lease)).toMatchObject({
      body: { dispatchId: job.dispatchId, fencingToken: job.fencingToken },
    });
    await scene.enqueue([scene.step('seal', 'seal-plate')]);
    const { dispatchId, fencingToken: token } = await scene.lease(other);
    const by = { tenantId: db.tenantId, site: 'main', actorId: scene.personId };
    await setDeviceState(db.pool, by, { code: 'two', state: 'out-of-service', reason: 'lamp' });
    const refused = await post(`/v1/dispatches/${dispatchId}/start`, { token, durationLabMs: 1 }, other.token);
    expect(refused).toMatchObject({ status: 409, body: { type: 'not-leasable' } });
  });

  it.each([0, 2, '1', null])(
    'protocol version %j is refused, and the answer names those there are',
    async (version) => {
      const answer = await post('/v1/devices/one/leases', { waitMs: 0, protocolVersion: version });
      const findings = [{ pointer: '/protocolVersion', message: 'this api speaks version 1 of the device protocol' }];
      expect(answer).toMatchObject({ status: 422, body: { type: 'document-invalid', findings } });
    },
  );

  describe('and the api', () => {
    let routes: [string, string][];
    beforeAll(async () => {
      const { paths } = await describeApi();
      routes = Object.entries(paths).flatMap(([path, methods]) =>
        Object.keys(methods).map((method): [string, string] => [method.toUpperCase(), path]),
      );
    });

    /** Whether a path with `*` for each variable part is one of the api, with a method when that is known. */
    const known = (path: string, method?: string): boolean =>
      routes.some(([one, of]) => (!method || one === method) && of.replace(/\{[^}]+\}/g, '*') === path);

    it('agree on every request', () => {
      const requests = [...page.matchAll(/^\| `(GET|POST|PUT|DELETE) (\/v1\/[^`?]+)/gm)];
      const unknown = requests
        .map(([, method = '', path = '']) => [method, path.replace(/\b(CODE|ID|SHA256|N)\b/g, '*')])
        .filter(([method, path]) => !known(path as string, method));
      expect(requests.length).toBeGreaterThan(11);
      expect(unknown).toEqual([]);
    });

    it.each(['apps/cli', 'apps/agent', 'libs/client', 'apps/virtual-lab'])(
      'has every path that %s asks for',
      (folder) => {
        const files = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
        const sources = files.filter((file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'));
        const asked = sources.flatMap((file) => pathsIn(readFileSync(join(root, folder, file), 'utf8')));
        expect(asked.length).toBeGreaterThan(0);
        expect(asked.filter(({ path, method }) => !known(path, method))).toEqual([]);
      },
    );
  });
});

const methods: Readonly<Record<string, string>> = {
  get: 'GET',
  text: 'GET',
  post: 'POST',
  put: 'PUT',
  delete: 'DELETE',
};

/** Paths of the api in a source text, `*` for what is filled in, with the method of the call they stand in. */
function pathsIn(source: string): { path: string; method: string | undefined }[] {
  const calls = source.matchAll(
    /(?:\.(get|text|post|put|delete)(?:<[^()]*>)?\(\s*|request\(\s*'([A-Z]+)',\s*)?([`'])(\/v1\/.*?)\3/g,
  );
  return [...calls].map(([, verb = '', word, , literal = '']) => ({
    path: literal
      .replace(/\$\{[^}]*\}/g, '*')
      .replace(/\?.*$/, '')
      .replace(/(?<!\/)\*.*$/, '')
      .replace(/\/$/, ''),
    method: methods[verb] ?? word,
  }));
}
