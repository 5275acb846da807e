import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'pg';
import { freePort } from '../../../apps/cli/stack/ports';
import { embeddedPostgres, ensureDatabase } from '../../../apps/cli/stack/postgres';
import { projectRoot } from '../../../apps/cli/stack/project-root';
import { Supervisor } from '../../../apps/cli/stack/supervisor';
import { migrate } from '../../../db/migrate';
import { ownEnvironment } from '../../../libs/platform/config/variable';

/** What a bench of device work stands on: a PostgreSQL that syncs to disk, and the api as a process of its own. */
export interface Ground {
  /** Database of the product, migrated. */
  readonly databaseUrl: string;
  /** Empty database for what is measured beside it. */
  readonly besideUrl: string;
  readonly apiUrl: string;
  /** Connections of the bench to the product's database. */
  readonly pool: Pool;
  readonly supervisor: Supervisor;
  stop(): Promise<void>;
}

const producers = 12;

/** Starts a fresh ground in a folder of its own; `nodeOptions` are given to the api's Node. What fails leaves nothing behind. */
export async function openGround(nodeOptions: readonly string[] = []): Promise<Ground> {
  const dataDir = mkdtempSync(join(tmpdir(), 'anneal-bench-'));
  const supervisor = new Supervisor({ logsDir: join(dataDir, 'logs'), say });
  const clear = async (): Promise<void> => {
    await supervisor.stop();
    rmSync(dataDir, { recursive: true, force: true });
  };
  try {
    const { databaseUrl, besideUrl } = await startPostgres(supervisor, dataDir);
    const apiUrl = await startApi(supervisor, { databaseUrl, dataDir, nodeOptions });
    const pool = new Pool({ connectionString: databaseUrl, max: producers });
    pool.on('error', () => undefined);
    return { databaseUrl, besideUrl, apiUrl, pool, supervisor, stop: () => pool.end().then(clear) };
  } catch (error) {
    await clear();
    throw error;
  }
}

async function startPostgres(
  supervisor: Supervisor,
  dataDir: string,
): Promise<{ databaseUrl: string; besideUrl: string }> {
  const postgres = await embeddedPostgres({ dataDir, port: await freePort(), say });
  await supervisor.start(postgres.spec);
  const [databaseUrl, besideUrl] = [postgres.url('anneal'), postgres.url('beside')];
  for (const name of ['anneal', 'beside']) await ensureDatabase(postgres.url('postgres'), name);
  await migrate(databaseUrl);
  return { databaseUrl, besideUrl };
}

/** Tells a person, beside the figures. */
export const say = (line: string): void => void process.stderr.write(`${line}\n`);

async function startApi(
  supervisor: Supervisor,
  at: { readonly databaseUrl: string; readonly dataDir: string; readonly nodeOptions: readonly string[] },
): Promise<string> {
  const port = await freePort();
  await supervisor.start({
    name: 'api',
    command: process.execPath,
    args: ['--enable-source-maps', ...at.nodeOptions, join(projectRoot, 'dist', 'apps', 'api', 'main.js')],
    cwd: projectRoot,
    env: {
      LOG_LEVEL: 'warn',
      ...ownEnvironment(),
      MODE: 'embedded',
      DATABASE_URL: at.databaseUrl,
      ANNEAL_DATA_DIR: at.dataDir,
      API_HOST: '127.0.0.1',
      API_PORT: String(port),
    },
    ready: 'line',
    readyWithinMs: 60_000,
  });
  return `http://127.0.0.1:${port}`;
}
