import { redispatch } from '../../db/device-work/redispatch';
import { resolveDispatch } from '../../db/device-work/settle';
import { startDispatch } from '../../db/device-work/start';
import { sweepLeases } from '../../db/device-work/sweep';
import { heartbeat, releaseLease } from '../../db/device-work/heartbeat';
import { withdraw } from '../../db/device-work/withdraw';
import { dispatchTransitions } from '../../libs/device/transitions';
import { testDatabase } from '../../libs/testing/database';
import type { TestDatabase } from '../../libs/testing/database';
import { LabScene } from '../../libs/testing/lab-scene';
import type { SceneDevice } from '../../libs/testing/lab-scene';

describe('the life of a dispatch', () => {
  let db: TestDatabase;
  let scene: LabScene;
  let reader: SceneDevice;
  let handler: SceneDevice;
  beforeAll(async () => {
    db = await testDatabase();
    scene = await LabScene.open(db);
    reader = await scene.device('reader', 'read-plate');
    handler = await scene.device('handler', 'transfer-liquid');
  });
  afterAll(() => db.close());

  it('knows the same transitions in TypeScript and in SQL', async () => {
    const { rows } = await db.pool.query(
      'select from_state as "from", to_state as "to" from dispatch_transition order by 1, 2',
    );
    const inCode = dispatchTransitions.map(({ from, to }) => ({ from, to }));
    expect(rows).toEqual(inCode.sort((a, b) => `${a.from} ${a.to}`.localeCompare(`${b.from} ${b.to}`)));
  });

  it('refuses any other transition in SQL', async () => {
    await scene.enqueue([scene.step('guard', 'seal-plate')]);
    const change = db.pool.query(`update dispatch set state = 'succeeded', settled_at = now() where job_id = $1`, [
      scene.job('guard'),
    ]);
    await expect(change).rejects.toThrow(/cannot go from queued to succeeded/);
  });

  it('goes from the queue to success and tells the workflow when the job says so', async () => {
    await scene.enqueue([scene.step('plain', 'read-plate', { tellsSuccess: true })]);
    const job = await scene.run(reader);
    expect(job).toMatchObject({
      protocolVersion: 1,
      stepKey: 'plain',
      attempt: 1,
      leaseMs: 30_000,
      spec: { durationMs: 60_000 },
    });
    expect(job.spec).not.toHaveProperty('products');
    expect(await scene.events('plain')).toEqual(['jobQueued', 'jobLeased', 'jobStarted', 'jobSucceeded']);
    const [message] = (await scene.messages()).filter(({ payload }) => payload['stepKey'] === 'plain');
    expect(message).toMatchObject({
      name: 'jobSettled',
      payload: { eventId: message?.id, state: 'succeeded', attempt: 1, blockEnded: true },
    });
  });

  it('says nothing of success inside a block, and everything of failure', async () => {
    await scene.enqueue([scene.step('quiet', 'read-plate'), scene.step('loud', 'read-plate')]);
    await scene.run(reader);
    await scene.run(reader, { result: 'failed', problem: { code: 'lamp', message: 'the lamp is broken' } });
    const told = (await scene.messages()).map(({ payload }) => [
      payload['stepKey'],
      payload['state'],
      payload['problem'],
    ]);
    expect(told).toContainEqual(['loud', 'failed', 'the lamp is broken']);
    expect(told.map(([key]) => key)).not.toContain('quiet');
  });

  it('queues a block once, whoever asks again, and answers with the present state', async () => {
    const block = [scene.step('again/1', 'read-plate'), scene.step('again/2', 'read-plate', { needs: ['again/1'] })];
    const first = await scene.enqueue(block);
    expect(first.map(({ state }) => state)).toEqual(['queued', 'blocked']);
    await scene.run(reader);
    const second = await scene.enqueue(block);
    expect(second.map(({ state }) => state)).toEqual(['succeeded', 'queued']);
    expect(second.map(({ dispatchId }) => dispatchId)).toEqual(first.map(({ dispatchId }) => dispatchId));
    await scene.run(reader);
  });

  it('refuses a block that needs a job nobody queued', async () => {
    const orphan = scene.enqueue([scene.step('orphan', 'read-plate', { needs: ['nowhere'] })]);
    await expect(orphan).rejects.toMatchObject({ code: 'unknown-reference' });
    expect(await scene.states('orphan')).toEqual([]);
  });

  it('lets one caller start it', async () => {
    await scene.enqueue([scene.step('start', 'read-plate')]);
    const job = await scene.lease(reader);
    const start = () => startDispatch(db.pool, { ...scene.write(reader, job), leaseMs: 30_000, durationLabMs: 60_000 });
    const tries = await Promise.allSettled([start(), start(), start()]);
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const refused of tries.filter((one) => one.status === 'rejected')) {
      expect(refused.reason).toMatchObject({ code: 'illegal-transition', details: { state: 'started' } });
    }
    await scene.report(reader, job);
  });

  it('says until when a started device is busy, in lab time', async () => {
    await scene.enqueue([scene.step('busy', 'read-plate')]);
    const job = await scene.lease(reader);
    const started = await startDispatch(db.pool, {
      ...scene.write(reader, job),
      leaseMs: 30_000,
      durationLabMs: 90_000,
    });
    expect(Date.parse(started.untilLabTime) - Date.parse(started.labNow)).toBe(90_000);
    expect(started.leaseMs).toBe(30_000);
    await expect(scene.lease(reader)).rejects.toMatchObject({
      code: 'not-leasable',
      details: { dispatchId: job.dispatchId },
    });
    await scene.report(reader, job);
  });

  it('goes back to the queue when the lease lapses before the start, and refuses the old token after the next lease', async () => {
    await scene.enqueue([scene.step('lapse', 'read-plate')]);
    const old = await scene.lease(reader);
    await scene.silence();
    expect(await sweepLeases(db.pool, 0)).toMatchObject({ lapsed: 1, unknown: 0 });
    const next = await scene.lease(reader);
    expect(next.dispatchId).toBe(old.dispatchId);
    expect(BigInt(next.fencingToken)).toBeGreaterThan(BigInt(old.fencingToken));
    const stale = startDispatch(db.pool, { ...scene.write(reader, old), leaseMs: 1, durationLabMs: 1 });
    await expect(stale).rejects.toMatchObject({ code: 'token-superseded' });
    await expect(scene.report(reader, old)).rejects.toMatchObject({ code: 'token-superseded' });
    await expect(heartbeat(db.pool, { ...scene.write(reader, old), leaseMs: 1 })).rejects.toMatchObject({
      code: 'token-superseded',
    });
    expect(await scene.events('lapse')).toEqual([
      'jobQueued',
      'jobLeased',
      'leaseLapsed',
      'jobLeased',
      'staleReportRefused',
      'staleReportRefused',
      'staleReportRefused',
    ]);
    await releaseLease(db.pool, scene.write(reader, next));
    expect(await scene.states('lapse')).toEqual(['queued']);
    await scene.run(reader);
  });

  it('gives a device that asks again a lease anew: the first answer never reached it', async () => {
    await scene.enqueue([scene.step('lost-answer', 'read-plate')]);
    const first = await scene.lease(reader);
    const second = await scene.lease(reader);
    expect(second.dispatchId).toBe(first.dispatchId);
    expect(second.fencingToken).not.toBe(first.fencingToken);
    await startDispatch(db.pool, { ...scene.write(reader, second), leaseMs: 30_000, durationLabMs: 1 });
    await scene.report(reader, second);
  });

  it('keeps a lease alive by heartbeats', async () => {
    await scene.enqueue([scene.step('alive', 'read-plate')]);
    const job = await scene.start(reader);
    await scene.silence();
    const heard = await heartbeat(db.pool, { ...scene.write(reader, job), leaseMs: 30_000, progress: { done: 3 } });
    expect(heard).toMatchObject({ leaseMs: 30_000, state: 'started' });
    expect(await sweepLeases(db.pool, 0)).toMatchObject({ lapsed: 0, unknown: 0 });
    await scene.report(reader, job);
  });

  it('lets no lease lapse while PostgreSQL has just started', async () => {
    await scene.enqueue([scene.step('grace', 'read-plate')]);
    const job = await scene.start(reader);
    await scene.silence();
    expect(await sweepLeases(db.pool, 3_600_000)).toMatchObject({ lapsed: 0, unknown: 0 });
    await scene.report(reader, job);
  });

  it('becomes unknown after silence past the start: labware held, device quarantined, incident opened, workflow told', async () => {
    await scene.enqueue([scene.step('silent', 'transfer-liquid', { spec: { labware: [scene.needs('U1')] } })]);
    await db.pool.query(
      `update labware set place_id = (select place_id from device where code = 'handler') where barcode = 'U1'`,
    );
    const job = await scene.start(handler);
    await scene.silence();
    expect(await sweepLeases(db.pool, 0)).toMatchObject({ unknown: 1 });
    const { rows } = await db.pool.query(
      `select v.state, w.held, w.in_use_by, i.kind, i.resolved_at from device v, labware w, incident i
       where v.code = 'handler' and w.barcode = 'U1' and i.dispatch_id = $1`,
      [job.dispatchId],
    );
    expect(rows).toEqual([
      { state: 'quarantined', held: true, in_use_by: null, kind: 'job-unknown', resolved_at: null },
    ]);
    expect((await scene.messages()).map(({ payload }) => [payload['stepKey'], payload['state']])).toContainEqual([
      'silent',
      'unknown',
    ]);
    expect(await scene.claim(handler)).toHaveProperty('waits');

    const heard = await heartbeat(db.pool, { ...scene.write(handler, job), leaseMs: 1 });
    expect(heard.state).toBe('unknown');
    expect(await scene.report(handler, job)).toEqual({ state: 'succeeded' });
    const after = await db.pool.query(
      `select v.state, w.held, i.resolution from device v, labware w, incident i
       where v.code = 'handler' and w.barcode = 'U1' and i.dispatch_id = $1`,
      [job.dispatchId],
    );
    expect(after.rows).toEqual([
      { state: 'in-service', held: false, resolution: 'evidence: the device reported succeeded' },
    ]);
    expect(await scene.events('silent')).toEqual([
      'jobQueued',
      'jobLeased',
      'jobStarted',
      'jobBecameUnknown',
      'unknownResolvedHappened',
    ]);
  });

  it('answers the same outcome the same way, and keeps another one as late', async () => {
    await scene.enqueue([scene.step('late', 'read-plate')]);
    const job = await scene.start(reader);
    await scene.silence();
    await sweepLeases(db.pool, 0);
    await scene.reinstate(reader);
    const { tenantId } = db;
    const resolution = { verdict: 'did-not' as const, reason: 'the plate never moved' };
    const by = { tenantId, actorId: scene.personId, dispatchId: job.dispatchId, resolution };
    expect(await resolveDispatch(db.pool, by)).toEqual({ state: 'failed' });
    expect(await resolveDispatch(db.pool, by)).toEqual({ state: 'failed' });
    const other = { ...by, resolution: { ...resolution, reason: 'another reason' } };
    await expect(resolveDispatch(db.pool, other)).rejects.toMatchObject({ code: 'already-decided' });
    for (let i = 0; i < 2; i++) expect(await scene.report(reader, job)).toEqual({ state: 'failed', late: true });
    const { rows } = await db.pool.query(
      `select count(*)::int as n from incident where dispatch_id = $1 and kind = 'contradiction'`,
      [job.dispatchId],
    );
    expect(rows).toEqual([{ n: 1 }]);
    expect((await scene.events('late')).filter((kind) => kind === 'lateOutcomeKept')).toHaveLength(1);
  });

  it('repeats an outcome whose answer was lost', async () => {
    await scene.enqueue([scene.step('twice', 'read-plate')]);
    const job = await scene.run(reader);
    expect(await scene.report(reader, job)).toEqual({ state: 'succeeded' });
    expect((await scene.events('twice')).filter((kind) => kind === 'jobSucceeded')).toHaveLength(1);
  });

  it('refuses an outcome before the start and one of another device', async () => {
    await scene.enqueue([scene.step('early', 'read-plate')]);
    const job = await scene.lease(reader);
    await expect(scene.report(reader, job)).rejects.toMatchObject({ code: 'illegal-transition' });
    await expect(scene.report(handler, job)).rejects.toMatchObject({ code: 'forbidden' });
    await releaseLease(db.pool, scene.write(reader, job));
    await scene.run(reader);
  });

  it('dispatches a failed job again as the next attempt, once', async () => {
    await scene.enqueue([
      scene.step('retry', 'read-plate'),
      scene.step('after-retry', 'read-plate', { needs: ['retry'] }),
    ]);
    await scene.run(reader, { result: 'failed' });
    expect(await scene.states('retry', 'after-retry')).toEqual(['failed', 'blocked']);
    const wish = { jobId: scene.job('retry'), attempt: 2, handledEventIds: [] };
    const [first, second] = await Promise.all([redispatch(db.pool, wish), redispatch(db.pool, wish)]);
    expect(first).toMatchObject({ attempt: 2, state: 'queued' });
    expect(second).toEqual(first);
    await expect(redispatch(db.pool, { ...wish, attempt: 4 })).rejects.toMatchObject({ code: 'illegal-transition' });
    await scene.run(reader);
    expect(await scene.states('retry', 'after-retry')).toEqual(['succeeded', 'queued']);
    await scene.run(reader);
  });

  it('settles an unknown job that may be repeated when it is dispatched again without evidence', async () => {
    await scene.enqueue([
      scene.step('repeatable', 'read-plate', { spec: { repeatableWithinMs: 1_000 } }),
      scene.step('once', 'read-plate'),
    ]);
    await scene.start(reader);
    await scene.silence();
    await sweepLeases(db.pool, 0);
    await scene.reinstate(reader);
    expect(
      await redispatch(db.pool, { jobId: scene.job('repeatable'), attempt: 2, handledEventIds: [] }),
    ).toMatchObject({ attempt: 2, state: 'queued' });
    const other = await scene.start(reader);
    await scene.silence();
    await sweepLeases(db.pool, 0);
    await expect(
      redispatch(db.pool, { jobId: scene.job('once'), attempt: 2, handledEventIds: [] }),
    ).rejects.toMatchObject({ code: 'illegal-transition' });
    await scene.report(reader, other);
    await scene.run(reader);
  });

  it('withdraws what has not started and leaves what has', async () => {
    await scene.enqueue([
      scene.step('w/1', 'read-plate'),
      scene.step('w/2', 'read-plate'),
      scene.step('w/3', 'read-plate', { needs: ['w/2'] }),
    ]);
    const running = await scene.start(reader);
    const states = await withdraw(db.pool, {
      campaignId: scene.campaignId,
      stepKeys: ['w/1', 'w/2', 'w/3'],
      reason: 'aborted',
    });
    expect(states.map(({ state }) => state)).toEqual(['started', 'withdrawn', 'withdrawn']);
    await scene.report(reader, running);
    expect(await scene.claim(reader)).toHaveProperty('waits');
  });

  it('leases nothing of a paused campaign', async () => {
    await scene.enqueue([scene.step('paused', 'read-plate')]);
    await db.pool.query(`update campaign set status = 'paused' where id = $1`, [scene.campaignId]);
    expect(await scene.claim(reader)).toHaveProperty('waits');
    await db.pool.query(`update campaign set status = 'running' where id = $1`, [scene.campaignId]);
    await scene.run(reader);
  });

  it.each([
    ['event', `update event set kind = 'other'`],
    ['event', 'delete from event'],
    ['event', 'truncate event'],
    ['ledger', `update ledger set basis = 'assumed'`],
    ['ledger', 'delete from ledger'],
    ['sample_verdict', `update sample_verdict set reason = ''`],
  ])('never changes what is written in %s: %s', async (table, statement) => {
    if (table === 'ledger') {
      await db.pool.query(`insert into ledger (tenant_id, low_pl, high_pl, basis) values ($1, 0, 0, 'received')`, [
        db.tenantId,
      ]);
    }
    if (table === 'sample_verdict') {
      const sample = await db.pool.query<{ id: string }>(
        `insert into sample (id, tenant_id, labware_id, well, kind) select uuidv7(), tenant_id, id, 'H12', 'culture' from labware limit 1 returning id`,
      );
      await db.pool.query(
        `insert into sample_verdict (tenant_id, sample_id, verdict, reason, actor_id) values ($1, $2, 'grew', 'x', $3)`,
        [db.tenantId, sample.rows[0]?.id, scene.personId],
      );
    }
    await expect(db.pool.query(statement)).rejects.toThrow(`${table} is append-only`);
  });
});
