import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { Pool } from 'pg';
import type { StackContext } from '../../../apps/cli/stack/anneal-processes';
import { nodeProcess } from '../../../apps/cli/stack/anneal-processes';
import { freePort } from '../../../apps/cli/stack/ports';
import { embeddedPostgres, ensureDatabase } from '../../../apps/cli/stack/postgres';
import type { ProcessSpec } from '../../../apps/cli/stack/process-spec';
import { Reaper } from '../../../apps/cli/stack/reaper';
import type { Stack } from '../../../apps/cli/stack/stack';
import { startStack } from '../../../apps/cli/stack/stack';
import { enrolDevice } from '../../../db/lab/devices';
import { putPlace } from '../../../db/lab/places';
import type { Installation } from '../../../db/seed';
import { ensureActor, ensureInstallation, issueToken } from '../../../db/seed';
import { ownEnvironment } from '../../../libs/platform/config/variable';
import { bearBreaking } from '../../../libs/platform/database/broken-connections';
import { Victim } from '../kills/victim';
import { StageRobot } from './stage-robot';

/** Everything the test needs, running: only PostgreSQL and the worker are there to be killed. */
export interface Stand {
  readonly postgres: Victim;
  readonly worker: Victim;
  readonly pool: Pool;
  readonly client: Client;
  readonly installation: Installation & { readonly actorId: string };
  readonly robots: readonly StageRobot[];
  readonly logsDir: string;
  close(keep: boolean): Promise<void>;
}

/** Starts a PostgreSQL of its own (fsync on), Temporal's development server, api and worker, and makes robots known. */
export async function openStand(robots: number, say: (line: string) => void): Promise<Stand> {
  const folder = mkdtempSync(join(tmpdir(), 'anneal-storm-'));
  // PostgreSQL's own user must get through to its cluster, or it is kept elsewhere and stays behind.
  chmodSync(folder, 0o711);
  // What was started last ends first, whether the start went well or not.
  const endings: (() => Promise<unknown>)[] = [];
  const close = async (keep: boolean): Promise<void> => {
    for (const end of endings.splice(0).reverse()) await end();
    if (!keep) rmSync(folder, { recursive: true, force: true });
  };
  try {
    return { ...(await openIn(folder, robots, endings, say)), close };
  } catch (error) {
    await close(true);
    throw error;
  }
}

async function openIn(
  folder: string,
  robots: number,
  endings: (() => Promise<unknown>)[],
  say: (line: string) => void,
): Promise<Omit<Stand, 'close'>> {
  const logsDir = join(folder, 'logs');
  const facts = join(folder, 'facts');
  mkdirSync(facts);
  const reaper = new Reaper();
  endings.push(() => reaper.close());
  const begin = (spec: ProcessSpec): Victim => {
    const victim = new Victim(spec, logsDir, reaper);
    endings.push(() => victim.stop());
    return victim;
  };
  const embedded = await embeddedPostgres({ dataDir: facts, port: await freePort(), say });
  const postgres = begin(embedded.spec);
  await postgres.start();
  await ensureDatabase(embedded.url('postgres'), 'anneal');
  const databaseUrl = embedded.url('anneal');
  const { stack, context } = await temporalAlone(folder, databaseUrl, say);
  endings.push(() => stack.stop());
  const api = begin(nodeProcess(context, 'api', { API_PORT: String(context.ports.api) }));
  const worker = begin(nodeProcess(context, 'worker', {}));
  await Promise.all([api.start(), worker.start()]);
  const pool = new Pool({
    connectionString: databaseUrl,
    max: 8,
    connectionTimeoutMillis: 5_000,
    onConnect: bearBreaking,
  });
  pool.on('error', () => undefined);
  endings.push(() => pool.end());
  const { temporalAddress: address, temporalNamespace: namespace } = context;
  const connection = await Connection.connect({ address });
  endings.push(() => connection.close());
  const installation = await install(pool);
  const made = await makeRobots(pool, installation, context.apiUrl, robots);
  const client = new Client({ connection, namespace });
  return { postgres, worker, pool, client, installation, robots: made, logsDir };
}

/** The embedded stack with an outside PostgreSQL and none of the processes that are to be killed. */
async function temporalAlone(
  folder: string,
  databaseUrl: string,
  say: (line: string) => void,
): Promise<{ stack: Stack; context: StackContext }> {
  let context: StackContext | undefined;
  const stack = await startStack({
    dataDir: join(folder, 'stack'),
    env: { LOG_LEVEL: 'warn', ...ownEnvironment(), DATABASE_URL: databaseUrl },
    say,
    handleSignals: false,
    processes: (given) => {
      context = given;
      return [];
    },
  });
  return { stack, context: context as unknown as StackContext };
}

async function install(pool: Pool): Promise<Stand['installation']> {
  const installation = await ensureInstallation(pool, { clockMode: 'virtual' });
  const { tenantId } = installation;
  const actorId = await ensureActor(pool, { tenantId, kind: 'person', name: 'chaos', roles: ['ops'] });
  await putPlace(pool, { tenantId, site: 'main', actorId }, { code: 'hotel', kind: 'storage', capacity: 1_000_000 });
  return { ...installation, actorId };
}

async function makeRobots(
  pool: Pool,
  { tenantId, actorId }: Stand['installation'],
  apiUrl: string,
  count: number,
): Promise<StageRobot[]> {
  const made: StageRobot[] = [];
  for (let index = 1; index <= count; index++) {
    const code = `storm-${index}`;
    const device = { code, name: code, kind: 'person', capabilities: ['move-labware'], simulated: true };
    await enrolDevice(pool, { tenantId, site: 'main', actorId }, device);
    const { token } = await issueToken(pool, { tenantId, kind: 'device', name: code });
    made.push(new StageRobot(apiUrl, code, token));
  }
  return made;
}
