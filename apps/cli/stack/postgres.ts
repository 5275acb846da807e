import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { DomainError } from '../../../libs/errors/domain-error';
import { clusterHome, postgresBinaries, postgresUser } from './postgres-binaries';
import type { PostgresUser } from './postgres-binaries';
import { commandLine, identify, putToRest } from './process-identity';
import type { ProcessSpec } from './process-spec';

const run = promisify(execFile);
const role = 'anneal';

/** What the embedded PostgreSQL needs to know. */
export interface PostgresOptions {
  /** The cluster lives in `postgres/` below it, the password in `postgres-password`. */
  readonly dataDir: string;
  readonly port: number;
  readonly say?: (line: string) => void;
}

/** An embedded PostgreSQL, its cluster made, ready to be started by a supervisor. */
export interface EmbeddedPostgres {
  readonly spec: ProcessSpec;
  /** URL of a database of the cluster; the role may create others. */
  url(database: string): string;
}

/**
 * Makes the cluster when it is missing and says how to start it. Data is synced to disk; it listens on loopback.
 * @throws DomainError `stack-start-failed` when there are no binaries, no user to run as, or the password is lost
 */
export async function embeddedPostgres(options: PostgresOptions): Promise<EmbeddedPostgres> {
  const say = options.say ?? (() => undefined);
  const user = await postgresUser();
  const binaries = await postgresBinaries(user, say);
  const cluster = join(await clusterHome(options.dataDir, user), 'postgres');
  if (await isCluster(cluster)) await requirePassword(options.dataDir, cluster);
  const password = await keptPassword(options.dataDir);
  if (!(await isCluster(cluster))) await makeCluster(cluster, binaries, user, password);
  const url = (database: string): string => `postgres://${role}:${password}@127.0.0.1:${options.port}/${database}`;
  return { url, spec: postgresSpec(cluster, binaries, user, options.port, url('postgres')) };
}

/** Creates a database unless it is there. */
export async function ensureDatabase(adminUrl: string, name: string): Promise<void> {
  const client = new Client({ connectionString: adminUrl });
  await client.connect();
  try {
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [name]);
    if (!rowCount) await client.query(`create database ${client.escapeIdentifier(name)}`);
  } finally {
    await client.end();
  }
}

/** Whether a PostgreSQL takes connections. */
export async function postgresAnswers(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('select 1');
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

function postgresSpec(
  cluster: string,
  binaries: string,
  user: PostgresUser,
  port: number,
  adminUrl: string,
): ProcessSpec {
  const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'max_connections=200', 'fsync=on'];
  return {
    name: 'postgres',
    command: join(binaries, 'bin', 'postgres'),
    args: ['-D', cluster, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])],
    env: { LC_ALL: 'C', TZ: 'UTC' },
    cwd: cluster,
    ...user,
    ready: () => postgresAnswers(adminUrl),
    readyWithinMs: 60_000,
    startAttempts: 6,
    stopSignal: 'SIGINT',
    beforeStart: () => clearStalePid(cluster),
  };
}

async function makeCluster(cluster: string, binaries: string, user: PostgresUser, password: string): Promise<void> {
  const draft = `${cluster}.new`;
  const passwordFile = `${cluster}.password`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { mode: 0o700 });
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (user.uid !== undefined && user.gid !== undefined) {
    for (const path of [draft, passwordFile]) await chown(path, user.uid, user.gid);
  }
  try {
    const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
    const access = [`--username=${role}`, '--auth=scram-sha-256', `--pwfile=${passwordFile}`];
    await run(join(binaries, 'bin', 'initdb'), ['-D', draft, ...access, ...locale], {
      cwd: draft,
      env: { LC_ALL: 'C', TZ: 'UTC' },
      ...user,
    });
    await rename(draft, cluster);
  } finally {
    await rm(passwordFile, { force: true });
  }
}

async function keptPassword(dataDir: string): Promise<string> {
  const file = join(dataDir, 'postgres-password');
  const password = randomBytes(24).toString('hex');
  await writeFile(file, password, { mode: 0o600, flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  return (await readFile(file, 'utf8')).trim();
}

/** A cluster without its password would refuse every connection, again and again. */
async function requirePassword(dataDir: string, cluster: string): Promise<void> {
  const file = join(dataDir, 'postgres-password');
  if (await stat(file).catch(() => undefined)) return;
  throw new DomainError(
    'stack-start-failed',
    `${file} is missing, but the PostgreSQL in ${cluster} was made with it. Restore the file, ` +
      'or move that folder away to begin with an empty database.',
  );
}

async function isCluster(folder: string): Promise<boolean> {
  return (await stat(join(folder, 'PG_VERSION')).catch(() => undefined)) !== undefined;
}

/**
 * After a kill or a power cut `postmaster.pid` names a process that is gone, or, after a reboot, a stranger with the
 * same number, which would keep PostgreSQL from starting; or our own orphan, which must end first.
 */
async function clearStalePid(cluster: string): Promise<void> {
  const file = join(cluster, 'postmaster.pid');
  const text = await readFile(file, 'utf8').catch(() => '');
  const holder = await identify(Number(text.split('\n')[0]) || 0);
  if (!text || !holder || holder.pid === process.pid) return rm(file, { force: true });
  if ((await commandLine(holder.pid)).includes(cluster)) await putToRest(holder, 'SIGINT', 5_000);
  await rm(file, { force: true });
}
