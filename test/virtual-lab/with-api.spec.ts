import type { NestExpressApplication } from '@nestjs/platform-express';
import { mkdtempSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VirtualAdapter } from '../../apps/agent/adapters/virtual';
import { BufferedFiles } from '../../apps/agent/buffered-files';
import { fixedCredential } from '../../apps/agent/credential';
import { DeviceAgent } from '../../apps/agent/device-agent';
import { DeviceApi } from '../../apps/agent/device-api';
import { Journal } from '../../apps/agent/journal';
import { DiskFiles, fetchSend, MachineClock } from '../../apps/agent/node-ports';
import { createServer, portOf } from '../../apps/api/server';
import { ClockDriver } from '../../apps/virtual-lab/clock-driver';
import { labDevices, labPlaces } from '../../apps/virtual-lab/devices';
import { stockLabware } from '../../apps/virtual-lab/inventory';
import { Lab } from '../../apps/virtual-lab/lab';
import { createPanel } from '../../apps/virtual-lab/panel';
import type { QueuedJob } from '../../db/device-work/enqueue';
import { enqueueBlock, jobStates } from '../../db/device-work/enqueue';
import { putFile } from '../../db/device-work/files';
import { labwareId, newId } from '../../db/ids';
import { issueToken } from '../../db/seed';
import { toPicklistRows, writePicklist } from '../../libs/build/picklist';
import { AnnealClient } from '../../libs/client/client';
import { enrolDevice } from '../../libs/client/enrolment';
import type { JobLabware, JobSpec, PlannedTransfer } from '../../libs/device/job';
import { expandOrdinals } from '../../libs/device/job';
import { tipsFor } from '../../libs/labware/tips';
import { plateGrids, wellsByRow } from '../../libs/labware/wells';
import { findUnitOperation } from '../../libs/protocol/unit-operations';
import type { TestDatabase } from '../../libs/testing/database';
import { testDatabase } from '../../libs/testing/database';
import { freshDir } from './lab-bench';

const kinds: Readonly<Record<string, string>> = {
  'STOCK-REAGENTS-1': 'reservoir-12',
  'STOCK-MEDIUM-1': 'reservoir-12',
};
const kindOf = (barcode: string): string => kinds[barcode] ?? (barcode.startsWith('READ') ? 'read-96' : 'pcr-96');

