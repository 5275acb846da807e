import { advanceClock, clockState, setLabTimer } from '../../db/device-work/clock';
import { arrangeIfFree } from '../../db/device-work/logistics';
import { mostMoveAttempts } from '../../db/device-work/logistics-plan';
import { startDispatch } from '../../db/device-work/start';
import { markHandled, markSent } from '../../db/device-work/outbox';
import { setDeviceState } from '../../db/lab/devices';
import { resolveIncident, viewIncidents } from '../../db/lab/incidents';
import { viewJobs } from '../../db/lab/jobs';
import { viewLabware } from '../../db/lab/labware';
import { testDatabase, testServer } from '../../libs/testing/database';
import type { TestDatabase } from '../../libs/testing/database';
import type { PostgresServer } from '../../libs/testing/postgres';
import { LabScene } from '../../libs/testing/lab-scene';
import type { SceneDevice } from '../../libs/testing/lab-scene';

describe('a job waits for its labware', () => {
  let server: PostgresServer;
  let db: TestDatabase;
  let scene: LabScene;
  let reader: SceneDevice;
  let arm: SceneDevice;
  beforeAll(async () => {
    server = await testServer();
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    db = await testDatabase('virtual', server);
    scene = await LabScene.open(db);
    reader = await scene.device('reader-1', 'read-plate', 2);
    arm = await scene.device('arm', 'move-labware', 4, 'person');
  });
  afterEach(() => db.close());

  const arrange = (): Promise<boolean> => arrangeIfFree(db.pool, db.siteId);
  const read = (step: string, ...barcodes: string[]): ReturnType<LabScene['step']> =>
    scene.step(step, 'read-plate', {
      spec: { labware: barcodes.map((barcode, n) => scene.needs(barcode, `plate${n}`)) },
    });
  const reason = async (step: string): Promise<string | undefined> =>
    (await viewJobs(db.pool, { tenantId: db.tenantId, limit: 100 })).find(({ stepKey }) => stepKey === step)
      ?.waitingFor;
  const where = async (barcode: string): Promise<string> =>
    (await viewLabware(db.pool, db.tenantId, barcode)).placeCode;
  const at = (): { tenantId: string; site: string } => ({ tenantId: db.tenantId, site: 'main' });

  it('has it fetched, says so meanwhile, and is leasable when it has arrived', async () => {
    await scene.enqueue([read('read', 'P1')]);
    expect(await scene.claim(reader)).toHaveProperty('waits');
    expect(await arrange()).toBe(true);
    expect(await arrange()).toBe(false);
    expect(await reason('read')).toBe('pcr-96 P1 in consumables; on its way (job demo/read/fetch/P1.1)');
    const move = await scene.start(arm);
    expect(move).toMatchObject({
      stepKey: 'demo/read/fetch/P1.1',
      spec: { operation: 'fetch', parameters: { place: 'deck-reader-1', from: 'consumables', barcode: 'P1' } },
    });
    await scene.report(arm, move);
    expect(await where('P1')).toBe('deck-reader-1');
    const job = await scene.run(reader);
    expect(job.stepKey).toBe('read');
  });

  it('routes to the device that has most of its labware, then to the one with fewest jobs', async () => {
    const second = await scene.device('reader-2', 'read-plate', 2);
    await scene.enqueue([read('first', 'P1')]);
    await arrange();
    await scene.run(arm);
    await scene.run(reader);
    await scene.enqueue([read('same-plate', 'P1'), read('other-plate', 'P2')]);
    await arrange();
    const { rows } = await db.pool.query(
      `select j.step_key, v.code from job j join device v on v.id = j.routed_device_id where j.step_key like '%-plate' order by 1`,
    );
    expect(rows).toEqual([
      { step_key: 'other-plate', code: second.code },
      { step_key: 'same-plate', code: reader.code },
    ]);
  });

  it('clears a full deck of what no open job needs', async () => {
    await scene.enqueue([read('two', 'P1', 'P2')]);
    await arrange();
    await scene.run(arm);
    await scene.run(arm);
    await scene.run(reader);
    await scene.enqueue([read('third', 'P3')]);
    await arrange();
    expect(await reason('third')).toMatch(
      /^pcr-96 P3 in consumables; waits for room on deck-reader-1; P[12] goes to hotel$/,
    );
    expect((await scene.run(arm)).stepKey).toMatch(/^demo\/third\/clear\//);
    await arrange();
    expect((await scene.run(arm)).stepKey).toBe('demo/third/fetch/P3.1');
    expect((await scene.run(reader)).stepKey).toBe('third');
  });

  it('carries frozen stock back to where it was put away when no open job needs it', async () => {
    await scene.place('freezer-80', 'freezer', 10);
    const store = scene.step('put-away', 'move-labware', {
      spec: {
        operation: 'store',
        labware: [{ ...scene.needs('P1', 'plate'), at: 'anywhere' }],
        effects: [{ role: 'plate', toPlace: 'freezer-80' }],
      },
    });
    await scene.enqueue([store]);
    await scene.run(arm);
    await scene.enqueue([read('thaw', 'P1')]);
    await arrange();
    await scene.run(arm);
    await scene.run(reader);
    expect(await where('P1')).toBe('deck-reader-1');
    await scene.enqueue([read('other', 'P2')]);
    await arrange();
    const moves = [await scene.run(arm), await scene.run(arm)].map(({ stepKey }) => stepKey);
    expect(moves.sort()).toEqual(['demo/other/fetch/P2.1', 'demo/thaw/return/P1.2']);
    expect(await where('P1')).toBe('freezer-80');
  });

  it('never deadlocks on a deck that two jobs want to fill', async () => {
    await scene.enqueue([read('a', 'P1', 'P2'), read('b', 'P3', 'P4'), read('c', 'P1', 'P4')]);
    const done: string[] = [];
    for (let turn = 0; turn < 60 && done.length < 3; turn++) {
      await arrange();
      const move = await scene.claim(arm);
      if ('job' in move) await finish(arm, move.job);
      const job = await scene.claim(reader);
      if ('job' in job) done.push(await finish(reader, job.job));
    }
    expect(done.sort()).toEqual(['a', 'b', 'c']);
  });

  async function finish(device: SceneDevice, job: Awaited<ReturnType<LabScene['lease']>>): Promise<string> {
    await startDispatch(db.pool, { ...scene.write(device, job), leaseMs: 30_000, durationLabMs: 1 });
    await scene.report(device, job);
    return job.stepKey;
  }

  it('does not fetch before the time or the hold', async () => {
    await scene.enqueue([read('later', 'P1')]);
    await db.pool.query(`update labware set ready_at = lab_now(site_id) + interval '1 hour' where barcode = 'P1'`);
    expect(await arrange()).toBe(false);
    expect(await reason('later')).toMatch(/^P1 is on hold until .* lab time$/);
    await db.pool.query(`update labware set ready_at = null`);
    await db.pool.query(`update job set earliest_start_at = lab_now(site_id) + interval '1 hour'`);
    expect(await arrange()).toBe(false);
    expect(await reason('later')).toMatch(/^not before .* lab time$/);
  });

  it('goes to another device when its own is taken out of service, or says that there is none', async () => {
    await scene.enqueue([read('moved', 'P1')]);
    await arrange();
    const by = { tenantId: db.tenantId, site: 'main', actorId: scene.personId };
    await setDeviceState(db.pool, by, { code: 'reader-1', state: 'out-of-service', reason: 'service' });
    await arrange();
    expect(await reason('moved')).toBe('no device in service can read-plate (reader-1 is out-of-service: service)');
    await scene.device('reader-2', 'read-plate', 2);
    await arrange();
    await arrange();
    const move = await scene.run(arm);
    expect(move.spec.parameters).toMatchObject({ place: 'deck-reader-2' });
  });

  it('makes a failed move again five times, then asks a person, then goes on', async () => {
    await scene.enqueue([read('stuck', 'P1')]);
    for (let attempt = 1; attempt <= mostMoveAttempts; attempt++) {
      await arrange();
      expect(
        await scene.run(arm, { result: 'failed', problem: { code: 'wrong-barcode', message: 'scanned P9' } }),
      ).toMatchObject({ attempt });
    }
    await arrange();
    await arrange();
    const [incident, ...others] = await viewIncidents(db.pool, { tenantId: db.tenantId, all: false, limit: 10 });
    expect(others).toEqual([]);
    expect(incident).toMatchObject({ kind: 'move-failed' });
    expect(await reason('stuck')).toMatch(/failed 5 times, see the incident/);
    expect(await scene.claim(arm)).toHaveProperty('waits');
    await resolveIncident(db.pool, {
      tenantId: db.tenantId,
      actorId: scene.personId,
      id: incident?.id as string,
      resolution: 'relabelled',
    });
    await arrange();
    expect((await scene.run(arm)).stepKey).toBe('demo/stuck/fetch/P1.2');
  });

  it('does not let two devices use one labware at a time', async () => {
    await scene.device('reader-2', 'read-plate', 2);
    await scene.enqueue([read('x', 'P1')]);
    await arrange();
    await scene.run(arm);
    const running = await scene.start(reader);
    await scene.enqueue([
      scene.step('carry-off', 'move-labware', { spec: { labware: [scene.needs('P1', 'plate', 'anywhere')] } }),
    ]);
    await arrange();
    expect(await scene.claim(arm)).toHaveProperty('waits');
    expect(await reason('carry-off')).toBe('P1 is in use by x');
    await scene.report(reader, running);
    expect((await scene.run(arm)).stepKey).toBe('carry-off');
  });

  describe('and a virtual clock', () => {
    it('stands still while a job can be had, and moves to the next moment when nothing is under way', async () => {
      await scene.enqueue([scene.step('plain', 'read-plate')]);
      const before = await clockState(db.pool, at());
      expect(before).toMatchObject({
        mode: 'virtual',
        quiet: false,
        nextAt: null,
        blockedBy: ['leasable: reader-1: plain'],
      });
      const job = await scene.start(reader);
      const busy = await clockState(db.pool, at());
      expect(busy).toMatchObject({ quiet: true, blockedBy: [] });
      expect(Date.parse(busy.nextAt as string) - Date.parse(busy.now)).toBe(60_000);
      const past = new Date(Date.parse(busy.nextAt as string) + 1).toISOString();
      await expect(advanceClock(db.pool, { ...at(), to: past, revision: busy.revision })).rejects.toMatchObject({
        code: 'clock-conflict',
      });
      await expect(advanceClock(db.pool, { ...at(), to: busy.nextAt as string, revision: 99 })).rejects.toMatchObject({
        code: 'clock-conflict',
      });
      const after = await advanceClock(db.pool, { ...at(), to: busy.nextAt as string, revision: busy.revision });
      expect(after).toMatchObject({
        now: busy.nextAt,
        quiet: false,
        blockedBy: ['finishing: plain'],
        revision: busy.revision + 1,
      });
      await scene.report(reader, job);
    });

    it('moves for one of several that ask at once', async () => {
      await setLabTimer(db.pool, {
        tenantId: db.tenantId,
        siteId: db.siteId,
        campaignId: scene.campaignId,
        key: 't',
        inMs: 1_000,
      });
      const { nextAt, revision } = await clockState(db.pool, at());
      const asked = [1, 2, 3, 4].map(() => advanceClock(db.pool, { ...at(), to: nextAt as string, revision }));
      const results = await Promise.allSettled(asked);
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    });

    it('fires lab timers, and waits until their messages are handled', async () => {
      const timer = {
        tenantId: db.tenantId,
        siteId: db.siteId,
        campaignId: scene.campaignId,
        round: 1,
        stage: 'build',
      };
      await setLabTimer(db.pool, { ...timer, key: 'overdue/1', inMs: 60_000 });
      await setLabTimer(db.pool, { ...timer, key: 'overdue/1', inMs: 5 });
      await setLabTimer(db.pool, { ...timer, key: 'overdue/2', inMs: 120_000 });
      const { now, nextAt, revision } = await clockState(db.pool, at());
      expect(Date.parse(nextAt as string) - Date.parse(now)).toBe(60_000);
      const fired = await advanceClock(db.pool, { ...at(), to: nextAt as string, revision });
      expect(fired).toMatchObject({
        quiet: false,
        blockedBy: [expect.stringContaining('message: labTimerFired') as string],
      });
      const [message] = await scene.messages();
      expect(message).toMatchObject({ name: 'labTimerFired', payload: { key: 'overdue/1', eventId: message?.id } });
      await markSent(db.pool, [message?.id as string]);
      expect(await clockState(db.pool, at())).toMatchObject({ quiet: false });
      await markHandled(db.pool, [message?.id as string]);
      expect(await clockState(db.pool, at())).toMatchObject({ quiet: true });
    });

    it('does not jump over labware that is still to be fetched', async () => {
      await setLabTimer(db.pool, {
        tenantId: db.tenantId,
        siteId: db.siteId,
        campaignId: scene.campaignId,
        key: 'far',
        inMs: 1_000,
      });
      await scene.enqueue([read('read', 'P1')]);
      const { nextAt, revision, quiet } = await clockState(db.pool, at());
      expect(quiet).toBe(true);
      const jump = advanceClock(db.pool, { ...at(), to: nextAt as string, revision });
      await expect(jump).rejects.toMatchObject({
        code: 'clock-conflict',
        message: expect.stringContaining('leasable: arm') as string,
      });
      expect((await scene.run(arm)).stepKey).toBe('demo/read/fetch/P1.1');
    });

    it('refuses while a lease is held, a start is silent, or a file is half sent', async () => {
      await scene.enqueue([scene.step('held', 'read-plate')]);
      await scene.lease(reader);
      expect((await clockState(db.pool, at())).blockedBy).toEqual(['leased: held']);
      await scene.start(reader);
      expect((await clockState(db.pool, at())).quiet).toBe(true);
      const { rows } = await db.pool.query<{ id: string }>(`select id from dispatch where state = 'started'`);
      await db.pool.query(
        `insert into upload (tenant_id, owner_kind, owner_id, sha256, bytes) values ($1, 'dispatch', $2, sha256('x'), 1)`,
        [db.tenantId, rows[0]?.id],
      );
      expect((await clockState(db.pool, at())).blockedBy).toEqual([expect.stringMatching(/^upload: /)]);
      await db.pool.query('delete from upload');
      await scene.silence();
      expect((await clockState(db.pool, at())).blockedBy).toEqual(['silent: held']);
    });
  });
});
