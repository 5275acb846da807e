import fc from 'fast-check';
import { leaseByHand, routeJob, setCampaignShare } from '../../db/device-work/by-hand';
import { clockState } from '../../db/device-work/clock';
import { enqueueBlock } from '../../db/device-work/enqueue';
import { arrangeIfFree } from '../../db/device-work/logistics';
import { inTurn } from '../../db/device-work/queue-order';
import { startDispatch } from '../../db/device-work/start';
import { setDeviceCondition, setDeviceState, viewDevices } from '../../db/lab/devices';
import { setHours } from '../../db/lab/hours';
import { viewJobs } from '../../db/lab/jobs';
import { newId } from '../../db/ids';
import type { LeasedJob } from '../../libs/device/job';
import { testDatabase, testServer } from '../../libs/testing/database';
import type { TestDatabase } from '../../libs/testing/database';
import type { PostgresServer } from '../../libs/testing/postgres';
import { LabScene } from '../../libs/testing/lab-scene';
import type { SceneDevice } from '../../libs/testing/lab-scene';

const minute = 60_000;
const hour = 60 * minute;

describe('choosing', () => {
  let server: PostgresServer;
  let db: TestDatabase;
  let scene: LabScene;
  beforeAll(async () => {
    server = await testServer();
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    db = await testDatabase('virtual', server);
    scene = await LabScene.open(db);
  });
  afterEach(() => db.close());

  const person = (): { tenantId: string; actorId: string } => ({ tenantId: db.tenantId, actorId: scene.personId });
  const arrange = (): Promise<boolean> => arrangeIfFree(db.pool, db.siteId);
  async function next(device: SceneDevice): Promise<string | undefined> {
    const claim = await scene.claim(device);
    return 'job' in claim ? claim.job.stepKey : undefined;
  }
  async function finish(device: SceneDevice, job: LeasedJob): Promise<string> {
    await startDispatch(db.pool, { ...scene.write(device, job), leaseMs: 30_000, durationLabMs: 1 });
    await scene.report(device, job);
    return job.stepKey;
  }
  async function order(device: SceneDevice, jobs: number): Promise<string[]> {
    const done: string[] = [];
    for (let n = 0; n < jobs; n++) done.push((await scene.run(device)).stepKey);
    return done;
  }
  async function reason(step: string): Promise<string | undefined> {
    const jobs = await viewJobs(db.pool, { tenantId: db.tenantId, limit: 500 });
    return jobs.find(({ stepKey }) => stepKey === step)?.waitingFor;
  }
  async function noWork(device: SceneDevice): Promise<string | null | undefined> {
    return (await viewDevices(db.pool, db.tenantId, device.code))[0]?.noWorkBecause;
  }
  const setClock = (iso: string): Promise<unknown> =>
    db.pool.query('update lab_clock set now_at = $1 where site_id = $2', [iso, db.siteId]);

  async function campaign(slug: string, weight = 1): Promise<string> {
    const id = newId();
    await db.pool.query(
      `insert into campaign (id, tenant_id, site_id, slug, status, owner_id) values ($1, $2, $3, $4, 'running', $5)`,
      [id, db.tenantId, db.siteId, slug, scene.personId],
    );
    if (weight !== 1) await setCampaignShare(db.pool, person(), { slug, weight, reason: 'agreed' });
    return id;
  }
  const queue = (campaignId: string, jobs: readonly ReturnType<LabScene['step']>[]): Promise<unknown> =>
    enqueueBlock(db.pool, {
      tenantId: db.tenantId,
      siteId: db.siteId,
      campaignId,
      round: 1,
      stage: 'build',
      blockKey: 'b',
      handledEventIds: [],
      jobs,
    });

  describe('by order', () => {
    let cycler: SceneDevice;
    beforeEach(async () => {
      cycler = await scene.device('cycler', 'thermocycle');
    });
    const step = (key: string, more: Parameters<LabScene['step']>[2] = {}): ReturnType<LabScene['step']> =>
      scene.step(key, 'thermocycle', more);

    it('takes a smaller rank first, then the better priority, then what came first', async () => {
      await scene.enqueue([step('plain/1'), step('plain/2'), step('late', { rank: 1, priority: 1 })]);
      await scene.enqueue([step('urgent', { priority: 1 }), step('planned', { rank: -1, priority: 5 })]);
      expect(await order(cycler, 5)).toEqual(['planned', 'urgent', 'plain/1', 'plain/2', 'late']);
    });

    it('takes what is due soon or has waited long before all others, whatever their rank', async () => {
      await scene.enqueue([
        step('first', { rank: -9 }),
        step('due'),
        step('old', { rank: 99 }),
        step('second', { rank: -8 }),
      ]);
      await db.pool.query(`update job set due_at = lab_now(site_id) + interval '50 minutes' where step_key = 'due'`);
      await db.pool.query(
        `update dispatch set urgent_at = lab_now(site_id) - interval '20 minutes' where job_id = $1`,
        [scene.job('old')],
      );
      expect(await order(cycler, 4)).toEqual(['old', 'due', 'first', 'second']);
    });

    it('lets a campaign that comes late in where the others are, neither first nor last', async () => {
      const late = await campaign('late');
      await scene.enqueue(Array.from({ length: 20 }, (_, n) => step(`early/${n}`)));
      await order(cycler, 10);
      await queue(
        late,
        Array.from({ length: 5 }, (_, n) => step(`late/${n}`)),
      );
      const then = (await order(cycler, 10)).map((key) => key.split('/')[0]);
      expect(then.filter((key) => key === 'late')).toHaveLength(5);
      expect(then.slice(0, 4).filter((key) => key === 'late')).toHaveLength(2);
    });

    it('gives no two jobs of a campaign one place when its blocks are queued side by side', async () => {
      await Promise.all(
        Array.from({ length: 20 }, (_, n) => scene.enqueue([step(`side/${n}/a`), step(`side/${n}/b`)])),
      );
      const { rows } = await db.pool.query<{ tags: number; last: number }>(
        'select count(distinct fair_tag)::int as tags, max(fair_tag)::float8 as last from dispatch',
      );
      expect(rows[0]).toEqual({ tags: 40, last: 40 * minute });
    });

    it('finds the head of a line however long it is', async () => {
      await scene.enqueue(Array.from({ length: 80 }, (_, n) => step(`line/${n}`)));
      await scene.enqueue([step('head', { rank: -1 })]);
      expect(await order(cycler, 4)).toEqual(['head', 'line/0', 'line/1', 'line/2']);
    });

    it('puts a planner’s later word at once into force', async () => {
      await scene.enqueue([step('a'), step('b')]);
      await db.pool.query(`update job set rank = -1 where step_key = 'b'`);
      expect(await order(cycler, 2)).toEqual(['b', 'a']);
    });

    it('lets a move take its turn in the share of the campaign it serves', async () => {
      const arm = await scene.device('arm', 'move-labware', 4, 'person');
      await scene.device('reader', 'read-plate', 8);
      const other = await campaign('other');
      const read = (n: number): ReturnType<LabScene['step']> =>
        scene.step(`r/${n}`, 'read-plate', { spec: { labware: [scene.needs(`P${n}`)] } });
      await queue(other, [1, 2, 3].map(read));
      await arrange();
      await scene.enqueue([scene.step('own-move', 'move-labware', { spec: { durationMs: 2 * minute } })]);
      expect((await order(arm, 4)).indexOf('own-move')).toBeLessThan(2);
    });

    it('takes several capabilities of one device in turn of waiting', async () => {
      const both = await scene.device('both', 'thermocycle');
      await db.pool.query(`update device set capabilities = '{thermocycle,seal-plate}' where code = 'both'`);
      await scene.enqueue([step('a'), scene.step('b', 'seal-plate')]);
      await scene.enqueue([step('c', { priority: 5 }), scene.step('d', 'seal-plate')]);
      expect(await order(both, 4)).toEqual(['a', 'b', 'c', 'd']);
    });
  });

  it('is the same order for logistics: urgent, rank, share, and the longest waiting between capabilities', () => {
    const place = (dispatchId: string, capability: string, rank: number, fairTag: number, queuedAt: string) => ({
      dispatchId,
      capability,
      rank,
      fairTag,
      queuedAt,
      urgentAt: dispatchId.startsWith('u') ? `2026-01-0${fairTag}` : null,
    });
    const jobs = [
      place('x2', 'x', 0, 9, '01'),
      place('y1', 'y', 0, 500, '02'),
      place('x1', 'x', 0, 3, '03'),
      place('u2', 'x', 9, 2, '09'),
      place('u1', 'y', 9, 1, '09'),
      place('y0', 'y', -1, 900, '08'),
    ];
    expect(inTurn(jobs).map(({ dispatchId }) => dispatchId)).toEqual(['u1', 'u2', 'y0', 'y1', 'x1', 'x2']);
  });

  describe('by device', () => {
    it.each([
      ['quarantined', 'quarantined: dropped a plate'],
      ['draining', 'draining: it finishes what it has; dropped a plate'],
      ['out-of-service', 'out-of-service: dropped a plate'],
    ] as const)('gives a %s device nothing, and says why', async (state, why) => {
      const reader = await scene.device('reader', 'read-plate');
      await scene.enqueue([scene.step('job', 'read-plate')]);
      expect(await noWork(reader)).toBeNull();
      const by = { ...person(), site: 'main' };
      await setDeviceState(db.pool, by, { code: 'reader', state, reason: 'dropped a plate' });
      expect(await scene.claim(reader)).toMatchObject({ waits: { inService: false } });
      expect(await noWork(reader)).toBe(why);
      await arrange();
      expect(await reason('job')).toMatch(
        /^no device in service can read-plate \(reader is (quarantined|draining|out-of-service)/,
      );
    });

    it('lets a draining device start and finish what it has', async () => {
      const reader = await scene.device('reader', 'read-plate');
      await scene.enqueue([scene.step('job', 'read-plate'), scene.step('more', 'read-plate')]);
      const job = await scene.lease(reader);
      await setDeviceState(
        db.pool,
        { ...person(), site: 'main' },
        { code: 'reader', state: 'draining', reason: 'service' },
      );
      await finish(reader, job);
      expect(await next(reader)).toBeUndefined();
    });

    it('gives a device nothing while someone works with it beside Anneal, and work again after', async () => {
      const reader = await scene.device('reader', 'read-plate');
      const second = await scene.device('reader-2', 'read-plate');
      const caller = { tenantId: db.tenantId, actorId: reader.actorId, anyDevice: false };
      const busy = { code: 'reader', condition: 'busy-foreign', message: 'run of Kim' } as const;
      await setDeviceCondition(db.pool, caller, busy);
      await setDeviceCondition(db.pool, caller, busy);
      await scene.enqueue([scene.step('job', 'read-plate', { spec: { labware: [scene.needs('P1')] } })]);
      await arrange();
      expect(await noWork(reader)).toBe("busy with work that is not Anneal's: run of Kim");
      expect(await next(reader)).toBeUndefined();
      const { rows } = await db.pool.query(
        `select v.code from job j join device v on v.id = j.routed_device_id where j.step_key = 'job'`,
      );
      expect(rows).toEqual([{ code: second.code }]);
      await expect(
        setDeviceCondition(db.pool, { ...caller, actorId: second.actorId }, { code: 'reader', condition: 'ready' }),
      ).rejects.toMatchObject({ code: 'forbidden' });
      await setDeviceCondition(db.pool, caller, { code: 'reader', condition: 'ready' });
      await scene.enqueue([scene.step('plain', 'read-plate')]);
      expect(await next(reader)).toBe('plain');
      const events = await db.pool.query(`select 1 from event where kind = 'deviceConditionChanged'`);
      expect(events.rowCount).toBe(2);
    });

    it('asks a device for its self-test when that ends its quarantine', async () => {
      const reader = await scene.device('reader', 'read-plate');
      await db.pool.query(`update device set state = 'quarantined', hold = 'after-self-test' where code = 'reader'`);
      await expect(scene.claim(reader)).rejects.toMatchObject({ code: 'not-leasable', details: { selfTest: true } });
    });
  });

  describe('by hand', () => {
    it('sends an unstarted job where a person says, and leaves it there whatever logistics thinks', async () => {
      const first = await scene.device('reader-1', 'read-plate');
      const second = await scene.device('reader-2', 'read-plate');
      await scene.enqueue([scene.step('job', 'read-plate', { spec: { labware: [scene.needs('P1')] } })]);
      await arrange();
      await routeJob(db.pool, person(), { jobId: scene.job('job'), device: 'reader-2', reason: 'its lamp is new' });
      await setDeviceState(
        db.pool,
        { ...person(), site: 'main' },
        { code: 'reader-2', state: 'out-of-service', reason: 'lamp' },
      );
      await arrange();
      expect(await reason('job')).toBe('a person chose its device: reader-2 is out-of-service: lamp');
      expect(await next(first)).toBeUndefined();
      await routeJob(db.pool, person(), { jobId: scene.job('job'), device: null, reason: 'no matter' });
      await arrange();
      const { rows } = await db.pool.query(`select v.code from job j join device v on v.id = j.routed_device_id
        where j.step_key = 'job'`);
      expect(rows).toEqual([{ code: first.code }]);
      expect((await scene.events('job')).filter((kind) => kind === 'jobRouted')).toHaveLength(2);
      expect(second.code).toBe('reader-2');
    });

    it('refuses a route to what cannot do it, and of what has been leased', async () => {
      const reader = await scene.device('reader', 'read-plate');
      await scene.device('cycler', 'thermocycle');
      await scene.enqueue([scene.step('job', 'read-plate')]);
      const route = (device: string | null): Promise<void> =>
        routeJob(db.pool, person(), { jobId: scene.job('job'), device, reason: 'x' });
      await expect(route('cycler')).rejects.toMatchObject({ code: 'not-leasable' });
      await expect(route('nobody')).rejects.toMatchObject({ code: 'not-found' });
      await scene.lease(reader);
      await expect(route('reader')).rejects.toMatchObject({ code: 'illegal-transition' });
    });

    it('takes any unstarted job to the bench, wherever its labware is, and keeps it through the bench’s own polls', async () => {
      await scene.device('reader', 'read-plate');
      const bench = await scene.device('bench', 'seal-plate', 4, 'person');
      await scene.enqueue([scene.step('job', 'read-plate', { spec: { labware: [scene.needs('P1')] } })]);
      const take = (): Promise<LeasedJob> =>
        leaseByHand(db.pool, person(), { jobId: scene.job('job'), device: 'bench', leaseMs: 30_000 });
      const job = await take();
      await expect(scene.claim(bench)).rejects.toMatchObject({ code: 'not-leasable' });
      await expect(take()).rejects.toMatchObject({ code: 'illegal-transition' });
      expect(await finish(bench, job)).toBe('job');
      expect(await scene.states('job')).toEqual(['succeeded']);
      const { rows } = await db.pool.query(`select payload -> 'byHand' as by_hand from event where kind = 'jobLeased'`);
      expect(rows).toEqual([{ by_hand: true }]);
    });

    it.each([
      ['held labware', `update labware set held = true`, /P1 is held/],
      ['labware in use', `update labware set in_use_by = gen_random_uuid()`, /P1 is in use/],
      ['a bench out of service', `update device set state = 'out-of-service' where code = 'bench'`, /out-of-service/],
    ])('refuses %s', async (_name, change, message) => {
      await scene.device('bench', 'seal-plate', 4, 'person');
      await scene.enqueue([scene.step('job', 'read-plate', { spec: { labware: [scene.needs('P1')] } })]);
      await db.pool.query(change);
      await expect(
        leaseByHand(db.pool, person(), { jobId: scene.job('job'), device: 'bench', leaseMs: 30_000 }),
      ).rejects.toMatchObject({ code: 'not-leasable', message: expect.stringMatching(message) as string });
    });
  });

  describe('by opening hours', () => {
    const weekdays = [1, 2, 3, 4, 5].map((weekday) => ({ weekday, opens: '08:00', closes: '18:00' }));
    const friday = '2026-01-09';
    const setSiteHours = (timeZone = 'Europe/Berlin'): Promise<void> =>
      setHours(
        db.pool,
        person(),
        { tenantId: db.tenantId, site: 'main' },
        { weekly: weekdays, exceptions: [], timeZone },
      );
    let cycler: SceneDevice;
    let reader: SceneDevice;
    beforeEach(async () => {
      cycler = await scene.device('cycler', 'thermocycle');
      reader = await scene.device('reader', 'read-plate');
      await scene.device('ada', 'seal-plate', 4, 'person');
    });

    async function ripe(hold: { minMs: number; maxMs: number }, attended = true, durationMs = hour): Promise<void> {
      await scene.enqueue([
        scene.step('ripen', 'thermocycle', { hold, spec: { durationMs } }),
        scene.step('look', 'read-plate', { needs: ['ripen'], spec: { attended } }),
      ]);
    }

    it.each([
      ['morning', '09:00', 'ripen'],
      ['afternoon, so that the hold ends in time', '14:59', 'ripen'],
      ['a hold that ends exactly when the next step can last start', '15:59', 'ripen'],
      ['late afternoon', '17:30', undefined],
      ['evening', '20:00', undefined],
    ])(
      'starts a step with a maximum hold in the %s at %s only when a person comes in time',
      async (_name, time, expected) => {
        await setSiteHours('UTC');
        await setClock(`${friday}T${time}:00Z`);
        await ripe({ minMs: 0, maxMs: 2 * hour });
        expect(await next(cycler)).toBe(expected);
        if (expected) return;
        expect(await reason('ripen')).toBe(
          'not before Mon 05:00: its next step needs a person within 2 h of its end, and nobody is there before',
        );
        const { nextAt } = await clockState(db.pool, { tenantId: db.tenantId, site: 'main' });
        expect(nextAt).toBe('2026-01-12T05:00:00.000Z');
        await setClock(nextAt as string);
        expect(await next(cycler)).toBe('ripen');
      },
    );

    it('looks through a whole chain of holds to the attended step at its end', async () => {
      await setSiteHours('UTC');
      await setClock(`${friday}T16:30:00Z`);
      const hold = { minMs: 0, maxMs: hour };
      await scene.enqueue([
        scene.step('a', 'thermocycle', { hold, spec: { durationMs: hour } }),
        scene.step('b', 'thermocycle', { needs: ['a'], hold, spec: { durationMs: hour } }),
        scene.step('c', 'read-plate', { needs: ['b'], spec: { attended: true } }),
      ]);
      expect(await next(cycler)).toBeUndefined();
      expect(await reason('a')).toMatch(/^not before Mon 04:00: its next step \(thermocycle\) must start within 1 h/);
    });

    it('starts what has no maximum hold, or whose next step needs nobody, at any time', async () => {
      await setSiteHours();
      await setClock(`${friday}T22:00:00Z`);
      await ripe({ minMs: 0, maxMs: 2 * hour }, false);
      expect(await next(cycler)).toBe('ripen');
    });

    it('starts an attended step only while a person is there, in the time zone of the site', async () => {
      await setSiteHours('Europe/Berlin');
      await setClock(`${friday}T17:30:00Z`);
      await scene.enqueue([scene.step('look', 'read-plate', { spec: { attended: true } })]);
      expect(await next(reader)).toBeUndefined();
      expect(await reason('look')).toBe('not before Mon 08:00: it needs a person, and nobody is there before');
      await setClock('2026-01-12T07:00:00Z');
      expect(await next(reader)).toBe('look');
    });

    it('keeps a closed device without work, brings labware to one that is open, and heeds exceptions', async () => {
      const of = { tenantId: db.tenantId, device: 'reader' };
      await setHours(db.pool, person(), of, {
        weekly: weekdays,
        exceptions: [{ day: friday }, { day: '2026-01-10', opens: '10:00', closes: '12:00' }],
      });
      await setClock(`${friday}T10:00:00Z`);
      await scene.enqueue([scene.step('look', 'read-plate')]);
      expect(await next(reader)).toBeUndefined();
      expect(await noWork(reader)).toBe('closed until Sat 10:00');
      await arrange();
      expect(await reason('look')).toBe('not before Sat 10:00: no device that can read-plate is open before');
      expect((await clockState(db.pool, { tenantId: db.tenantId, site: 'main' })).nextAt).toBe(
        '2026-01-10T10:00:00.000Z',
      );
      const night = await scene.device('night', 'read-plate');
      expect(await next(night)).toBe('look');
    });

    it('forgets what it put off when hours change', async () => {
      await setSiteHours('UTC');
      await setClock(`${friday}T20:00:00Z`);
      await ripe({ minMs: 0, maxMs: 2 * hour });
      expect(await next(cycler)).toBeUndefined();
      await setHours(db.pool, person(), { tenantId: db.tenantId, site: 'main' }, { weekly: [], exceptions: [] });
      expect(await next(cycler)).toBe('ripen');
    });

    it.each([
      [
        'a time that ends before it begins',
        { weekly: [{ weekday: 1, opens: '18:00', closes: '08:00' }], exceptions: [] },
        'out-of-range',
      ],
      ['a date that does not exist', { weekly: [], exceptions: [{ day: '2026-02-30' }] }, 'bad-date'],
      ['a time zone nobody knows', { weekly: [], exceptions: [], timeZone: 'Mars/Base' }, 'bad-date'],
    ])('refuses %s', async (_name, hours, code) => {
      await expect(setHours(db.pool, person(), { tenantId: db.tenantId, site: 'main' }, hours)).rejects.toMatchObject({
        code,
      });
    });
  });

  describe('of a paused campaign', () => {
    it('gives out nothing, queued before or after, until it goes on', async () => {
      const cycler = await scene.device('cycler', 'thermocycle');
      const set = (status: string): Promise<unknown> => db.pool.query('update campaign set status = $1', [status]);
      await scene.enqueue([scene.step('before', 'thermocycle')]);
      await set('paused');
      await scene.enqueue([scene.step('after', 'thermocycle')]);
      expect(await next(cycler)).toBeUndefined();
      expect(await reason('after')).toBe('its campaign does not run');
      await set('running');
      expect(await order(cycler, 2)).toEqual(['before', 'after']);
    });
  });

  describe('as a property', () => {
    it('shares a device within 5 % by weight among campaigns that always have work, and lets nobody starve', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(
            fc.record({
              weight: fc.constantFrom(0.5, 1, 2, 3),
              priority: fc.constantFrom(2, 3, 4),
              minutes: fc.array(fc.integer({ min: 1, max: 10 }), { minLength: 1, maxLength: 4 }),
            }),
            { minLength: 2, maxLength: 4 },
          ),
          fairly,
        ),
        { numRuns: 6, seed: 11 },
      );
    }, 180_000);

    /** Nothing of an earlier run is left to be had. */
    async function clear(): Promise<void> {
      await db.pool.query(`update device set state = 'out-of-service'`);
      await db.pool.query(
        `update dispatch set state = 'withdrawn', settled_at = now(), change = jsonb_build_object('by', $1::uuid)
         where state in ('blocked', 'queued', 'leased')`,
        [scene.personId],
      );
    }

    interface Wish {
      readonly weight: number;
      readonly priority: number;
      readonly minutes: readonly number[];
    }
    let run = 0;

    /** Every campaign always has three jobs queued; one device works `turns` of them off. */
    async function fairly(wishes: readonly Wish[]): Promise<void> {
      const prefix = `run${++run}`;
      await clear();
      const device = await scene.device(`${prefix}-cycler`, 'thermocycle');
      await db.pool.query('delete from campaign_share');
      const flows = await Promise.all(
        wishes.map(async (wish, n) => ({
          ...wish,
          id: await campaign(`${prefix}-${n}`, wish.weight),
          share: wish.weight * 4 ** (3 - wish.priority),
          queued: 0,
          served: 0,
          waitedTurns: 0,
          longestWait: 0,
        })),
      );
      type Flow = (typeof flows)[number];
      const feed = async (flow: Flow, jobs: number): Promise<void> => {
        const steps = Array.from({ length: jobs }, () => {
          const k = flow.queued++;
          const durationMs = (flow.minutes[k % flow.minutes.length] as number) * minute;
          return scene.step(`${prefix}/${flows.indexOf(flow)}/${k}`, 'thermocycle', {
            priority: flow.priority,
            spec: { durationMs },
          });
        });
        await queue(flow.id, steps);
      };
      for (const flow of flows) await feed(flow, 3);
      const total = flows.reduce((sum, { share }) => sum + share, 0);
      const longest = Math.max(...wishes.flatMap(({ minutes }) => minutes));
      const least = Math.min(...flows.map(({ share }) => share));
      const turns = Math.min(900, Math.ceil(40 * (total / least)));
      for (let turn = 0; turn < turns; turn++) {
        const job = await scene.lease(device);
        const flow = flows[Number(job.stepKey.split('/')[1])] as Flow;
        flow.served += job.spec.durationMs / minute;
        for (const other of flows) other.longestWait = Math.max(other.longestWait, ++other.waitedTurns);
        flow.waitedTurns = 0;
        await db.pool.query(
          `update dispatch set state = 'withdrawn', settled_at = now(), change = jsonb_build_object('by', $2::uuid) where id = $1`,
          [job.dispatchId, scene.personId],
        );
        await feed(flow, 1);
      }
      const all = flows.reduce((sum, { served }) => sum + served, 0);
      for (const flow of flows) {
        const due = (all * flow.share) / total;
        expect(Math.abs(flow.served - due)).toBeLessThanOrEqual(0.05 * due + longest);
        // A flow is served at least once while every other has its share of one of its longest jobs.
        expect(flow.longestWait).toBeLessThanOrEqual(
          flows.length +
            Math.ceil((longest * total) / flow.share / Math.min(...wishes.flatMap(({ minutes }) => minutes))),
        );
      }
    }

    it('gives no device what it may not have, and leaves nothing that one may have', async () => {
      await fc.assert(fc.asyncProperty(fc.infiniteStream(fc.nat()), randomLab), { numRuns: 25, seed: 3 });
    }, 180_000);

    interface Seen {
      readonly id: string;
      readonly step: string;
      readonly capability: string;
      readonly state: string;
      readonly routed: string | null;
      readonly campaign_status: string | null;
      readonly earliest: Date | null;
      readonly labware: {
        place: string;
        at: string;
        held: boolean;
        discarded: boolean;
        used: boolean;
        ready: string | null;
      }[];
    }

    /** The rule in plain words, from the tables of facts alone. */
    function mayHave(
      device: { id: string; capabilities: string[]; state: string; condition: string; place_id: string },
      job: Seen,
      now: number,
    ): boolean {
      return (
        device.state === 'in-service' &&
        device.condition === 'ready' &&
        job.state === 'queued' &&
        device.capabilities.includes(job.capability) &&
        (job.routed === null || job.routed === device.id) &&
        ['submitted', 'running'].includes(job.campaign_status ?? 'running') &&
        (job.earliest === null || job.earliest.getTime() <= now) &&
        job.labware.every(
          (one) =>
            !one.held &&
            !one.discarded &&
            !one.used &&
            (one.ready === null || Date.parse(one.ready) <= now) &&
            (one.at === 'anywhere' || one.place === device.place_id),
        )
      );
    }

    async function randomLab(draws: fc.Stream<number>): Promise<void> {
      const pick = <T>(...options: readonly T[]): T => options[(draws.next().value as number) % options.length] as T;
      const some = (): string => newId().slice(-12);
      await clear();
      const running = await campaign(some(), pick(1, 5));
      const other = await campaign(some());
      const devices: SceneDevice[] = [];
      for (let n = 0; n < 4; n++) {
        const device = await scene.device(`d-${some()}`, pick('read-plate', 'thermocycle'));
        devices.push(device);
        await db.pool.query(`update device set state = $2, condition = $3, capabilities = $4 where code = $1`, [
          device.code,
          pick('in-service', 'in-service', 'in-service', 'draining', 'quarantined', 'out-of-service'),
          pick('ready', 'ready', 'ready', 'busy-foreign'),
          pick(['read-plate'], ['thermocycle'], ['read-plate', 'thermocycle']),
        ]);
      }
      const plates = Array.from({ length: 4 }, () => `W-${some()}`);
      const steps: { step: string; campaignId: string }[] = [];
      for (let n = 0; n < 12; n++) {
        const step = `j-${some()}`;
        const campaignId = pick(running, other);
        steps.push({ step, campaignId });
        const labware = pick(0, 0, 1, 2);
        await queue(campaignId, [
          scene.step(step, pick('read-plate', 'thermocycle'), {
            priority: pick(1, 3, 5),
            rank: pick(0, 0, 1),
            spec: {
              labware: plates
                .slice(pick(0, 1, 2), 4)
                .slice(0, labware)
                .map((code, k) => scene.needs(code, `p${k}`, pick('device', 'device', 'anywhere'))),
            },
          }),
        ]);
      }
      for (const code of plates)
        await db.pool.query(
          `update labware w set place_id = (select place_id from device where code = $2), held = $3, discarded = $4,
             ready_at = case when $5 then lab_now(site_id) + interval '1 hour' end where barcode = $1`,
          [
            code,
            pick(...devices).code,
            pick(false, false, false, true),
            pick(false, false, false, true),
            pick(false, false, false, true),
          ],
        );
      await db.pool.query(`update campaign set status = $2 where id = $1`, [
        other,
        pick('running', 'paused', 'submitted'),
      ]);
      await db.pool.query(
        `update job set earliest_start_at = lab_now(site_id) + $2 * interval '1 minute' where step_key = $1`,
        [pick(...steps).step, pick(-5, 5)],
      );
      if (pick(true, false)) await arrange();
      for (let turn = 0; turn < 24; turn++)
        await checkClaim(
          pick(...devices),
          steps.map(({ step }) => step),
        );
    }

    async function checkClaim(device: SceneDevice, steps: readonly string[]): Promise<void> {
      const { rows: seen } = await db.pool.query<Seen>(
        `select d.id, j.step_key as step, j.capability, d.state, j.routed_device_id as routed, c.status as campaign_status,
           j.earliest_start_at as earliest, coalesce((select json_agg(json_build_object('place', w.place_id, 'at', jl.at,
             'held', w.held, 'discarded', w.discarded, 'used', w.in_use_by is not null, 'ready', w.ready_at))
             from job_labware jl join labware w on w.id = jl.labware_id where jl.job_id = j.id), '[]') as labware
         from job j join dispatch d on d.job_id = j.id left join campaign c on c.id = j.campaign_id
         where j.step_key = any ($1)`,
        [steps],
      );
      const { rows } = await db.pool.query('select *, lab_now(site_id) as now from device where code = $1', [
        device.code,
      ]);
      const known = rows[0] as Parameters<typeof mayHave>[0] & { now: Date };
      const allowed = seen.filter((job) => mayHave(known, job, known.now.getTime())).map(({ step }) => step);
      const claim = await scene.claim(device);
      if ('job' in claim) {
        expect(allowed).toContain(claim.job.stepKey);
        await finish(device, claim.job);
      } else {
        expect(allowed).toEqual([]);
      }
    }
  });
});
