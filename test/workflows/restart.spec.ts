import { testDatabase } from '../../libs/testing/database';
import type { TestDatabase } from '../../libs/testing/database';
import { CampaignLab } from './campaign-lab';
import { temporalServer } from './temporal';
import { until } from './until';

// Servers start and two cores may be shared with others.
jest.setTimeout(120_000);

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.close());

const epochOf = 'select epoch from campaign where slug = $1';

describe('a campaign whose workflow is lost', () => {
  it('goes on after its last completed stage when the data of Temporal are gone', async () => {
    const lab = new CampaignLab(db);
    const stuck = 'r2/build/s3/plate';
    lab.lab.verdict = (key) => (key === stuck ? 'never' : 'succeeded');
    const lost = await temporalServer();
    await lab.on(lost, async () => {
      await lab.submit({ slug: 'lost', confirmTop: 0 });
      await until(() => lab.lab.jobs.get('r2/build/s2/plate')?.state === 'succeeded');
    });
    await lost.teardown();
    // The robot reports while nobody hears it.
    lab.lab.settle(stuck, 'succeeded');
    const before = [...lab.lab.jobs.keys()];
    const fresh = await temporalServer();
    await lab.on(fresh, async (reconciler) => {
      await reconciler.once();
      await lab.over('lost');
    });
    await fresh.teardown();
    expect(await lab.one(epochOf, ['lost'])).toEqual({ epoch: 2 });
    expect(lab.ran).toEqual([
      ...['design r1', 'build r1', 'test r1', 'learn r1'],
      ...['design r2', 'build r2', 'test r2', 'learn r2'],
    ]);
    expect([...lab.lab.jobs.values()].every(({ attempt }) => attempt === 1)).toBe(true);
    expect([...lab.lab.jobs.keys()].slice(0, before.length)).toEqual(before);
    expect(await lab.one('select count(*)::int as n from outbox where handled_at is null')).toEqual({ n: 0 });
  });

  it('starts again when somebody ends its workflow in Temporal, and archives what was closed', async () => {
    const lab = new CampaignLab(db);
    lab.lab.verdict = (key, attempt) => (key === 'r1/build/s3/plate' && attempt === 1 ? 'never' : 'succeeded');
    const server = await temporalServer();
    await lab.on(server, async (reconciler) => {
      await lab.submit({ slug: 'ended', maxRounds: 1, confirmTop: 0 });
      await until(() => lab.lab.jobs.get('r1/build/s2/plate')?.state === 'succeeded');
      await reconciler.once();
      expect(await lab.one(epochOf, ['ended'])).toEqual({ epoch: 1 });
      await server.client.workflow.getHandle('campaign/default/ended').terminate('a mistake');
      await until(async () => {
        await reconciler.once();
        return ['finished', 'failed'].includes(await lab.status('ended'));
      });
      expect(await lab.status('ended')).toBe('finished');
      const archive = `select count(distinct workflow_id)::int as n from workflow_archive where workflow_id like 'campaign/default/ended%'`;
      await until(async () => {
        await reconciler.once();
        return (await lab.one(archive))?.['n'] === 6;
      });
      const whole = `select bool_and(jsonb_typeof(history -> 'events') = 'array') as whole from workflow_archive`;
      expect(await lab.one(whole)).toEqual({ whole: true });
    });
    await server.teardown();
    expect(await lab.one(epochOf, ['ended'])).toEqual({ epoch: 2 });
  });
});
