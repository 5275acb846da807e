import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import type { StackContext } from '../../apps/cli/stack/anneal-processes';
import { identify } from '../../apps/cli/stack/process-identity';
import type { ProcessSpec } from '../../apps/cli/stack/process-spec';
import { readStackState } from '../../apps/cli/stack/stack-state';
import { startStack } from '../../apps/cli/stack/stack';
import type { Stack, StackOptions } from '../../apps/cli/stack/stack';
import { ensureTokens } from '../../apps/cli/stack/tokens';
import type { Tokens } from '../../apps/cli/stack/tokens';

/** Servers start within two seconds on an idle machine; a busy one may take its time. */
jest.setTimeout(180_000);

const serve = `require('node:http').createServer((_, response) => response.end(process.env.DATABASE_URL))
  .listen(Number(process.env.API_PORT), '127.0.0.1', () =>
    console.log(JSON.stringify({ ready: true, port: Number(process.env.API_PORT) })));`;

/** A stand-in for the api: answers with the database it was told to use. */
function echo(context: StackContext): ProcessSpec[] {
  const env = { ...context.env, API_PORT: String(context.ports.api), DATABASE_URL: context.databaseUrl };
  const args = ['-e', serve];
  return [{ name: 'api', command: process.execPath, args, env, ready: 'line', readyWithinMs: 10_000 }];
}

let dataDir: string;
let stack: Stack | undefined;

async function start(more: Partial<StackOptions> = {}): Promise<Stack> {
  stack = await startStack({ dataDir, handleSignals: false, processes: echo, ...more });
  return stack;
}

async function column(url: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows.map((row) => Object.values(row)[0]);
  } finally {
    await client.end();
  }
}

const tokensOf = (state: { tokensPath: string }): Tokens =>
  JSON.parse(readFileSync(state.tokensPath, 'utf8')) as Tokens;

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'anneal-stack-'));
});

afterEach(async () => {
  await stack?.stop();
  stack = undefined;
  rmSync(dataDir, { recursive: true });
});

describe('embedded stack', () => {
  it('starts, migrates, tells where everything answers, and leaves nothing behind', async () => {
    const state = (await start()).state();
    expect(await (await fetch(state.apiUrl)).text()).toBe(state.databaseUrl);
    expect(await column(state.databaseUrl, 'select count(*)::int from tenant')).toEqual([1]);
    expect(Object.keys(state.pids).sort()).toEqual(['api', 'postgres', 'stack', 'temporal']);
    expect(await readStackState(dataDir)).toMatchObject(state);
    expect(statSync(join(dataDir, 'stack.json')).mode & 0o777).toBe(0o600);
    await stack?.stop();
    const { stack: own, ...children } = state.pids;
    expect(own).toBe(process.pid);
    for (const pid of Object.values(children)) expect(await identify(pid)).toBeUndefined();
    expect(existsSync(join(dataDir, 'stack.json'))).toBe(false);
  });

  it('keeps addresses, tokens and facts over a restart', async () => {
    const before = (await start()).state();
    const tokens = tokensOf(before);
    await column(
      before.databaseUrl,
      `insert into site (id, tenant_id, slug, name)
      select gen_random_uuid(), id, 'annex', 'Annex' from tenant`,
    );
    await stack?.stop();
    const { pids, ...after } = (await start()).state();
    expect(before).toMatchObject(after);
    expect(pids['postgres']).not.toBe(before.pids['postgres']);
    expect(tokensOf(before)).toEqual(tokens);
    expect(await column(after.databaseUrl, 'select slug from site order by slug')).toEqual(['annex', 'main']);
  });

  it('refuses a second stack on the same folder, and says which process holds it', async () => {
    await start();
    const second = startStack({ dataDir, handleSignals: false, processes: echo });
    await expect(second).rejects.toMatchObject({ code: 'stack-already-running' });
    await expect(second).rejects.toThrow(new RegExp(`pid ${process.pid}`));
    expect(await readStackState(dataDir)).toBeDefined();
  });

  it('writes the pid of a process that was started again', async () => {
    const { supervisor } = await start();
    await supervisor.kill('api');
    const { pid } = await supervisor.whenReady('api');
    while ((await readStackState(dataDir))?.pids['api'] !== pid) await new Promise(setImmediate);
    expect((await fetch((stack as Stack).state().apiUrl)).status).toBe(200);
  });

  it('uses the database and the Temporal server it is given, and starts none of its own', async () => {
    const { databaseUrl, temporalAddress } = (await start()).state();
    const other = mkdtempSync(join(tmpdir(), 'anneal-guest-'));
    const env = { ...process.env, DATABASE_URL: databaseUrl, TEMPORAL_ADDRESS: temporalAddress };
    const guest = await startStack({ dataDir: other, env, handleSignals: false, processes: echo });
    try {
      expect(Object.keys(guest.state().pids).sort()).toEqual(['api', 'stack']);
      expect(guest.state()).toMatchObject({ databaseUrl, temporalAddress });
      expect(guest.state().uiUrl).toBeUndefined();
    } finally {
      await guest.stop();
      rmSync(other, { recursive: true });
    }
  });

  it('stops what it had started when a later process does not start', async () => {
    let pids: Record<string, number> = {};
    const broken = (context: StackContext): ProcessSpec[] => [
      ...echo(context),
      {
        name: 'worker',
        command: process.execPath,
        args: ['-e', 'process.exit(4)'],
        env: {},
        ready: 'line',
        readyWithinMs: 9_000,
      },
    ];
    const prepare = (context: StackContext): Promise<void> => {
      pids = {
        postgres: Number(readFileSync(join(context.dataDir, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0]),
      };
      return Promise.resolve();
    };
    await expect(start({ processes: broken, prepare })).rejects.toThrow(/worker ended \(exit code 4\)/);
    expect(await identify(pids['postgres'] as number)).toBeUndefined();
    expect(existsSync(join(dataDir, 'stack.lock'))).toBe(false);
  });

  it('makes one token per role, and a new one for a token the database no longer knows', async () => {
    const state = (await start()).state();
    const before = tokensOf(state);
    expect(new Set(Object.values(before)).size).toBe(5);
    await column(
      state.databaseUrl,
      'update access_token set revoked_at = now() where sha256 = sha256(' + `convert_to('${before.pi}', 'UTF8'))`,
    );
    const after = await ensureTokens(state.databaseUrl, dataDir);
    expect(after.pi).not.toBe(before.pi);
    expect({ ...after, pi: '' }).toEqual({ ...before, pi: '' });
  });
});
