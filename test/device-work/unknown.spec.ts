import { redispatch } from '../../db/device-work/redispatch';
import { resolveDispatch, resolveGroup } from '../../db/device-work/settle';
import type { Resolution } from '../../db/device-work/settle';
import { startDispatch } from '../../db/device-work/start';
import { sweepLeases } from '../../db/device-work/sweep';
import { withdraw } from '../../db/device-work/withdraw';
import { setDeviceState } from '../../db/lab/devices';
import { resolveIncident, viewIncidents } from '../../db/lab/incidents';
import type { IncidentView } from '../../db/lab/incidents';
import { reportSelfTest } from '../../db/lab/self-tests';
import { latestFiles } from '../../db/science/device-files';
import { capabilities } from '../../libs/device/job';
import type { Capability, LeasedJob } from '../../libs/device/job';
import { silencePolicies } from '../../libs/device/policies';
import { testDatabase } from '../../libs/testing/database';
import type { TestDatabase } from '../../libs/testing/database';
import { LabScene } from '../../libs/testing/lab-scene';
import type { SceneDevice } from '../../libs/testing/lab-scene';

let db: TestDatabase;
let scene: LabScene;
let count = 0;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.close());
beforeEach(async () => {
  scene = await LabScene.open(db, `campaign-${++count}`);
});
/** Nothing of a test is left for the devices or the eyes of the next one. */
afterEach(async () => {
  await db.pool.query(`update campaign set status = 'aborted' where id = $1`, [scene.campaignId]);
  await db.pool.query('update incident set resolved_at = now() where resolved_at is null');
});

/** A device that fell silent after the start of a job; `at`: the step's key. */
async function silent(
  capability: Capability,
  more: Parameters<LabScene['step']>[2] = {},
  kind = 'instrument',
): Promise<{ device: SceneDevice; job: LeasedJob; at: string }> {
  const at = `s${++count}`;
  const device = await scene.device(`d${count}`, capability, 4, kind);
  await scene.enqueue([scene.step(at, capability, more)]);
  const job = await scene.start(device);
  await goSilent();
  return { device, job, at };
}

async function goSilent(): Promise<void> {
  await scene.silence();
  await sweepLeases(db.pool, 0);
}

async function deviceRow(device: SceneDevice): Promise<Record<string, unknown>> {
  const { rows } = await db.pool.query<Record<string, unknown>>('select * from device where id = $1', [
    device.deviceId,
  ]);
  return rows[0] ?? {};
}

const ada = (): { tenantId: string; site: string; actorId: string } => ({
  tenantId: db.tenantId,
  site: 'main',
  actorId: scene.personId,
});
const putBack = (device: SceneDevice, cleared: string[] = []): Promise<void> =>
  setDeviceState(db.pool, ada(), { code: device.code, state: 'in-service', reason: 'looked at it', cleared });
const selfTest = (device: SceneDevice, passed: boolean): ReturnType<typeof reportSelfTest> =>
  reportSelfTest(db.pool, {
    tenantId: db.tenantId,
    actorId: device.actorId,
    anyDevice: false,
    deviceCode: device.code,
    passed,
    message: 'the lamp',
  });
const resolve = (job: LeasedJob, resolution: Resolution): ReturnType<typeof resolveDispatch> =>
  resolveDispatch(db.pool, { ...ada(), dispatchId: job.dispatchId, resolution });
const openIncidents = (): Promise<IncidentView[]> =>
  viewIncidents(db.pool, { tenantId: db.tenantId, all: false, limit: 100 });
const again = (stepKey: string, attempt: number, more = {}): ReturnType<typeof redispatch> =>
  redispatch(db.pool, { jobId: scene.job(stepKey), attempt, handledEventIds: [], ...more });
const pass = (minutes: number): Promise<unknown> =>
  db.pool.query(`update lab_clock set now_at = now_at + $1 * interval '1 minute', revision = revision + 1`, [minutes]);

