import { redispatch } from '../../db/device-work/redispatch';
import { resolveDispatch } from '../../db/device-work/settle';
import { sweepLeases } from '../../db/device-work/sweep';
import { voidMade, withdraw } from '../../db/device-work/withdraw';
import { sampleId } from '../../db/ids';
import { receiveLabware, viewLabware } from '../../db/lab/labware';
import { inTransaction } from '../../db/transaction';
import type { PlannedSample } from '../../libs/device/job';
import { testDatabase } from '../../libs/testing/database';
import type { TestDatabase } from '../../libs/testing/database';
import { LabScene } from '../../libs/testing/lab-scene';
import type { SceneDevice } from '../../libs/testing/lab-scene';

const wells = ['A1', 'A2', 'A3', 'A4'];

describe('material', () => {
  let db: TestDatabase;
  let scene: LabScene;
  let handler: SceneDevice;
  let number = 0;
  beforeAll(async () => {
    db = await testDatabase();
    scene = await LabScene.open(db);
    handler = await scene.device('handler', 'transfer-liquid', 100);
  });
  afterAll(() => db.close());

  /** A filled source and an empty destination on the handler's deck, and a queued transfer of 1 µl from well to well. */
  async function queueTransfer(): Promise<{ step: string; from: string; to: string; products: PlannedSample[] }> {
    const [step, from, to] = [`t/${++number}`, `SRC${number}`, `DST${number}`];
    const by = { tenantId: db.tenantId, site: 'main', actorId: scene.personId };
    const received = wells.map((well) => ({ well, kind: 'part' as const, code: `p-${well}`, volumeUl: 10 }));
    await inTransaction(db.pool, (client) =>
      receiveLabware(client, by, { barcode: from, kind: 'pcr-96', placeCode: 'deck-handler', wells: received }),
    );
    await inTransaction(db.pool, (client) =>
      receiveLabware(client, by, { barcode: to, kind: 'pcr-96', placeCode: 'deck-handler', wells: [] }),
    );
    const products = wells.map((well) => ({
      labwareId: scene.labware(to),
      well,
      sampleId: sampleId(db.tenantId, scene.labware(to), well),
      kind: 'assembly-reaction' as const,
    }));
    const spec = { labware: [scene.needs(from, 'source'), scene.needs(to, 'destination')], products };
    await scene.enqueue([
      scene.step(step, 'transfer-liquid', { spec, worklist: await scene.worklist(from, to, wells) }),
    ]);
    return { step, from, to, products };
  }

  const volumes = async (barcode: string): Promise<unknown[]> =>
    (await viewLabware(db.pool, db.tenantId, barcode)).wells.map(({ well, lowUl, highUl, reservedUl }) => [
      well,
      lowUl,
      highUl,
      reservedUl,
    ]);

  const verdicts = async (barcode: string): Promise<unknown[]> =>
    (await viewLabware(db.pool, db.tenantId, barcode)).wells.map((well) => [well.well, well.kind, well.verdicts]);

  it('reserves what an open dispatch will take, and frees it when that is withdrawn', async () => {
    const { step, from } = await queueTransfer();
    expect(await volumes(from)).toEqual(wells.map((well) => [well, 10, 10, 1]));
    await withdraw(db.pool, { campaignId: scene.campaignId, stepKeys: [step], reason: 'not wanted' });
    expect(await volumes(from)).toEqual(wells.map((well) => [well, 10, 10, 0]));
  });

  it('posts every planned transfer of a success, as assumed when the device lists none', async () => {
    const { from, to } = await queueTransfer();
    const job = await scene.run(handler);
    expect(await volumes(from)).toEqual(wells.map((well) => [well, 9, 9, 0]));
    expect(await verdicts(to)).toEqual(wells.map((well) => [well, 'assembly-reaction', []]));
    const { rows } = await db.pool.query('select distinct basis from ledger where dispatch_id = $1', [job.dispatchId]);
    expect(rows).toEqual([{ basis: 'assumed' }]);
  });

  it('traces a sample to its parents by transfer', async () => {
    const { from, to } = await queueTransfer();
    const job = await scene.run(handler, { transfers: { done: [[1, 4]], uncertain: [] } });
    const { rows } = await db.pool.query(
      `select c.well as child, p.code as parent, sp.ordinal from sample_parent sp join sample c on c.id = sp.sample_id
       join sample p on p.id = sp.parent_id where sp.dispatch_id = $1 and c.labware_id = $2 and p.labware_id = $3 order by 3`,
      [job.dispatchId, scene.labware(to), scene.labware(from)],
    );
    expect(rows).toEqual(wells.map((well, index) => ({ child: well, parent: `p-${well}`, ordinal: index + 1 })));
  });

  it('posts only what was done of a partial failure, an interval for what is uncertain, and voids that well', async () => {
    const { from, to } = await queueTransfer();
    const job = await scene.run(handler, { result: 'failed', transfers: { done: [[1, 2]], uncertain: [[3, 3]] } });
    expect(await volumes(from)).toEqual([
      ['A1', 9, 9, 0],
      ['A2', 9, 9, 0],
      ['A3', 9, 10, 0],
      ['A4', 10, 10, 0],
    ]);
    expect(await verdicts(to)).toEqual([
      ['A1', 'assembly-reaction', []],
      ['A2', 'assembly-reaction', []],
      ['A3', 'assembly-reaction', ['void']],
    ]);
    expect(await voidMade(db.pool, { dispatchId: job.dispatchId, reason: 'planned anew' })).toBe(2);
    expect((await verdicts(to)).map((well) => (well as unknown[])[2])).toEqual([['void'], ['void'], ['void']]);
  });

  it('continues a partial failure with what is left, and ends with every well made once', async () => {
    const { step, from, to } = await queueTransfer();
    await scene.run(handler, { result: 'failed', transfers: { done: [[1, 2]], uncertain: [] } });
    const { sha256, transfers } = await scene.worklist(from, to, wells);
    const worklist = { sha256, transfers: transfers.slice(2) };
    const wish = { jobId: scene.job(step), attempt: 2, handledEventIds: [] };
    await expect(redispatch(db.pool, wish)).rejects.toMatchObject({ code: 'plan-impossible' });
    expect(await redispatch(db.pool, { ...wish, worklist })).toMatchObject({ attempt: 2, state: 'queued' });
    await scene.run(handler, { transfers: { done: [[3, 4]], uncertain: [] } });
    expect(await verdicts(to)).toEqual(wells.map((well) => [well, 'assembly-reaction', []]));
    expect(await volumes(to)).toEqual(wells.map((well) => [well, 1, 1, 0]));
  });

  it('lets an attempt with nothing left to move succeed at once and release what waits for it', async () => {
    const { step, from, to } = await queueTransfer();
    await scene.enqueue([scene.step(`${step}/after`, 'read-plate', { needs: [step] })]);
    await scene.run(handler, { result: 'failed', transfers: { done: [[1, 3]], uncertain: [[4, 4]] } });
    const { sha256 } = await scene.worklist(from, to, wells);
    const state = await redispatch(db.pool, {
      jobId: scene.job(step),
      attempt: 2,
      worklist: { sha256, transfers: [] },
      handledEventIds: [],
    });
    expect(state).toMatchObject({ attempt: 2, state: 'succeeded' });
    expect(await scene.states(`${step}/after`)).toEqual(['queued']);
  });

  it('takes success with transfers missing for a failure', async () => {
    const { step, from } = await queueTransfer();
    const job = await scene.start(handler);
    expect(await scene.report(handler, job, { transfers: { done: [[1, 3]], uncertain: [] } })).toEqual({
      state: 'failed',
    });
    expect(await volumes(from)).toEqual([
      ['A1', 9, 9, 0],
      ['A2', 9, 9, 0],
      ['A3', 9, 9, 0],
      ['A4', 10, 10, 0],
    ]);
    const told = (await scene.messages()).find(({ payload }) => payload['stepKey'] === step);
    expect(told?.payload['problem']).toMatch(/transfers are missing/);
  });

  it('holds every transfer for uncertain when a failure says nothing of them', async () => {
    const { from, to } = await queueTransfer();
    await scene.run(handler, { result: 'failed' });
    expect(await volumes(from)).toEqual(wells.map((well) => [well, 9, 10, 0]));
    expect((await verdicts(to)).map((well) => (well as unknown[])[2])).toEqual([
      ['void'],
      ['void'],
      ['void'],
      ['void'],
    ]);
  });

  it.each([
    ['happened', {}, 'succeeded', [9, 9, 9, 9], []],
    ['did-not', {}, 'failed', [10, 10, 10, 10], []],
    ['partly', { done: [[1, 1]] as const, uncertain: [[2, 2]] as const }, 'failed', [9, 9, 10, 10], ['A2']],
  ] as const)('posts what a person resolved: %s', async (verdict, ranges, state, low, voided) => {
    const { from, to } = await queueTransfer();
    const job = await scene.start(handler);
    await scene.silence();
    await sweepLeases(db.pool, 0);
    expect(await volumes(from)).toEqual(wells.map((well) => [well, 10, 10, 1]));
    const resolution = { verdict, reason: 'looked at the plate', ...ranges };
    const by = { tenantId: db.tenantId, actorId: scene.personId, dispatchId: job.dispatchId, resolution };
    expect(await resolveDispatch(db.pool, by)).toEqual({ state });
    const view = await viewLabware(db.pool, db.tenantId, from);
    expect(view.wells.map(({ lowUl }) => lowUl)).toEqual(low);
    expect(view.held).toBe(false);
    const made = await viewLabware(db.pool, db.tenantId, to);
    expect(made.wells.filter((well) => well.verdicts.includes('void')).map(({ well }) => well)).toEqual(voided);
    await db.pool.query(`update device set state = 'in-service', quarantined_by = null`);
  });

  it('keeps the hold of a labware and the effects of a step', async () => {
    const mover = await scene.device('arm', 'move-labware', 4, 'person');
    const plate = scene.needs('HOLD1', 'plate', 'anywhere');
    const spec = {
      labware: [plate],
      effects: [{ role: 'plate', toPlace: 'incubator-37', seal: 'breathable' as const, lid: true }],
    };
    await scene.enqueue([
      scene.step('hold/in', 'move-labware', { spec, hold: { minMs: 3_600_000, maxMs: 7_200_000 } }),
      scene.step('hold/out', 'move-labware', { spec: { labware: [plate] }, needs: ['hold/in'] }),
    ]);
    await scene.run(mover);
    const view = await viewLabware(db.pool, db.tenantId, 'HOLD1');
    expect(view).toMatchObject({ placeCode: 'incubator-37', seal: 'breathable', lid: true });
    expect((view.dueAt as Date).getTime() - (view.readyAt as Date).getTime()).toBe(3_600_000);
    const { rows } = await db.pool.query(
      `select extract(epoch from j.earliest_start_at - lab_now(j.site_id))::int as early, extract(epoch from j.due_at - lab_now(j.site_id))::int as due
       from job j where j.id = $1`,
      [scene.job('hold/out')],
    );
    expect(rows).toEqual([{ early: 3_600, due: 7_200 }]);
    expect(await scene.claim(mover)).toHaveProperty('waits');
  });
});
