import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'pg';
import type { StackContext } from '../../../apps/cli/stack/anneal-processes';
import { nodeProcess } from '../../../apps/cli/stack/anneal-processes';
import { freePort } from '../../../apps/cli/stack/ports';
import { embeddedPostgres, ensureDatabase } from '../../../apps/cli/stack/postgres';
import type { ProcessSpec } from '../../../apps/cli/stack/process-spec';
import { projectRoot } from '../../../apps/cli/stack/project-root';
import { Reaper } from '../../../apps/cli/stack/reaper';
import { enrolDevice } from '../../../db/lab/devices';
import { putPlace } from '../../../db/lab/places';
import { migrate } from '../../../db/migrate';
import type { Installation } from '../../../db/seed';
import { ensureInstallation, issueToken } from '../../../db/seed';
import { bearBreaking } from '../../../libs/platform/database/broken-connections';
import type { InstrumentLine } from './instrument-log';
import { readLines } from './instrument-log';
import { LogWatch } from './log-watch';
import { insist } from './patience';
import type { VictimName } from './schedule';
import { Victim } from './victim';

/** How long a job stays with a silent device, ms: short, so that every kill that lasts is noticed. */
const leaseMs = 1_500;
const devices = [
  { code: 'lh-1', kind: 'liquid-handler', capability: 'transfer-liquid' },
  { code: 'lh-2', kind: 'liquid-handler', capability: 'transfer-liquid' },
  { code: 'reader-1', kind: 'plate-reader', capability: 'read-plate' },
  { code: 'arm-1', kind: 'arm', capability: 'move-labware' },
] as const;

/** What a running lab is made of. */
interface LabParts {
  readonly folder: string;
  readonly apiUrl: string;
  readonly installation: Installation & { readonly actorId: string; readonly token: string };
  readonly reaper: Reaper;
  readonly victims: Readonly<Record<VictimName, Victim>>;
  readonly pool: Pool;
  readonly logPath: string;
}

/** A lab of real processes, each of which can be killed: PostgreSQL, api, agent and the instruments. */
export class KillLab {
  readonly installation: LabParts['installation'];
  readonly victims: LabParts['victims'];
  readonly watch: LogWatch;

  private constructor(private readonly parts: LabParts) {
    this.installation = parts.installation;
    this.victims = parts.victims;
    this.watch = new LogWatch(parts.logPath);
  }

  /** Starts everything in a folder of its own. */
  static async open(seed: string): Promise<KillLab> {
    const folder = mkdtempSync(join(tmpdir(), 'anneal-kills-'));
    const reaper = new Reaper();
    try {
      return new KillLab(await openIn(folder, seed, reaper));
    } catch (error) {
      await reaper.close();
      throw error;
    }
  }

  /** What stands in the instruments' log. */
  lines(): InstrumentLine[] {
    return readLines(readFileSync(this.parts.logPath, 'utf8')).lines;
  }

  /** Asks PostgreSQL, again and again while it is away. @throws what it refuses */
  insist<T>(ask: (pool: Pool) => Promise<T>): Promise<T> {
    return insist(this.parts.pool, ask);
  }

  /** Calls the api in the name of a person. @returns the status; 0 when nobody answered */
  async call(method: string, path: string, json: unknown): Promise<{ status: number; body: string }> {
    const headers = { authorization: `Bearer ${this.installation.token}`, 'content-type': 'application/json' };
    try {
      const signal = AbortSignal.timeout(10_000);
      const response = await fetch(`${this.parts.apiUrl}${path}`, {
        method,
        headers,
        body: JSON.stringify(json),
        signal,
      });
      return { status: response.status, body: await response.text() };
    } catch (error) {
      return { status: 0, body: String(error) };
    }
  }

  /** Logs of the processes, for the study of a failure. */
  get logsDir(): string {
    return join(this.parts.folder, 'logs');
  }

  /** Stops everything; removes the folder unless it is to be studied. */
  async close(keep = false): Promise<void> {
    this.watch.close();
    await this.parts.pool.end();
    for (const name of ['agent', 'instrument', 'api', 'postgres'] as const) await this.victims[name].stop();
    await this.parts.reaper.close();
    if (!keep) rmSync(this.parts.folder, { recursive: true, force: true });
  }
}

