import { clockState } from '../../db/device-work/clock';
import { arrangeIfFree } from '../../db/device-work/logistics';
import { sweepLeases } from '../../db/device-work/sweep';
import { receiveLabware, viewLabware } from '../../db/lab/labware';
import { viewJobs } from '../../db/lab/jobs';
import { viewLoading } from '../../db/lab/loading';
import { refillWell } from '../../db/lab/refill';
import { inTransaction } from '../../db/transaction';
import type { LeasedJob } from '../../libs/device/job';
import { tipsFor } from '../../libs/labware/tips';
import type { TestDatabase } from '../../libs/testing/database';
import { testDatabase, testServer } from '../../libs/testing/database';
import type { SceneDevice } from '../../libs/testing/lab-scene';
import { LabScene } from '../../libs/testing/lab-scene';
import type { PostgresServer } from '../../libs/testing/postgres';

describe('tips', () => {
  let server: PostgresServer;
  let db: TestDatabase;
  let scene: LabScene;
  let handler: SceneDevice;
  let person: SceneDevice;
  const wells = ['A1', 'A2', 'A3', 'A4'];
  beforeAll(async () => {
    server = await testServer();
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    db = await testDatabase('virtual', server);
    scene = await LabScene.open(db);
    handler = await scene.device('lh-1', 'transfer-liquid', 16);
    person = await scene.device('bench-1', 'move-labware', 4, 'person');
    await receive('SRC', 'deck-lh-1', 'pcr-96', true);
    await receive('DST', 'deck-lh-1', 'pcr-96');
  });
  afterEach(() => db.close());

  async function receive(barcode: string, placeCode: string, kind: string, full = false): Promise<void> {
    const by = { tenantId: db.tenantId, site: 'main', actorId: scene.personId };
    const filled = wells.map((well) => ({ well, kind: 'reagent' as const, code: 'water', volumeUl: 150 }));
    await inTransaction(db.pool, (client) =>
      receiveLabware(client, by, { barcode, kind, placeCode, wells: full ? filled : [] }),
    );
  }

  /** A transfer that uses so many tips of 300 µl; four as planned when nothing is said. */
  async function queue(step: string, count?: number): Promise<void> {
    const worklist = await scene.worklist('SRC', 'DST', wells, 20_500_000 - (step.length % 7));
    const tips = count === undefined ? tipsFor(worklist.transfers) : [{ kind: 'tips-300', count }];
    const labware = [scene.needs('SRC', 'source'), scene.needs('DST', 'destination')];
    await scene.enqueue([scene.step(step, 'transfer-liquid', { spec: { labware, tips }, worklist })]);
  }
  const arrange = (): Promise<boolean> => arrangeIfFree(db.pool, db.siteId);
  const why = async (step: string): Promise<string | undefined> =>
    (await viewJobs(db.pool, { tenantId: db.tenantId, limit: 100 })).find(({ stepKey }) => stepKey === step)
      ?.waitingFor;
  const left = async (barcode: string): Promise<number | null> =>
    (await viewLabware(db.pool, db.tenantId, barcode)).tipsLeft;
  const carry = async (): Promise<LeasedJob> => {
    const job = await scene.start(person);
    await scene.report(person, job, { facts: { scanned: job.spec.labware.map(({ barcode }) => barcode) } });
    return job;
  };

  it('are counted one per source well and class of stroke', () => {
    const from = (fromWell: string, volumePl: number): Parameters<typeof tipsFor>[0][number] => ({ fromLabwareId: 'a', fromWell, volumePl }); // prettier-ignore
    const strokes = [from('A1', 2_000_000), from('A1', 9_000_000), from('A1', 11_000_000), from('A2', 300_000_000), from('A3', 1_500_000_000)]; // prettier-ignore
    expect(tipsFor(strokes)).toEqual([
      { kind: 'tips-10', count: 1 },
      { kind: 'tips-20', count: 1 },
      { kind: 'tips-300', count: 1 },
      { kind: 'tips-1000', count: 1 },
    ]);
  });

  it('are not asked for at a site that never received any', async () => {
    await queue('free');
    await arrange();
    expect(await why('free')).toBeUndefined();
    expect(await scene.run(handler)).not.toHaveProperty('tips');
  });

  it('that lack on the deck are waited for, brought, bound at the lease and posted as the device tells', async () => {
    await receive('BOX1', 'consumables', 'tips-300');
    await queue('move');
    expect(await why('move')).toBe('waiting for: 1 box p300 on deck-lh-1');
    expect(await scene.claim(handler)).toHaveProperty('waits');
    expect(await arrange()).toBe(true);
    expect(await arrange()).toBe(false);
    const clock = await clockState(db.pool, { tenantId: db.tenantId, site: 'main' });
    expect(JSON.stringify(clock.blockedBy)).not.toContain('lh-1: move');
    const load = await carry();
    expect(load.spec.summary).toMatch(/^load: box p300 BOX1 from consumables to deck-lh-1, slot \d+$/);
    expect(await why('move')).toBeUndefined();
    const job = await scene.start(handler);
    expect(job.tips).toEqual([{ kind: 'tips-300', rack: 'BOX1', count: 4, position: expect.any(Number) as number }]);
    expect(await left('BOX1')).toBe(92);
    await scene.report(handler, job, { facts: { tipsUsed: { BOX1: 5 } } });
    expect(await left('BOX1')).toBe(91);
  });

  it.each([
    ['as reserved when all was done', { result: 'succeeded' as const }, [4, 4, 'assumed']],
    ['between none and all when it failed', { result: 'failed' as const, transfers: { done: [[1, 2]] as const, uncertain: [] } }, [0, 4, 'assumed']],
    ['as told when it failed', { result: 'failed' as const, transfers: { done: [], uncertain: [] }, facts: { tipsUsed: { BOX1: 1 } } }, [1, 1, 'actual']],
    ['as none of a box it does not name', { result: 'succeeded' as const, facts: { tipsUsed: {} } }, [0, 0, 'actual']],
    ['as reserved when what it tells is no count', { result: 'succeeded' as const, facts: { tipsUsed: 'many' } }, [4, 4, 'assumed']],
  ])('are posted %s', async (_how, outcome, expected) => {
    await receive('BOX1', 'deck-lh-1', 'tips-300');
    await queue('move');
    const job = await scene.run(handler, outcome);
    const { rows } = await db.pool.query<{ low: number; high: number; basis: string }>('select low, high, basis from tip_use where dispatch_id = $1', [job.dispatchId]); // prettier-ignore
    expect(rows.map(({ low, high, basis }) => [low, high, basis])).toEqual([expected]);
  }); // prettier-ignore

  it('bound to a lease that lapses, or to work that is unknown, are not given to anyone else meanwhile', async () => {
    await receive('BOX1', 'deck-lh-1', 'tips-300');
    await queue('move');
    await scene.lease(handler);
    expect(await left('BOX1')).toBe(92);
    await scene.silence();
    await sweepLeases(db.pool, 0);
    expect(await left('BOX1')).toBe(96);
    await scene.start(handler);
    await scene.silence();
    await sweepLeases(db.pool, 0);
    expect(await scene.states('move')).toEqual(['unknown']);
    expect(await left('BOX1')).toBe(92);
  });

  it('of which there are none in the lab are asked for by name', async () => {
    await receive('BOX10', 'consumables', 'tips-10');
    await queue('move');
    await arrange();
    expect(await why('move')).toBe(
      'waiting for: 1 box p300 on deck-lh-1 (none in the lab: receive labware of kind tips-300)',
    );
  });

  it('go to the waste when their box is empty and another needs its position', async () => {
    await scene.place('waste', 'waste', 100);
    for (const [n, kind] of ['tips-300', 'tips-10', 'tips-20', 'tips-1000'].entries()) await receive(`ON${n}`, 'deck-lh-1', kind); // prettier-ignore
    await receive('NEW', 'consumables', 'tips-300');
    await queue('first', 96);
    await scene.run(handler);
    expect(await left('ON0')).toBe(0);
    await queue('second', 10);
    await arrange();
    const moves = [await carry(), await carry()].map(({ spec }) => spec.summary.replace(/, slot.*/, ''));
    expect(moves.sort()).toEqual([
      'load: box p300 NEW from consumables to deck-lh-1',
      'unload: box p300 ON0 from deck-lh-1 to waste',
    ]);
    const { rows } = await db.pool.query('select discarded from labware where barcode = $1', ['ON0']);
    expect(rows).toEqual([{ discarded: true }]);
    expect((await scene.run(handler)).tips).toMatchObject([{ rack: 'NEW', count: 10 }]);
  });

  it('and reagents, lots and labware are on the list of what to load for the hours to come', async () => {
    const look = async (hours = 12): Promise<string[]> =>
      (await viewLoading(db.pool, { tenantId: db.tenantId, site: 'main', hours })).items.map(
        ({ action, what, jobs }) => `${action} ${what} for ${jobs.join(', ')}`,
      );
    await receive('BOX1', 'deck-lh-1', 'tips-300');
    await queue('today');
    expect(await look()).toEqual([]);
    await queue('more', 150);
    await db.pool.query(`update labware set content_role = 'reagents' where barcode = 'SRC'`);
    await db.pool.query(
      `insert into ledger (tenant_id, from_labware_id, from_well, low_pl, high_pl, basis) values ($1, $2, 'A1', $3, $3, 'received')`,
      [db.tenantId, scene.labware('SRC'), 149_000_000],
    );
    await db.pool.query(`update labware set unconfirmed = 'a reader found P9 there' where barcode = 'DST'`);
    expect(await look()).toEqual([
      'confirm scan pcr-96 DST at deck-lh-1 (a reader found P9 there) for more, today',
      'load 1 box p300 for more, today',
      'receive 1 box p300 (labware of kind tips-300) for more, today',
      expect.stringMatching(/^refill 40\.9\d* µl water in SRC A1 for more, today$/) as string,
    ]);
    expect(await why('today')).toMatch(/SRC A1 \(refill it\)/);
    const by = { tenantId: db.tenantId, site: 'main', actorId: scene.personId };
    const pour = (volumeUl: number): Promise<unknown> =>
      inTransaction(db.pool, (client) => refillWell(client, by, { barcode: 'SRC', well: 'A1', volumeUl, reason: 'topped up' })); // prettier-ignore
    await expect(pour(200)).rejects.toMatchObject({ code: 'overfill' });
    await pour(100);
    expect((await look()).filter((line) => line.startsWith('refill'))).toEqual([]);
    expect(await why('today')).not.toContain('refill');
  });

  it('and labware that nobody has confirmed are looked after by the same people', async () => {
    await queue('move');
    await db.pool.query(`update labware set unconfirmed = 'a reader found P9 there' where barcode = 'DST'`);
    await arrange();
    expect(await why('move')).toBe('waiting for: a scan of DST at deck-lh-1 (a reader found P9 there)');
    expect(await arrange()).toBe(false);
    expect((await carry()).spec.summary).toBe('check: scan pcr-96 DST on deck-lh-1');
    expect(await viewLabware(db.pool, db.tenantId, 'DST')).toMatchObject({ unconfirmed: null, confirmedHow: 'scan' });
    await scene.run(handler);
  });
});
