import { testDatabase } from '../../libs/testing/database';
import type { TestDatabase } from '../../libs/testing/database';
import { ServedApi } from '../device-work/served-api';

describe('the pages as the api serves them', () => {
  let db: TestDatabase;
  let api: ServedApi;
  beforeAll(async () => {
    db = await testDatabase();
    api = await ServedApi.start(db);
  }, 60_000);
  afterAll(async () => {
    await api.stop();
    await db.close();
  });

  it.each([
    ['/docs', 200, 'text/html', 'href="/docs/robot"'],
    ['/docs/robot', 200, 'text/html', '<h2 id="states-of-a-dispatch">States of a dispatch</h2>'],
    ['/docs/campaign.md', 200, 'text/markdown', '| `budget.maxRounds` |'],
    ['/docs/nope', 404, 'application/problem+json', undefined],
    ['/docs/api', 200, 'text/html', 'swagger-ui'],
    ['/docs/api/swagger-ui-init.js', 200, 'application/javascript', '/v1/devices/{code}/leases'],
    ['/docs/api/api/swagger-ui.css', 200, 'text/css', '.swagger-ui'],
    ['/openapi.json', 200, 'application/json', undefined],
  ])('%s: %i %s, without a token', async (path, status, contentType, part) => {
    const answer = await api.request<unknown>('GET', path);
    expect(answer).toMatchObject({ status, contentType: expect.stringContaining(contentType) as string });
    if (part) expect(answer.body).toContain(part);
  });

  it('describes every route in openapi.json', async () => {
    const { body } = await api.request<{ paths: object }>('GET', '/openapi.json');
    expect(Object.keys(body.paths)).toEqual(expect.arrayContaining(['/v1/campaigns', '/v1/dispatches/{dispatchId}/outcome'])); // prettier-ignore
  });

  it('leaves everything else to those with a token', async () => {
    expect(await api.request('GET', '/v1/devices')).toMatchObject({ status: 401, body: { type: 'unauthenticated' } });
  });
});