describe('virtual lab, agents and the real api together', () => {
  let db: TestDatabase;
  let app: NestExpressApplication;
  let lab: Lab;
  let panel: Server;
  let driver: ClockDriver;
  const campaignId = newId();
  const agents: DeviceAgent[] = [];
  const running: Promise<void>[] = [];

  beforeAll(async () => {
    db = await testDatabase();
    app = await createServer({ databaseUrl: db.url, databasePoolSize: 20, leaseMs: 5_000, sweepMs: 50, longPollMs: 5_000 }, false); // prettier-ignore
    await app.listen(0, '127.0.0.1');
    const apiUrl = `http://127.0.0.1:${portOf(app)}`;
    lab = await Lab.open(freshDir(), 3);
    panel = createPanel(lab, () => undefined);
    await new Promise<void>((resolve) => panel.listen(0, '127.0.0.1', resolve));
    const labUrl = `http://127.0.0.1:${(panel.address() as AddressInfo).port}`;
    const ops = await issueToken(db.pool, { tenantId: db.tenantId, kind: 'person', name: 'ops', roles: ['ops'] });
    await db.pool.query(
      `insert into campaign (id, tenant_id, site_id, slug, status, owner_id) values ($1, $2, $3, 'demo', 'running', $4)`,
      [campaignId, db.tenantId, db.siteId, ops.actorId],
    );
    await enrol(apiUrl, labUrl, ops.token);
    const tokensPath = join(mkdtempSync(join(tmpdir(), 'anneal-tokens-')), 'tokens.json');
    writeFileSync(tokensPath, JSON.stringify({ ops: ops.token }));
    driver = new ClockDriver({ apiUrl, site: 'main', tokensPath, onNow: (now) => lab.moveTime(now), log: () => undefined }); // prettier-ignore
    running.push(driver.run());
  }, 120_000);

  afterAll(async () => {
    driver.stop();
    for (const agent of agents) agent.stop();
    await Promise.all(running);
    panel.closeAllConnections();
    await new Promise((resolve) => panel.close(resolve));
    await lab.close();
    await app.close();
    await db.close();
  });

  async function enrol(apiUrl: string, labUrl: string, token: string): Promise<void> {
    const client = new AnnealClient({ baseUrl: apiUrl, token });
    for (const { code, ...place } of labPlaces) await client.put(`/v1/places/${code}`, { json: place });
    for (const one of stockLabware()) await client.post('/v1/labware', { json: one, idempotencyKey: one.barcode });
    for (const { code, ...device } of labDevices) {
      const given = await enrolDevice(client, code, { ...device, simulated: true });
      const files = await DiskFiles.open(freshDir());
      const clock = new MachineClock();
      const agent = new DeviceAgent({
        code,
        api: new DeviceApi({ code, send: fetchSend(apiUrl), credential: fixedCredential(given.token) }),
        adapter: new VirtualAdapter(labUrl, code),
        journal: await Journal.open({ files, clock }),
        buffer: await BufferedFiles.open(files),
        clock,
        log: () => undefined,
        longPollMs: 5_000,
        heartbeatMs: 1_000,
      });
      agents.push(agent);
      running.push(agent.run());
    }
  }

  const labware = (role: string, barcode: string): JobLabware => {
    const operationRole = role === 'anywhere' ? 'plate' : role;
    return { role: operationRole, labwareId: labwareId(db.tenantId, barcode), barcode, kind: kindOf(barcode), at: role === 'anywhere' ? 'anywhere' : 'device' }; // prettier-ignore
  };

  function job(stepKey: string, operation: string, needs: string[], spec: Partial<JobSpec>): QueuedJob {
    const { capability, durationMs, effects } = findUnitOperation(operation) as NonNullable<ReturnType<typeof findUnitOperation>>; // prettier-ignore
    return {
      stepKey,
      needs,
      tellsSuccess: false,
      spec: { version: 1, operation, capability, parameters: {}, labware: [], durationMs: Math.max(60_000, durationMs), attended: false, effects, products: [], summary: stepKey, ...spec }, // prettier-ignore
    };
  }

  async function transfer(
    stepKey: string,
    needs: string[],
    from: string,
    fromWell: string,
    to: string,
    wells: readonly string[],
    ul: number,
    tips = false,
  ): Promise<QueuedJob> {
    // prettier-ignore
    const [source, destination] = [labware('source', from), labware('destination', to)];
    const transfers = wells.map((toWell, at): PlannedTransfer => ({ ordinal: at + 1, fromLabwareId: source.labwareId, fromWell: fromWell || toWell, toLabwareId: destination.labwareId, toWell, volumePl: ul * 1e6 })); // prettier-ignore
    const named = new Map([source, destination].map((one) => [one.labwareId, one]));
    const text = writePicklist(toPicklistRows(transfers, (id) => named.get(id) as JobLabware));
    const { sha256 } = await putFile(db.pool, { tenantId: db.tenantId, name: 'worklist.csv', mediaType: 'text/csv', content: Buffer.from(text) }); // prettier-ignore
    const spec = { labware: [source, destination], ...(tips ? { tips: tipsFor(transfers) } : {}) };
    return { ...job(stepKey, 'transfer', needs, spec), worklist: { sha256, transfers } };
  }

  async function settled(stepKeys: readonly string[]): Promise<Record<string, string>> {
    for (;;) {
      const states = await jobStates(db.pool, { campaignId, stepKeys });
      const open = states.filter(({ state }) => !['succeeded', 'failed', 'withdrawn'].includes(state));
      if (open.length === 0) return Object.fromEntries(states.map(({ stepKey, state }) => [stepKey, state]));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  it('works through chains of steps: labware is fetched, time jumps, files arrive and the ledger equals the motions', async () => {
    const wells = ['A1', 'A2', 'B7', 'H12'];
    const plates = ['P1', 'P2', 'P3'];
    const jobs: QueuedJob[] = [];
    for (const name of plates) {
      const [pcr, read, key] = [`PCR-${name}`, `READ-${name}`, `r1/build/${name}`];
      jobs.push(
        await transfer(`${key}/mix`, [], 'STOCK-REAGENTS-1', 'A3', pcr, wells, 10),
        job(`${key}/seal`, 'seal', [`${key}/mix`], { labware: [labware('plate', pcr)], parameters: { seal: 'foil' } }),
        job(`${key}/cycle`, 'thermocycle', [`${key}/seal`], { labware: [labware('plate', pcr)], parameters: { program: 'golden-gate', duration: '3h' }, durationMs: 10_800_000 }), // prettier-ignore
        job(`${key}/store`, 'store', [`${key}/cycle`], { labware: [labware('anywhere', pcr)], parameters: { place: 'freezer-80' }, effects: [{ role: 'plate', toPlace: 'freezer-80' }] }), // prettier-ignore
        await transfer(`${key}/medium`, [], 'STOCK-MEDIUM-1', 'A1', read, wells, 200),
        job(`${key}/read`, 'read-plate', [`${key}/medium`], { labware: [labware('plate', read)], parameters: { reads: [{ id: 'od', mode: 'absorbance', wavelengthNm: 600 }], every: '10min', for: '6h' } }), // prettier-ignore
      );
    }
    const block = { tenantId: db.tenantId, siteId: db.siteId, campaignId, round: 1, stage: 'build', blockKey: 'b1', handledEventIds: [], jobs }; // prettier-ignore
    await enqueueBlock(db.pool, block);
    const states = await settled(jobs.map(({ stepKey }) => stepKey));
    expect(states).toEqual(Object.fromEntries(jobs.map(({ stepKey }) => [stepKey, 'succeeded'])));

    const motions = (await lab.history()).flatMap((line) => (line.t === 'transfer' ? [line] : []));
    const { rows } = await db.pool.query<{ step_key: string; ordinal: number; low_pl: string; high_pl: string }>(
      `select j.step_key, l.ordinal, l.low_pl, l.high_pl from ledger l join dispatch d on d.id = l.dispatch_id join job j on j.id = d.job_id`,
    );
    const ofLedger = rows.map((row) => `${row.step_key} ${row.ordinal} ${row.low_pl}`).sort();
    expect(ofLedger).toEqual(
      motions.map(({ stepKey, ordinal, volumePl }) => `${stepKey} ${ordinal} ${volumePl}`).sort(),
    );
    expect(motions).toHaveLength(2 * plates.length * wells.length);

    const files = await db.pool.query(`select 1 from dispatch_file where name like '%READ-P%'`);
    expect(files.rowCount).toBe(plates.length);
    for (const name of plates)
      expect(lab.truth.find(`PCR-${name}`)).toMatchObject({ place: 'freezer-80', seal: 'foil' });
  }, 120_000);

  it('brings boxes of tips as they run out, throws empty ones away, and counts what the instrument really took', async () => {
    const wells = wellsByRow(plateGrids[96]);
    const jobs = [await transfer('r1/tips/0', [], 'STOCK-REAGENTS-1', 'A3', 'PCR-T0', wells, 40, true)];
    for (const [at, ul] of [10, 9, 7, 5, 3].entries())
      jobs.push(await transfer(`r1/tips/${at + 1}`, [`r1/tips/${at}`], `PCR-T${at}`, '', `PCR-T${at + 1}`, wells, ul, true)); // prettier-ignore
    expect(jobs.map(({ spec }) => spec.tips?.[0])).toEqual([{ kind: 'tips-300', count: 1 }, ...jobs.slice(1).map(() => ({ kind: 'tips-10', count: 96 }))]); // prettier-ignore
    await enqueueBlock(db.pool, { tenantId: db.tenantId, siteId: db.siteId, campaignId, round: 1, stage: 'build', blockKey: 'tips', handledEventIds: [], jobs }); // prettier-ignore
    const states = await settled(jobs.map(({ stepKey }) => stepKey));
    expect(states).toEqual(Object.fromEntries(jobs.map(({ stepKey }) => [stepKey, 'succeeded'])));

    const taken = new Map<string, number>();
    for (const line of await lab.history())
      if (line.t === 'transfer' && line.rack) taken.set(line.rack, (taken.get(line.rack) ?? 0) + 1);
    const { rows } = await db.pool.query<{ barcode: string; low: number; high: number; discarded: boolean }>(
      `select w.barcode, w.discarded, sum(u.low)::int as low, sum(u.high)::int as high
       from tip_use u join labware w on w.id = u.labware_id group by w.id order by w.barcode`,
    );
    expect([...taken.values()].reduce((sum, count) => sum + count, 0)).toBe(1 + 5 * 96);
    expect(rows.map(({ barcode, low, high }) => [barcode, low, high])).toEqual([...taken].sort().map(([barcode, count]) => [barcode, count, count])); // prettier-ignore
    for (const { barcode, high } of rows) expect(lab.truth.find(barcode)?.tips).toBe(96 - high);
    expect(rows.filter(({ discarded }) => discarded).length).toBeGreaterThan(0);
  }, 240_000);

  it('takes the evidence of an instrument that crashed and came back', async () => {
    await lab.fault({ kind: 'crash', device: 'lh-1', afterTransfers: 1 });
    await lab.fault({ kind: 'crash', device: 'lh-2', afterTransfers: 1 });
    const one = await transfer('r1/build/X/mix', [], 'STOCK-REAGENTS-1', 'A3', 'PCR-X', ['A1', 'A2', 'A3'], 10);
    const block = { tenantId: db.tenantId, siteId: db.siteId, campaignId, round: 1, stage: 'build', blockKey: 'b2', handledEventIds: [], jobs: [one] }; // prettier-ignore
    await enqueueBlock(db.pool, block);
    const dispatchIs = async (state: string): Promise<void> => {
      for (;;) {
        const [found] = await jobStates(db.pool, { campaignId, stepKeys: [one.stepKey] });
        if (found?.state === state) return;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    await dispatchIs('unknown');
    await lab.fault({ kind: 'repair', device: 'lh-1' });
    await lab.fault({ kind: 'repair', device: 'lh-2' });
    await dispatchIs('failed');
    const { rows } =
      await db.pool.query<{ outcome: { transfers: { done: [number, number][]; uncertain: [number, number][] } } }>( // prettier-ignore
        `select d.outcome from dispatch d join job j on j.id = d.job_id where j.step_key = $1`,
        [one.stepKey],
      );
    expect(expandOrdinals(rows[0]?.outcome.transfers.done ?? [])).toEqual([1]);
    expect(expandOrdinals(rows[0]?.outcome.transfers.uncertain ?? [])).toEqual([2]);
  }, 120_000);
});