describe('a device that fell silent', () => {
  it.each(capabilities)('is held as the policy of %s says', async (capability) => {
    const { device } = await silent(capability);
    const { hold, checklist } = silencePolicies[capability];
    expect(await deviceRow(device)).toMatchObject({ state: 'quarantined', hold, hold_checklist: checklist });
    expect(await scene.claim(device).catch((error: unknown) => error)).not.toHaveProperty('job');
    for (const missing of checklist) {
      const others = checklist.filter((item) => item !== missing);
      await expect(putBack(device, others)).rejects.toMatchObject({
        code: 'not-cleared',
        details: { missing: [missing] },
      });
    }
    await putBack(device, [...checklist]);
    expect(await deviceRow(device)).toMatchObject({ state: 'in-service', hold: null, hold_checklist: [] });
  });

  it('is not held when it is a person', async () => {
    const { device } = await silent('move-labware', {}, 'person');
    expect(await deviceRow(device)).toMatchObject({ state: 'in-service', hold: null });
  });

  it('is held until it is cleared when its work is one no policy names', async () => {
    const { device } = await silent('read-plate');
    await db.pool.query('select become_unknown(d, $1) from dispatch d where false', ['{}']);
    await putBack(device, ['self-test']);
    await scene.enqueue([scene.step('unnamed', 'read-plate')]);
    const job = await scene.start(device);
    await db.pool.query('select become_unknown(d, $2) from dispatch d where id = $1', [job.dispatchId, '{}']);
    expect(await deviceRow(device)).toMatchObject({ hold: 'until-cleared', hold_checklist: ['deck', 'tips', 'door'] });
  });

  it('works again after its own self-test where that is the policy, and nowhere else', async () => {
    const reader = await silent('read-plate');
    expect(await selfTest(reader.device, true)).toEqual({ state: 'in-service' });
    const handler = await silent('transfer-liquid');
    expect(await selfTest(handler.device, true)).toEqual({ state: 'quarantined', hold: 'until-cleared' });
    await expect(
      reportSelfTest(db.pool, {
        tenantId: db.tenantId,
        actorId: reader.device.actorId,
        anyDevice: false,
        deviceCode: handler.device.code,
        passed: true,
        message: 'x',
      }),
    ).rejects.toMatchObject({ code: 'forbidden' });
  });

  it('stays out after a failed self-test, with one incident, whatever it reports of its job; the next one that passes ends both', async () => {
    const { device, job } = await silent('read-plate');
    for (let i = 0; i < 2; i++) expect(await selfTest(device, false)).toMatchObject({ state: 'quarantined' });
    expect((await openIncidents()).filter(({ kind }) => kind === 'self-test-failed')).toHaveLength(1);
    await scene.report(device, job);
    expect(await deviceRow(device)).toMatchObject({ state: 'quarantined' });
    await selfTest(device, true);
    expect(await deviceRow(device)).toMatchObject({ state: 'in-service' });
    expect(await openIncidents()).toEqual([]);
  });

  it.each([
    ['success', { result: 'succeeded' as const }, 'in-service'],
    [
      'a failure with its transfers',
      { result: 'failed' as const, transfers: { done: [], uncertain: [] } },
      'in-service',
    ],
    ['a failure without a word on transfers', { result: 'failed' as const }, 'quarantined'],
  ])('goes back to work by evidence that says how it ended: %s', async (_what, outcome, state) => {
    const worklist = await plates('A1');
    const { device, job } = await silent('transfer-liquid', { worklist });
    await scene.report(device, job, outcome);
    expect(await deviceRow(device)).toMatchObject({ state });
  });

  it('keeps its hold when a person takes it out of service meanwhile', async () => {
    const { device } = await silent('transfer-liquid');
    await setDeviceState(db.pool, ada(), { code: device.code, state: 'out-of-service', reason: 'repair' });
    await expect(putBack(device)).rejects.toMatchObject({ code: 'not-cleared' });
  });
});

