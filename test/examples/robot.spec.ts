import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClockDriver } from '../../apps/virtual-lab/clock-driver';
import { labDevices, labPlaces } from '../../apps/virtual-lab/devices';
import { Lab } from '../../apps/virtual-lab/lab';
import { createPanel } from '../../apps/virtual-lab/panel';
import { putFile } from '../../db/device-work/files';
import { issueToken } from '../../db/seed';
import { AnnealClient } from '../../libs/client/client';
import { describeDevice, enrolDevice, issueEnrolmentCode } from '../../libs/client/enrolment';
import { toPicklistRows, writePicklist } from '../../libs/build/picklist';
import { testDatabase } from '../../libs/testing/database';
import type { TestDatabase } from '../../libs/testing/database';
import { LabScene } from '../../libs/testing/lab-scene';
import { ServedApi } from '../device-work/served-api';

const robots: ChildProcess[] = [];

/** Starts robot.py, by default with nothing to remember. */
function robot(words: readonly string[], folder?: string): { ended: Promise<{ code: number | null; said: string }> } {
  const env = { ...process.env, ROBOT_DIR: folder ?? mkdtempSync(join(tmpdir(), 'anneal-robot-')) };
  const child = spawn('python3', [join(__dirname, 'robot.py'), ...words], { stdio: ['ignore', 'pipe', 'pipe'], env });
  robots.push(child);
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (said += text.toString()));
  return { ended: new Promise((resolve) => child.once('close', (code) => resolve({ code, said }))) };
}

