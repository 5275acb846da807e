import { BufferedFiles } from '../../apps/agent/buffered-files';
import { fixedCredential } from '../../apps/agent/credential';
import { DeviceAgent } from '../../apps/agent/device-agent';
import { DeviceApi } from '../../apps/agent/device-api';
import { Journal } from '../../apps/agent/journal';
import { fetchSend, MachineClock } from '../../apps/agent/node-ports';
import type { TestDatabase } from '../../libs/testing/database';
import { testDatabase } from '../../libs/testing/database';
import type { SceneDevice } from '../../libs/testing/lab-scene';
import { LabScene } from '../../libs/testing/lab-scene';
import { UnsyncedFiles } from '../../libs/testing/unsynced-files';
import { ServedApi } from '../device-work/served-api';
import { CountingAdapter } from './agent-scene';

describe('two agents with one credential on different machines', () => {
  let db: TestDatabase;
  let scene: LabScene;
  let api: ServedApi;
  let reader: SceneDevice;
  const clock = new MachineClock();
  beforeAll(async () => {
    db = await testDatabase();
    scene = await LabScene.open(db);
    reader = await scene.device('reader', 'read-plate');
    api = await ServedApi.start(db, { leaseMs: 20_000, sweepMs: 50 });
  });
  afterAll(async () => {
    await api.stop();
    await db.close();
  });

  async function agentOf(adapter: CountingAdapter, logged: string[]): Promise<DeviceAgent> {
    const files = new UnsyncedFiles();
    return new DeviceAgent({
      code: 'reader',
      api: new DeviceApi({ code: 'reader', send: fetchSend(api.url), credential: fixedCredential(reader.token) }),
      adapter,
      journal: await Journal.open({ files, clock }),
      buffer: await BufferedFiles.open(files),
      clock,
      log: (_, message) => logged.push(message),
      longPollMs: 200,
      heartbeatMs: 1_000,
    });
  }

  async function until(condition: () => boolean): Promise<void> {
    while (!condition()) await clock.pause(10, new AbortController().signal);
  }

  it('work one at a time: the later lease supersedes, and the earlier holder is refused at its start and triggers nothing', async () => {
    await scene.enqueue([scene.step('once', 'read-plate')]);
    const [logged, instrument, late] = [[] as string[], new CountingAdapter(clock), new CountingAdapter(clock)];
    instrument.says = late.says = { state: 'done', outcome: { version: 1, result: 'succeeded', files: [] } };
    let [isStaging, goOn] = [false, (): void => undefined];
    late.staging = () => {
      isStaging = true;
      return new Promise((resolve) => (goOn = resolve));
    };
    const first = await agentOf(late, logged);
    const firstRun = first.run();
    await until(() => isStaging);
    const second = await agentOf(instrument, []);
    const secondRun = second.run();
    await until(() => instrument.triggers.length === 1);
    goOn();
    await until(() => logged.some((message) => message.startsWith('no start for')));
    for (const agent of [first, second]) agent.stop();
    await Promise.all([firstRun, secondRun]);
    expect(logged.find((message) => message.startsWith('no start for'))).toMatch(/409 token-superseded/);
    expect([late.triggers.length, instrument.triggers.length]).toEqual([0, 1]);
    const { rows } = await db.pool.query(
      `select d.state, count(e.*)::int as refused from dispatch d left join event e on e.kind = 'staleReportRefused' and e.payload->>'dispatchId' = d.id::text
       where d.id = $1 group by d.id`,
      [instrument.triggers[0]],
    );
    expect(rows).toMatchObject([{ state: 'succeeded' }]);
    expect((rows[0] as { refused: number }).refused).toBeGreaterThanOrEqual(1);
  }, 60_000);
});