describe('an unknown job that may be repeated', () => {
  const window = { spec: { repeatableWithinMs: 30 * 60_000 } };

  it.each([
    [29, 'queued'],
    [31, 'window-over'],
  ])('is repeated by the system within its window: %i minutes after it was first queued → %s', async (after, end) => {
    const { at } = await silent('read-plate', window);
    await pass(after);
    const tried = await again(at, 2).catch((error: unknown) => error);
    expect(tried).toMatchObject(end === 'queued' ? { state: 'queued', attempt: 2 } : { code: end });
  });

  it('counts its window from the end of the step before', async () => {
    const before = await scene.device(`before-${count}`, 'seal-plate');
    const reader = await scene.device(`after-${count}`, 'read-plate');
    await scene.enqueue([
      scene.step('first', 'seal-plate'),
      scene.step('then', 'read-plate', { ...window, needs: ['first'] }),
    ]);
    await pass(120);
    await scene.run(before);
    await scene.start(reader);
    await goSilent();
    await pass(29);
    expect(await again('then', 2)).toMatchObject({ state: 'queued' });
    await putBack(reader, ['self-test']);
    await scene.start(reader);
    await goSilent();
    await pass(2);
    await expect(again('then', 3)).rejects.toMatchObject({ code: 'window-over' });
  });

  it('is repeated outside its window when a person decides it', async () => {
    const { at, job } = await silent('read-plate', window);
    await pass(31);
    await resolve(job, { verdict: 'did-not', reason: 'the plate is not in it' });
    await expect(again(at, 2)).rejects.toMatchObject({ code: 'window-over' });
    expect(await again(at, 2, { decided: true })).toMatchObject({ state: 'queued' });
  });
});

describe('several at once', () => {
  it('share a group when they became unknown together, and are resolved as one, once', async () => {
    const [first, second] = [await silent('seal-plate'), await silent('thermocycle')];
    const groups = (await openIncidents()).map(({ groupId }) => groupId);
    expect(groups).toHaveLength(2);
    expect(new Set(groups).size).toBe(1);
    const dispatchIds = [first.job.dispatchId, second.job.dispatchId];
    const wish = { ...ada(), dispatchIds, resolution: { verdict: 'did-not' as const, reason: 'the power was cut' } };
    const answer = await resolveGroup(db.pool, wish);
    expect(answer).toMatchObject({ settled: 2, state: 'failed' });
    expect(await resolveGroup(db.pool, { ...wish, dispatchIds: dispatchIds.reverse() })).toEqual(answer);
    const { rows } = await db.pool.query(
      `select d.state, d.resolution ->> 'groupId' as "of dispatch", i.group_id as "of incident", i.resolved_at is null as open
       from dispatch d join incident i on i.dispatch_id = d.id where d.id = any($1::uuid[])`,
      [dispatchIds],
    );
    const settled = { state: 'failed', 'of dispatch': answer.groupId, 'of incident': answer.groupId, open: false };
    expect(rows).toEqual([settled, settled]);
  });

  it('do not share a group when hours lie between them and the devices differ', async () => {
    await silent('seal-plate');
    await db.pool.query(`update incident set opened_at = opened_at - interval '3 hours'`);
    await silent('thermocycle');
    expect(new Set((await openIncidents()).map(({ groupId }) => groupId)).size).toBe(2);
  });

  it('are resolved all or none', async () => {
    const [first, second] = [await silent('seal-plate'), await silent('thermocycle')];
    await resolve(second.job, { verdict: 'happened', reason: 'saw it' });
    const dispatchIds = [first.job.dispatchId, second.job.dispatchId];
    const resolution = { verdict: 'did-not' as const, reason: 'the power was cut' };
    await expect(resolveGroup(db.pool, { ...ada(), dispatchIds, resolution })).rejects.toMatchObject({
      code: 'already-decided',
      details: { dispatchId: second.job.dispatchId },
    });
    expect(await scene.states(first.at)).toEqual(['unknown']);
    await expect(
      resolveGroup(db.pool, { ...ada(), dispatchIds, resolution: { verdict: 'partly', reason: 'some' } }),
    ).rejects.toMatchObject({ code: 'out-of-range' });
  });
});

describe('an incident', () => {
  it('of an unknown outcome is closed by saying what happened, not otherwise', async () => {
    const { job } = await silent('seal-plate');
    const [incident] = await openIncidents();
    const close = { ...ada(), id: incident?.id ?? '', resolution: 'whatever' };
    await expect(resolveIncident(db.pool, close)).rejects.toMatchObject({ code: 'illegal-transition' });
    await expect(resolveIncident(db.pool, { ...close, action: 'retry' })).rejects.toMatchObject({
      code: 'unknown-key',
    });
    await resolve(job, { verdict: 'happened', reason: 'the seal is on' });
    expect(await openIncidents()).toEqual([]);
  });
});