describe('the example robot in Python and the real api', () => {
  let db: TestDatabase;
  let scene: LabScene;
  let api: ServedApi;
  let ops: string;

  beforeAll(async () => {
    db = await testDatabase();
    scene = await LabScene.open(db);
    api = await ServedApi.start(db);
    const person = { tenantId: db.tenantId, kind: 'person', name: 'olu', roles: ['ops'] } as const;
    ops = (await issueToken(db.pool, person)).token;
  }, 60_000);

  afterAll(async () => {
    for (const child of robots) child.kill('SIGKILL');
    await api.stop();
    await db.close();
  });

  /** Enrols a device as the page for robot authors says. @returns its token */
  async function enrol(code: string, capability: string, placeCode?: string): Promise<string> {
    const json = { name: code, kind: 'robot', capabilities: [capability], simulated: true, ...(placeCode ? { placeCode } : {}) }; // prettier-ignore
    return (await enrolDevice(new AnnealClient({ baseUrl: api.url, token: ops }), code, json)).token;
  }

  /** Resolves when every step has ended. */
  async function ended(...stepKeys: readonly string[]): Promise<string[]> {
    for (;;) {
      const states = await scene.states(...stepKeys);
      if (states.every((state) => ['succeeded', 'failed'].includes(state))) return states;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  it('does a chain of jobs of its capability, each once, and stops when it has done as many as asked', async () => {
    const token = await enrol('sealer-9', 'seal-plate');
    await scene.enqueue([
      scene.step('seal', 'seal-plate'),
      scene.step('peel', 'seal-plate', { needs: ['seal'] }),
      scene.step('read', 'read-plate', { needs: ['peel'] }),
    ]);
    const { code, said } = await robot([api.url, token, 'sealer-9', '', '2']).ended;
    expect({ code, said }).toEqual({ code: 0, said: 'do seal {"state":"succeeded"}\ndo peel {"state":"succeeded"}\n' });
    expect(await scene.states('seal', 'peel', 'read')).toEqual(['succeeded', 'succeeded', 'queued']);
    expect(await scene.events('seal')).toEqual(['jobQueued', 'jobLeased', 'jobStarted', 'jobSucceeded']);
  }, 30_000);

  it('fetches its worklist and reports transfers by their ordinals', async () => {
    await scene.place('deck-lh-9', 'deck', 4);
    const token = await enrol('lh-9', 'transfer-liquid', 'deck-lh-9');
    const plates = ['SOURCE', 'TARGET'].map((barcode) => ({ barcode, kind: 'pcr-96', placeCode: 'deck-lh-9' }));
    for (const plate of plates) {
      const wells = plate.barcode === 'SOURCE' ? ['A1', 'H12'].map((well) => ({ well, kind: 'reagent', code: 'water', volumeUl: 50 })) : []; // prettier-ignore
      const headers = { 'idempotency-key': plate.barcode };
      await api.request('POST', '/v1/labware', { token: ops, json: { ...plate, wells }, headers });
    }
    const { transfers } = await scene.worklist('SOURCE', 'TARGET', ['A1', 'H12']);
    const barcodes = new Map(plates.map((plate) => [scene.labware(plate.barcode), plate]));
    const text = writePicklist(toPicklistRows(transfers, (id) => barcodes.get(id) as (typeof plates)[number]));
    const file = { tenantId: db.tenantId, name: 'worklist.csv', mediaType: 'text/csv', content: Buffer.from(text) };
    const { sha256 } = await putFile(db.pool, file);
    const labware = [scene.needs('SOURCE', 'source'), scene.needs('TARGET', 'destination')];
    await scene.enqueue([
      scene.step('fill', 'transfer-liquid', { spec: { operation: 'transfer', labware }, worklist: { sha256, transfers } }), // prettier-ignore
    ]);
    expect(await robot([api.url, token, 'lh-9', '', '1']).ended).toMatchObject({ code: 0 });
    expect(await scene.states('fill')).toEqual(['succeeded']);
    const { rows } = await db.pool.query(
      'select ordinal, to_well, low_pl::int as "lowPl", basis from ledger where dispatch_id is not null order by ordinal',
    );
    expect(rows).toEqual([
      { ordinal: 1, to_well: 'A1', lowPl: 1_000_000, basis: 'actual' },
      { ordinal: 2, to_well: 'H12', lowPl: 1_000_000, basis: 'actual' },
    ]);
  }, 30_000);

  it('exchanges an enrolment code once and keeps the credential for its next start', async () => {
    const client = new AnnealClient({ baseUrl: api.url, token: ops });
    await describeDevice(client, 'cycler-9', { name: 'cycler-9', kind: 'robot', capabilities: ['thermocycle'], simulated: true }); // prettier-ignore
    const { enrolmentCode } = await issueEnrolmentCode(client, 'cycler-9');
    const folder = mkdtempSync(join(tmpdir(), 'anneal-robot-'));
    for (const step of ['heat', 'heat again']) {
      await scene.enqueue([scene.step(step, 'thermocycle')]);
      expect(await robot([api.url, enrolmentCode, 'cycler-9', '', '1'], folder).ended).toMatchObject({ code: 0 });
    }
    expect(await scene.states('heat', 'heat again')).toEqual(['succeeded', 'succeeded']);
    expect(statSync(join(folder, 'credential')).mode & 0o777).toBe(0o600);
  }, 30_000);

  it('stops with the words of the api when its token is wrong', async () => {
    const { code, said } = await robot([api.url, 'x'.repeat(43), 'sealer-9', '', '1']).ended;
    expect(code).toBe(1);
    expect(JSON.parse(said)).toMatchObject({ type: 'unauthenticated', status: 401 });
  }, 30_000);

  describe('with instruments of the virtual lab', () => {
    let lab: Lab;
    let panel: Server;
    let driver: ClockDriver;
    let driving: Promise<void>;

    beforeAll(async () => {
      const folder = mkdtempSync(join(tmpdir(), 'anneal-robot-'));
      lab = await Lab.open(folder, 1);
      panel = createPanel(lab, () => undefined);
      await new Promise<void>((resolve) => panel.listen(0, '127.0.0.1', resolve));
      const tokensPath = join(folder, 'tokens.json');
      writeFileSync(tokensPath, JSON.stringify({ ops }));
      driver = new ClockDriver({ apiUrl: api.url, site: 'main', tokensPath, onNow: (now) => lab.moveTime(now), log: () => undefined }); // prettier-ignore
      driving = driver.run();
    });

    afterAll(async () => {
      driver.stop();
      await driving;
      panel.closeAllConnections();
      await new Promise((resolve) => panel.close(resolve));
      await lab.close();
    });

    it('carries a plate to the sealer and seals it, in the records as on the deck', async () => {
      const labUrl = `http://127.0.0.1:${(panel.address() as AddressInfo).port}`;
      for (const { code, ...json } of labPlaces)
        await api.request('PUT', `/v1/places/${code}`, { token: ops, json: { ...json } });
      for (const code of ['bench-1', 'sealer-1']) {
        const { capabilities, placeCode } = labDevices.find((one) => one.code === code) as (typeof labDevices)[number];
        const token = await enrol(code, capabilities[0] as string, placeCode);
        robot([api.url, token, code, `${labUrl}/devices/${code}`]);
      }
      await api.post('/v1/devices/sealer-9/state', ops, { state: 'out-of-service', reason: 'only pretends' });
      const spec = { operation: 'seal', labware: [scene.needs('PLATE-1')], parameters: { seal: 'foil' } };
      const effects = [{ role: 'plate', seal: 'foil' }] as const;
      await scene.enqueue([scene.step('really-seal', 'seal-plate', { spec: { ...spec, effects } })]);
      expect(await ended('really-seal')).toEqual(['succeeded']);
      expect(lab.truth.find('PLATE-1')).toMatchObject({ place: 'deck-sealer-1', seal: 'foil' });
      const { body } = await api.get('/v1/labware/PLATE-1', ops);
      expect(body).toMatchObject({ placeCode: 'deck-sealer-1', seal: 'foil' });
    }, 60_000);
  });
});
