import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import { freePort } from '../../apps/cli/stack/ports';
import { embeddedPostgres, ensureDatabase, postgresAnswers } from '../../apps/cli/stack/postgres';
import type { EmbeddedPostgres } from '../../apps/cli/stack/postgres';
import { Supervisor } from '../../apps/cli/stack/supervisor';

/** Servers start within two seconds on an idle machine; a busy one may take its time. */
jest.setTimeout(180_000);

let dataDir: string;
let supervisor: Supervisor;
let postgres: EmbeddedPostgres;

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'anneal-postgres-'));
  supervisor = new Supervisor({ logsDir: join(dataDir, 'logs') });
  postgres = await embeddedPostgres({ dataDir, port: await freePort() });
  await supervisor.start(postgres.spec);
  await ensureDatabase(postgres.url('postgres'), 'anneal');
});

afterEach(async () => {
  await supervisor.stop();
  rmSync(dataDir, { recursive: true });
});

async function query(sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: postgres.url('anneal') });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

describe('embedded PostgreSQL', () => {
  it('keeps what was committed over kill -9', async () => {
    await query('create table well (name text); insert into well values ($$A1$$)');
    await supervisor.kill('postgres');
    await supervisor.whenReady('postgres');
    expect(await query('select name from well')).toEqual([{ name: 'A1' }]);
    expect(supervisor.restarts('postgres')).toBe(1);
  });

  it('keeps what was committed over a new supervisor, on the same cluster and password', async () => {
    await query('create table well (name text); insert into well values ($$B2$$)');
    await supervisor.stop();
    supervisor = new Supervisor({ logsDir: join(dataDir, 'logs') });
    postgres = await embeddedPostgres({ dataDir, port: await freePort() });
    await supervisor.start(postgres.spec);
    await ensureDatabase(postgres.url('postgres'), 'anneal');
    expect(await query('select name from well')).toEqual([{ name: 'B2' }]);
  });

  it('starts over a postmaster.pid that names a stranger', async () => {
    await supervisor.stop();
    writeFileSync(join(dataDir, 'postgres', 'postmaster.pid'), `${process.ppid}\n${dataDir}/postgres\n`);
    supervisor = new Supervisor({ logsDir: join(dataDir, 'logs') });
    await supervisor.start(postgres.spec);
    expect(await query('select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('ends an orphan of its own that still holds the cluster', async () => {
    await supervisor.stop();
    const { command, args, env, cwd, uid, gid } = postgres.spec;
    const user = uid === undefined || gid === undefined ? {} : { uid, gid };
    const orphan = spawn(command, args, { env: { ...env }, cwd: cwd as string, stdio: 'ignore', ...user });
    const ended = once(orphan, 'exit');
    while (!(await postgresAnswers(postgres.url('anneal')))) await pause(20);
    supervisor = new Supervisor({ logsDir: join(dataDir, 'logs') });
    await supervisor.start(postgres.spec);
    expect(await ended).toEqual([0, null]);
    expect(await query('select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('syncs to disk, listens on loopback only and compares text by code point', async () => {
    const [row] =
      await query(`select current_setting('fsync') as fsync, current_setting('synchronous_commit') as commit,
      current_setting('listen_addresses') as address, 'a' < 'B' as ignores_case, upper('é') as upper`);
    expect(row).toEqual({ fsync: 'on', commit: 'on', address: '127.0.0.1', ignores_case: false, upper: 'É' });
  });

  it('refuses at once to start a cluster whose password is lost', async () => {
    rmSync(join(dataDir, 'postgres-password'));
    const start = embeddedPostgres({ dataDir, port: await freePort() });
    await expect(start).rejects.toMatchObject({ code: 'stack-start-failed' });
    await expect(start).rejects.toThrow(/postgres-password is missing/);
  });

  it('keeps its password to itself', async () => {
    const file = join(dataDir, 'postgres-password');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const wrong = new Client({ connectionString: postgres.url('anneal').replace(readFileSync(file, 'utf8'), 'guess') });
    await expect(wrong.connect()).rejects.toThrow(/password authentication failed/);
  });
});
