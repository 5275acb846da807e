import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeApi } from './fake-api';
import { bundle } from './killable-process';

const dir = mkdtempSync(join(tmpdir(), 'anneal-agent-main-'));
const [stagingDir, inboxDir, outboxDir] = ['staging', 'inbox', 'outbox'].map((name) => join(dir, name));
const script = bundle(join(__dirname, '../../apps/agent/main.ts'), dir);

describe('the agent process', () => {
  const api = new FakeApi([]);
  let agent: ChildProcess | undefined;
  afterAll(async () => {
    agent?.kill('SIGKILL');
    await api.server.close();
  });

  it('serves the devices it can, says of each what it has at hand, and ends with 0 when it is told to', async () => {
    for (const folder of [inboxDir, outboxDir]) mkdirSync(folder as string);
    const fileDrop = { stagingDir, inboxDir, outboxDir };
    const devices = [
      { code: 'drop-1', token: 'token', adapter: 'file-drop', fileDrop },
      { code: 'odd-1', token: 'token', adapter: 'telepathy' },
    ];
    const devicesPath = join(dir, 'devices.json');
    writeFileSync(devicesPath, JSON.stringify(devices));
    const env = { ...process.env, API_URL: await api.server.listen(), ANNEAL_DATA_DIR: dir, AGENT_DEVICES_PATH: devicesPath }; // prettier-ignore
    const child = (agent = spawn(process.execPath, [script], { env, stdio: ['ignore', 'pipe', 'ignore'] }));
    const first = await new Promise<Buffer>((resolve) => child.stdout.once('data', resolve));
    const { port } = JSON.parse(first.toString()) as { port: number };
    await api.until(() => api.conditions.length > 0);
    const status = await (await fetch(`http://127.0.0.1:${port}/`)).json();
    expect(status).toMatchObject({
      devices: [
        { device: 'drop-1', open: [], bufferedBytes: 0, bufferedFiles: 0 },
        { device: 'odd-1', takingWork: false, reason: expect.stringMatching(/found "telepathy"/) as string },
      ],
    });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
    expect(readdirSync(join(dir, 'agent', 'drop-1'))).not.toContain('lock');
  }, 30_000);
});
