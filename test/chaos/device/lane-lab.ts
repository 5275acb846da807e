import { Agent, request as httpRequest } from 'node:http';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Client, Pool } from 'pg';
import { LabKeeper } from '../../../apps/api/device-work/lab-keeper';
import { createServer, portOf } from '../../../apps/api/server';
import type { ApiRequest, ApiResponse } from '../../../apps/agent/ports';
import { migrate } from '../../../db/migrate';
import type { SqlFunctions } from '../../../db/migrate';
import { issueToken } from '../../../db/seed';
import { testDatabase } from '../../../libs/testing/database';
import type { TestDatabase } from '../../../libs/testing/database';
import { LabScene } from '../../../libs/testing/lab-scene';
import type { SceneDevice } from '../../../libs/testing/lab-scene';
import type { PostgresServer } from '../../../libs/testing/postgres';
import { POOL } from '../../../libs/platform/database/database.module';
import { PoolGate } from './faulty-pool';

/** Length of a lease, virtual ms. */
export const leaseMs = 480_000;
const never = 2 ** 31 - 1;

/** What a schedule begins with. */
export interface Beginning {
  readonly campaignId: string;
  readonly slug: string;
  readonly seed: number;
  /** The devices it has; the others are out of service. */
  readonly devices: readonly string[];
}

/** A database with the real api over it, used by one schedule after another. */
export class LaneLab {
  /** The gates of the present schedule. */
  apiGate = new PoolGate(undefined, () => undefined);
  workerGate = new PoolGate(undefined, () => undefined);
  /** Time of PostgreSQL at which the present schedule began. */
  beganAt = '';
  /** Seed of the present schedule. */
  seed = 0;
  private readonly http = new Agent({ keepAlive: true, maxSockets: 8 });

  private constructor(
    readonly db: TestDatabase,
    readonly scene: LabScene,
    readonly devices: ReadonlyMap<string, SceneDevice>,
    readonly opsToken: string,
    /** A connection nothing goes wrong on: time, locks, the final count. */
    readonly watcher: Client,
    /** The same as a pool. */
    readonly quietPool: Pool,
    private readonly app: NestExpressApplication,
  ) {}

  /** The api's own pool. */
  get apiPool(): Pool {
    return this.app.get<Pool>(POOL);
  }

  /** Clears away what earlier schedules left, and opens a campaign. */
  async begin({ campaignId, slug, seed, devices }: Beginning): Promise<void> {
    const { db, scene, watcher } = this;
    this.seed = seed;
    await watcher.query(
      `update campaign set status = 'finished' where status = 'running';
       update labware set discarded = true where not discarded;
       update dispatch set state = 'withdrawn', settled_at = now(), lease_expires_at = null, change = jsonb_build_object('by', system_actor(tenant_id), 'reason', 'the schedule is over') where state in ('blocked', 'queued', 'leased');
       update device set state = case when code in (${devices.map((code) => `'${code}'`).join()}) then 'in-service' else 'out-of-service' end,
         state_reason = null, quarantined_by = null, hold = null, hold_checklist = '{}', last_seen_at = null;
       update lab_clock set now_at = '2026-01-05T08:00:00Z'`,
    );
    const { rows } = await watcher.query<{ at: string }>('select clock_timestamp()::text as at');
    this.beganAt = (rows[0] as { at: string }).at;
    // Tokens are text in journals and answers: of one length, and the same whenever a seed runs.
    await watcher.query(`select setval('fencing_token', $1)`, [1_000_000_000 + (seed % 1_000_000) * 1_000]);
    await watcher.query(
      `insert into campaign (id, tenant_id, site_id, slug, status, owner_id) values ($1, $2, $3, $4, 'running', $5)`,
      [campaignId, db.tenantId, db.siteId, slug, scene.personId],
    );
  }

  /** @param functions SQL functions instead of those of the sources, for a mutant */
  static async open(server: PostgresServer, functions?: SqlFunctions): Promise<LaneLab> {
    const db = await testDatabase('virtual', server);
    if (functions) await migrate(db.url, [], functions);
    const scene = await LabScene.open(db, 'scene');
    const devices = new Map<string, SceneDevice>();
    for (const code of ['lh-1', 'lh-2']) devices.set(code, await scene.device(code, 'transfer-liquid', 1_000));
    devices.set('reader-1', await scene.device('reader-1', 'read-plate', 1_000));
    devices.set('arm-1', await scene.device('arm-1', 'move-labware', 4, 'person'));
    const ops = await issueToken(db.pool, { tenantId: db.tenantId, kind: 'person', name: 'ada', roles: ['ops'] });
    const settings = { databaseUrl: db.url, databasePoolSize: 4, leaseMs, sweepMs: never, longPollMs: 25_000 };
    const app = await createServer(settings, false);
    const watcher = new Client({ connectionString: db.url });
    await watcher.connect();
    const quietPool = new Pool({ connectionString: db.url, max: 2 });
    const lab = new LaneLab(db, scene, devices, ops.token, watcher, quietPool, app);
    PoolGate.install(lab.apiPool, () => lab.apiGate);
    PoolGate.install(db.pool, () => lab.workerGate);
    // What the api does by itself happens in turns of the schedule instead.
    app.get(LabKeeper).onApplicationBootstrap = () => Promise.resolve();
    await app.listen(0, '127.0.0.1');
    // The first request of a device in the life of a process looks twice.
    for (const device of devices.values()) await lab.poll(device);
    return lab;
  }

  private async poll({ code, token }: SceneDevice): Promise<void> {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const body = JSON.stringify({ waitMs: 0, protocolVersion: 1 });
    await this.send({ method: 'POST', path: `/v1/devices/${code}/leases`, headers, body, timeoutMs: never });
  }

  /** Codes of the devices that queued work is routed to, or that can do what is routed to none. */
  async devicesWithWork(): Promise<Set<string>> {
    const { rows } = await this.watcher.query<{ code: string }>({
      name: 'devices-with-work',
      text: `select distinct v.code from dispatch d join device v on v.site_id = d.site_id
          and coalesce(v.id = d.routed_device_id, d.capability = any (v.capabilities))
        where d.state = 'queued' order by v.code`,
    });
    return new Set(rows.map(({ code }) => code));
  }

  /** Sends a request through the api's whole stack. @throws Error when the connection breaks */
  send(request: ApiRequest): Promise<ApiResponse> {
    const { method, path, headers, body } = request;
    const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
    return new Promise((resolve, reject) => {
      const options = { agent: this.http, host: '127.0.0.1', port: portOf(this.app), method, path };
      const sent = httpRequest({ ...options, headers: { ...headers, ...length } }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) }));
        response.on('error', reject);
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }

  async close(): Promise<void> {
    this.apiGate = new PoolGate(undefined, () => undefined);
    this.workerGate = this.apiGate;
    this.http.destroy();
    await this.watcher.end();
    await this.quietPool.end();
    await this.app.close();
    await this.db.close();
  }
}