describe('a report that contradicts what was settled', () => {
  it('keeps a second attempt from moving the same liquid, and holds what may have got it, until a person has looked', async () => {
    const worklist = await plates('A1', 'A2');
    const labware = [scene.needs(`FROM-${count}`, 'source'), scene.needs(`TO-${count}`, 'destination')];
    const products = ['A1', 'A2'].map((well) => ({
      ...{ labwareId: scene.labware(`TO-${count}`), well, kind: 'culture' as const },
      sampleId: crypto.randomUUID(),
    }));
    const { device, job, at } = await silent('transfer-liquid', { worklist, spec: { products, labware } });
    await resolve(job, { verdict: 'partly', done: [[1, 1]], reason: 'A2 looks dry' });
    expect(await again(at, 2, { worklist: { ...worklist, transfers: worklist.transfers.slice(1) } })).toMatchObject({
      state: 'queued',
    });
    expect(await scene.report(device, job)).toMatchObject({ late: true });

    const ledger = await db.pool.query(
      'select ordinal, low_pl, high_pl from ledger where dispatch_id = $1 order by 1',
      [job.dispatchId],
    );
    expect(ledger.rows).toEqual([
      { ordinal: 1, low_pl: '1000000', high_pl: '1000000' },
      { ordinal: 2, low_pl: '0', high_pl: '1000000' },
    ]);
    await putBack(device, ['deck', 'tips', 'door']);
    expect(await scene.claim(device)).not.toHaveProperty('job');
    await expect(resolve(job, { verdict: 'happened', reason: 'so it did' })).rejects.toMatchObject({
      code: 'already-decided',
    });
    const [contradiction] = (await openIncidents()).filter(({ kind }) => kind === 'contradiction');
    await resolveIncident(db.pool, { ...ada(), id: contradiction?.id ?? '', resolution: 'weighed the plate' });
    expect(await scene.claim(device)).toHaveProperty('job');
  });

  it('takes the lease back of a second attempt that has not started', async () => {
    const worklist = await plates('A1');
    const labware = [scene.needs(`FROM-${count}`, 'source'), scene.needs(`TO-${count}`, 'destination')];
    const { device, job, at } = await silent('transfer-liquid', { worklist, spec: { labware } });
    await resolve(job, { verdict: 'did-not', reason: 'A1 looks dry' });
    await putBack(device, ['deck', 'tips', 'door']);
    await again(at, 2, { worklist });
    const second = await scene.lease(device);
    await scene.report(device, job);
    const start = { ...scene.write(device, second), leaseMs: 30_000, durationLabMs: 1 };
    await expect(startDispatch(db.pool, start)).rejects.toMatchObject({ code: 'illegal-transition' });
    expect(await scene.claim(device)).not.toHaveProperty('job');
  });

  it('holds the samples of wells that were said to be filled', async () => {
    const worklist = await plates('A1');
    const sampleId = crypto.randomUUID();
    const products = [{ labwareId: scene.labware(`TO-${count}`), well: 'A1', kind: 'culture' as const, sampleId }];
    const { device, job } = await silent('transfer-liquid', { worklist, spec: { products } });
    await resolve(job, { verdict: 'happened', reason: 'it is wet' });
    await scene.report(device, job, { result: 'failed', transfers: { done: [], uncertain: [] } });
    const { rows } = await db.pool.query('select verdict from sample_verdict where sample_id = $1', [sampleId]);
    expect(rows).toEqual([{ verdict: 'held' }]);
  });
});