async function openIn(folder: string, seed: string, reaper: Reaper): Promise<LabParts> {
  const logs = join(folder, 'logs');
  const instrumentDir = join(folder, 'instrument');
  mkdirSync(instrumentDir, { recursive: true });
  const ports = { postgres: await freePort(), api: await freePort(), lab: await freePort(), agent: await freePort() };
  const embedded = await embeddedPostgres({ dataDir: folder, port: ports.postgres });
  const postgres = new Victim(embedded.spec, logs, reaper);
  await postgres.start();
  await ensureDatabase(embedded.url('postgres'), 'anneal');
  const databaseUrl = embedded.url('anneal');
  await migrate(databaseUrl);
  const pool = new Pool({
    connectionString: databaseUrl,
    max: 4,
    connectionTimeoutMillis: 5_000,
    onConnect: bearBreaking,
  });
  pool.on('error', () => undefined);
  const devicesPath = join(folder, 'devices.json');
  const installation = await install(pool, devicesPath);
  const context = contextOf(folder, databaseUrl, ports);
  const timing = { LEASE_MS: String(leaseMs), SWEEP_MS: '100', LOG_LEVEL: 'warn', DATABASE_POOL_SIZE: '10' };
  const api = nodeProcess(context, 'api', { API_PORT: String(ports.api), ...timing });
  const agent = nodeProcess(context, 'agent', {
    AGENT_PORT: String(ports.agent),
    API_URL: context.apiUrl,
    LAB_URL: context.labUrl,
    AGENT_DEVICES_PATH: devicesPath,
    HEARTBEAT_MS: '250',
    LONG_POLL_MS: '5000',
  });
  const victims = {
    postgres,
    api: new Victim(api, logs, reaper),
    instrument: new Victim(instrumentProcess(ports.lab, instrumentDir, seed), logs, reaper),
    agent: new Victim(agent, logs, reaper),
  };
  await Promise.all([victims.api.start(), victims.instrument.start()]);
  await victims.agent.start();
  const logPath = join(instrumentDir, 'instrument.jsonl');
  return { folder, apiUrl: context.apiUrl, installation, reaper, victims, pool, logPath };
}

function contextOf(
  folder: string,
  databaseUrl: string,
  ports: { api: number; lab: number; agent: number },
): StackContext {
  return {
    dataDir: folder,
    databaseUrl,
    temporalAddress: '127.0.0.1:1',
    temporalNamespace: 'default',
    tokensPath: join(folder, 'tokens.json'),
    apiUrl: `http://127.0.0.1:${ports.api}`,
    labUrl: `http://127.0.0.1:${ports.lab}`,
    ports,
    env: {},
  };
}

function instrumentProcess(port: number, folder: string, seed: string): ProcessSpec {
  return {
    name: 'instrument',
    command: process.execPath,
    args: [join(projectRoot, 'dist/test/chaos/kills/instrument.js'), String(port), folder, seed],
    cwd: projectRoot,
    env: {},
    ready: 'line',
    readyWithinMs: 60_000,
  };
}

async function install(pool: Pool, devicesPath: string): Promise<LabParts['installation']> {
  const installation = await ensureInstallation(pool, { clockMode: 'wall' });
  const { tenantId } = installation;
  const person = { tenantId, kind: 'person', name: 'ada', roles: ['ops', 'operator'] } as const;
  const { token, actorId } = await issueToken(pool, person);
  const by = { tenantId, site: 'main', actorId };
  await putPlace(pool, by, { code: 'consumables', kind: 'consumables', capacity: 10_000 });
  await putPlace(pool, by, { code: 'hotel', kind: 'storage', capacity: 10_000 });
  await putPlace(pool, by, { code: 'incubator-37', kind: 'incubator', capacity: 10_000 });
  const served = [];
  for (const { code, kind, capability } of devices) {
    await putPlace(pool, by, { code: `deck-${code}`, kind: 'deck', capacity: 16 });
    const placeCode = `deck-${code}`;
    await enrolDevice(pool, by, { code, name: code, kind, capabilities: [capability], placeCode, simulated: true });
    const credential = await issueToken(pool, { tenantId, kind: 'device', name: code });
    served.push({ code, token: credential.token, adapter: 'virtual' });
  }
  writeFileSync(devicesPath, JSON.stringify(served), { mode: 0o600 });
  return { ...installation, actorId, token };
}
