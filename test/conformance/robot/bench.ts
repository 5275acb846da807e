import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createServer, portOf } from '../../../apps/api/server';
import { putFile } from '../../../db/device-work/files';
import { receiveLabware } from '../../../db/lab/labware';
import { inTransaction } from '../../../db/transaction';
import { toPicklistRows, writePicklist } from '../../../libs/build/picklist';
import type { Capability } from '../../../libs/device/job';
import { testDatabase } from '../../../libs/testing/database';
import type { TestDatabase } from '../../../libs/testing/database';
import { LabScene } from '../../../libs/testing/lab-scene';
import type { SceneDevice } from '../../../libs/testing/lab-scene';
import type { PostgresServer } from '../../../libs/testing/postgres';
import { CountingInstrument } from './instrument';
import { FaultProxy } from './proxy';
import { RobotProcess } from './robot-process';

/** A robot did what the protocol forbids, or did not do what it asks. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

/** @throws Violation */
export function must(holds: boolean, what: string): void {
  if (!holds) throw new Violation(what);
}

/** A dispatch as the database has it. */
export interface DispatchRow {
  readonly id: string;
  readonly step: string;
  readonly state: string;
  readonly problem: string | null;
}

/** Lease of a bench unless its scenario wants another, ms: short, so that silence is soon noticed. */
export const shortLeaseMs = 1_500;
const device = 'robot-1';

/** A lab for one scenario: database, real api, an instrument that counts, and a robot program that reaches the api through a proxy. */
export class Bench {
  /** Dispatches whose motion another device makes. */
  readonly elsewhere = new Set<string>();

  private constructor(
    readonly db: TestDatabase,
    readonly scene: LabScene,
    readonly proxy: FaultProxy,
    readonly instrument: CountingInstrument,
    readonly robot: RobotProcess,
    private readonly rest: { readonly stopApi: () => Promise<void>; readonly dir: string },
  ) {}

  static async open(
    server: PostgresServer,
    command: string,
    { capability = 'thermocycle', leaseMs = shortLeaseMs }: { capability?: Capability; leaseMs?: number },
  ): Promise<Bench> {
    const db = await testDatabase('wall', server);
    const scene = await LabScene.open(db);
    const { token } = await scene.device(device, capability);
    const config = { databaseUrl: db.url, databasePoolSize: 5, leaseMs, sweepMs: 100, longPollMs: 25_000 };
    const api = await createServer(config, false);
    await api.listen(0, '127.0.0.1');
    const proxy = new FaultProxy(`http://127.0.0.1:${portOf(api)}`);
    const instrument = new CountingInstrument(device);
    await instrument.listen();
    const dir = mkdtempSync(join(tmpdir(), 'anneal-conformance-'));
    const places = { api: await proxy.listen(), token, device, panel: instrument.url, dir };
    return new Bench(db, scene, proxy, instrument, new RobotProcess(command, places), {
      stopApi: () => api.close(),
      dir,
    });
  }

  async close(): Promise<void> {
    await this.robot.kill();
    await this.proxy.close();
    await this.instrument.vanish();
    await this.rest.stopApi();
    await this.db.close();
    rmSync(this.rest.dir, { recursive: true, force: true });
  }

  /** Another device of the same capability. */
  other(capability: Capability = 'thermocycle'): Promise<SceneDevice> {
    return this.scene.device('other-1', capability);
  }

  /** Queues steps, each after the one before it. */
  async queue(...steps: readonly string[]): Promise<void> {
    await this.scene.enqueue(
      steps.map((step, at) =>
        this.scene.step(step, 'thermocycle', { needs: at === 0 ? [] : [steps[at - 1] as string] }),
      ),
    );
  }

  /** Queues a transfer with a worklist, its plates on the robot's deck. @returns the worklist */
  async queueTransfer(step: string): Promise<string> {
    const { db, scene } = this;
    const by = { tenantId: db.tenantId, site: 'main', actorId: scene.personId };
    const plates = ['SOURCE', 'TARGET'].map((barcode) => ({ barcode, kind: 'pcr-96', placeCode: `deck-${device}` }));
    for (const plate of plates) {
      const wells = plate.barcode === 'SOURCE' ? ['A1', 'B1'].map((well) => ({ well, kind: 'reagent' as const, code: 'water', volumeUl: 50 })) : []; // prettier-ignore
      await inTransaction(db.pool, (client) => receiveLabware(client, by, { ...plate, wells }));
    }
    const { transfers } = await scene.worklist('SOURCE', 'TARGET', ['A1', 'B1']);
    const barcodes = new Map(plates.map((plate) => [scene.labware(plate.barcode), plate]));
    const text = writePicklist(toPicklistRows(transfers, (id) => barcodes.get(id) as (typeof plates)[number]));
    const file = { name: 'worklist.csv', mediaType: 'text/csv', content: Buffer.from(text) };
    const { sha256 } = await putFile(db.pool, { tenantId: db.tenantId, ...file });
    const labware = [scene.needs('SOURCE', 'source'), scene.needs('TARGET', 'destination')];
    await scene.enqueue([
      scene.step(step, 'transfer-liquid', {
        spec: { operation: 'transfer', labware },
        worklist: { sha256, transfers },
      }),
    ]);
    return text;
  }

  /** Every dispatch, oldest first. */
  async dispatches(): Promise<DispatchRow[]> {
    const { rows } = await this.db.pool.query<DispatchRow>(
      `select d.id, j.step_key as step, d.state, d.outcome -> 'problem' ->> 'code' as problem
       from dispatch d join job j on j.id = d.job_id order by d.queued_at, d.id`,
    );
    return rows;
  }

  /** The latest dispatch of a step, when it is in one of these states. */
  async reaches(step: string, ...states: readonly string[]): Promise<DispatchRow> {
    for (;;) {
      const found = (await this.dispatches()).filter((one) => one.step === step).at(-1);
      if (found && states.includes(found.state)) return found;
      await pause(20);
    }
  }

  /** The latest dispatch of a step, when it has ended. */
  settled(step: string): Promise<DispatchRow> {
    return this.reaches(step, 'succeeded', 'failed');
  }

  /** Motions beyond the first, over all dispatches. */
  get doubled(): number {
    return [...this.instrument.triggers.values()].reduce((sum, times) => sum + times.length - 1, 0);
  }

  /** Rejects as soon as something moves twice, or before its start was granted. @throws Violation */
  forbidden(): Promise<never> {
    return new Promise((_, fail) => {
      this.instrument.moved = (id) => {
        const times = this.instrument.count(id);
        if (times > 1) fail(new Violation(`dispatch ${id} was triggered ${times} times`));
        const granted = this.proxy.of(new RegExp(`${id}/start$`)).some(({ status }) => status === 200);
        if (!granted) fail(new Violation(`dispatch ${id} was triggered without a granted start`));
      };
    });
  }

  /** What the records say is what happened. @throws Violation */
  async judge(): Promise<void> {
    for (const { id, state, problem } of await this.dispatches()) {
      if (this.elsewhere.has(id)) continue;
      const moved = this.instrument.count(id) > 0;
      must(state !== 'succeeded' || moved, `dispatch ${id} was reported succeeded, and nothing had moved`);
      must(problem !== 'never-started' || !moved, `dispatch ${id} was reported never-started, and it had moved`);
    }
  }
}