describe('a hold', () => {
  const withHold = async (): Promise<{ sealer: SceneDevice; reader: SceneDevice }> => {
    const [sealer, reader] = [
      await scene.device(`sealer-${count}`, 'seal-plate'),
      await scene.device(`reader-${count}`, 'read-plate'),
    ];
    const hold = { minMs: 0, maxMs: 600_000 };
    await scene.enqueue([scene.step('a', 'seal-plate', { hold }), scene.step('b', 'read-plate', { needs: ['a'] })]);
    await scene.run(sealer);
    return { sealer, reader };
  };
  const timers = async (): Promise<unknown[]> => {
    const { rows } = await db.pool.query(
      'select key, fired_at is not null as fired, cancelled_at is not null as cancelled from lab_timer where campaign_id = $1',
      [scene.campaignId],
    );
    return rows;
  };

  it('whose next step does not start in time is told to the workflow', async () => {
    await withHold();
    await pass(11);
    await db.pool.query('select fire_lab_timers($1)', [db.siteId]);
    expect(await timers()).toEqual([{ key: 'b', fired: true, cancelled: false }]);
    expect((await scene.messages()).map(({ name, payload }) => [name, payload['key']])).toContainEqual([
      'labTimerFired',
      'b',
    ]);
  });

  it('is over when its next step starts', async () => {
    const { reader } = await withHold();
    await scene.run(reader);
    await pass(11);
    await db.pool.query('select fire_lab_timers($1)', [db.siteId]);
    expect(await timers()).toEqual([{ key: 'b', fired: false, cancelled: true }]);
  });

  it('is over when its next step is withdrawn', async () => {
    await withHold();
    await withdraw(db.pool, { campaignId: scene.campaignId, stepKeys: ['b'], reason: 'aborted' });
    expect(await timers()).toEqual([{ key: 'b', fired: false, cancelled: true }]);
  });
});

describe('a failure is told with what its workflow needs to know', () => {
  const facts = async (stepKey: string): Promise<unknown> => {
    const told = (await scene.messages()).filter(
      ({ payload }) => payload['stepKey'] === stepKey && payload['state'] === 'failed',
    );
    return told.map(({ payload: { verdict, partialFile } }) => ({ verdict, partialFile }));
  };

  it('a person said that it did not happen', async () => {
    const { at, job } = await silent('seal-plate');
    await resolve(job, { verdict: 'did-not', reason: 'no seal on it' });
    expect(await facts(at)).toEqual([{ verdict: 'did-not' }]);
  });

  it.each([
    ['a course of measurements', {}, true],
    ['an end-point read', { repeatableWithinMs: 1_000 }, undefined],
  ])('%s that left a file, which counts only of a course', async (_what, repeatable, partialFile) => {
    const reader = await scene.device(`reader-${count}`, 'read-plate');
    const barcode = `READ-${count}`;
    const spec = {
      ...repeatable,
      parameters: { every: '10min', for: '6h' },
      labware: [scene.needs(barcode, 'plate', 'anywhere')],
    };
    await scene.enqueue([scene.step('read', 'read-plate', { spec })]);
    const { sha256 } = await scene.worklist(`x-${count}`, 'y', []);
    const { rows } = await db.pool.query<{ bytes: number }>(
      'select bytes::int from file where sha256 = decode($1, $2)',
      [sha256, 'hex'],
    );
    const files = [{ sha256, bytes: rows[0]?.bytes ?? 0, name: 'half.csv', mediaType: 'text/csv' }];
    await scene.run(reader, { result: 'failed', files });
    expect(await facts('read')).toEqual([partialFile ? { partialFile } : {}]);
    const found = await latestFiles(db.pool, { labwareIds: [scene.labware(barcode)], capability: 'read-plate' });
    const course = { sha256, name: 'half.csv', partial: { every: '10min', for: '6h' } };
    expect(found).toEqual(partialFile ? [expect.objectContaining(course)] : []);
  });
});

/** A worklist from one plate to another, both on the deck of the device that is made next. */
async function plates(...wells: string[]): ReturnType<LabScene['worklist']> {
  const place = `deck-d${count + 1}`;
  const [from, to] = [`FROM-${count}`, `TO-${count}`];
  await scene.place(place, 'deck', 4);
  for (const barcode of [from, to])
    await db.pool.query(
      `insert into labware (id, tenant_id, site_id, barcode, kind, place_id)
       select $1, $2, $3, $4, 'pcr-96', id from place where code = $5`,
      [scene.labware(barcode), db.tenantId, db.siteId, barcode, place],
    );
  await db.pool.query(
    `insert into ledger (tenant_id, to_labware_id, to_well, low_pl, high_pl, basis)
     select $1, $2, well, 50000000, 50000000, 'received' from unnest($3::text[]) well`,
    [db.tenantId, scene.labware(from), wells],
  );
  return scene.worklist(from, to, wells);
}
