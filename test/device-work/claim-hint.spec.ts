import { claimJob } from '../../db/device-work/claim';
import { testDatabase } from '../../libs/testing/database';
import type { TestDatabase } from '../../libs/testing/database';
import { LabScene } from '../../libs/testing/lab-scene';
import type { SceneDevice } from '../../libs/testing/lab-scene';

describe('a device that is woken for a job', () => {
  let db: TestDatabase;
  let scene: LabScene;
  beforeAll(async () => {
    db = await testDatabase();
    scene = await LabScene.open(db);
  });
  afterAll(() => db.close());

  /** Step key of what the device gets when it is woken for a job. */
  const woken = async (device: SceneDevice, hinted: string): Promise<string | undefined> => {
    const caller = { tenantId: db.tenantId, actorId: device.actorId, anyDevice: false };
    const hintJobId = scene.job(hinted);
    const claim = await claimJob(db.pool, { ...caller, deviceCode: device.code, leaseMs: 30_000, hintJobId });
    return 'job' in claim ? claim.job.stepKey : undefined;
  };

  it('takes the first in its line', async () => {
    const device = await scene.device('sealer-1', 'seal-plate');
    await scene.enqueue([scene.step('a1', 'seal-plate'), scene.step('a2', 'seal-plate')]);
    expect(await woken(device, 'a2')).toBe('a1');
  });

  it('takes one each with others that are woken at the same moment', async () => {
    const codes = Array.from({ length: 8 }, (_, index) => `reader-${index}`);
    const devices: SceneDevice[] = [];
    for (const code of codes) devices.push(await scene.device(code, 'read-plate'));
    const steps = codes.slice(1).map((code) => scene.step(`b-${code}`, 'read-plate'));
    await scene.enqueue(steps);
    const got = await Promise.all(devices.map((device) => woken(device, 'b-reader-1')));
    expect(got.filter((stepKey) => stepKey !== undefined).sort()).toEqual(steps.map(({ stepKey }) => stepKey));
  });

  it('leaves the line to the search when something is urgent', async () => {
    const device = await scene.device('picker-1', 'pick-colonies');
    await scene.enqueue([scene.step('u1', 'pick-colonies'), scene.step('u2', 'pick-colonies')]);
    await db.pool.query(`update dispatch set urgent_at = now() - interval '99 years' where job_id = $1`, [
      scene.job('u2'),
    ]);
    expect(await woken(device, 'u1')).toBe('u2');
  });

  it('does not get what it cannot do, nor what its campaign or its time keeps back', async () => {
    const device = await scene.device('cycler-1', 'thermocycle');
    await scene.enqueue([scene.step('c1', 'purify-dna'), scene.step('c2', 'thermocycle')]);
    expect(await woken(device, 'c1')).toBe('c2');
    const other = await scene.device('cycler-2', 'thermocycle');
    await scene.enqueue([scene.step('d1', 'thermocycle')]);
    await db.pool.query(`update campaign set status = 'paused' where id = $1`, [scene.campaignId]);
    expect(await woken(other, 'd1')).toBeUndefined();
    await db.pool.query(`update campaign set status = 'running' where id = $1`, [scene.campaignId]);
    await db.pool.query(`update dispatch set timed = true, not_before = '2999-01-01' where job_id = $1`, [
      scene.job('d1'),
    ]);
    expect(await woken(other, 'd1')).toBeUndefined();
  });

  it('does not get labware that is in use, or stands elsewhere', async () => {
    const [one, two] = [await scene.device('arm-1', 'move-labware'), await scene.device('arm-2', 'move-labware')];
    const carry = { spec: { labware: [scene.needs('hint-plate', 'plate', 'anywhere')] } };
    const onDeck = { spec: { labware: [scene.needs('other-plate')] } };
    await scene.enqueue([
      scene.step('e1', 'move-labware', carry),
      scene.step('e2', 'move-labware', carry),
      scene.step('e3', 'move-labware', onDeck),
    ]);
    expect(await woken(one, 'e2')).toBe('e1');
    expect(await woken(two, 'e2')).toBeUndefined();
    expect(await woken(two, 'e3')).toBeUndefined();
  });
});
