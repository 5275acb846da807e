import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { ProcessSpec } from '../../apps/cli/stack/process-spec';
import { identify, isAlive } from '../../apps/cli/stack/process-identity';
import { projectRoot } from '../../apps/cli/stack/project-root';
import { Supervisor } from '../../apps/cli/stack/supervisor';

/** Servers start within two seconds on an idle machine; a busy one may take its time. */
jest.setTimeout(180_000);

const serve = `
  const server = require('node:net').createServer().listen(0, '127.0.0.1', () =>
    console.log(JSON.stringify({ ready: true, port: server.address().port })));
`;
const ordered = `
  const { appendFileSync } = require('node:fs');
  process.on('SIGTERM', () => { appendFileSync(process.env.ORDER, process.env.NAME + ' '); process.exit(0); });
`;

let folder: string;
let supervisor: Supervisor;
const said: string[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'anneal-supervisor-'));
  said.length = 0;
  supervisor = new Supervisor({ logsDir: folder, say: (line) => said.push(line) });
});

afterEach(async () => {
  await supervisor.stop();
  rmSync(folder, { recursive: true });
});

function script(name: string, source: string, more: Partial<ProcessSpec> = {}): ProcessSpec {
  const env = { NAME: name, ORDER: join(folder, 'order') };
  const args = ['-e', source];
  return { name, command: process.execPath, args, env, ready: 'line', readyWithinMs: 10_000, ...more };
}

/** A process that ended but was not collected by its parent yet counts as gone. */
async function gone(pid: number): Promise<boolean> {
  return (await identify(pid)) === undefined;
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await pause(10);
}

describe('supervisor', () => {
  it('waits for the ready line and tells the port', async () => {
    const report = await supervisor.start(script('server', serve));
    expect(report.port).toBeGreaterThan(0);
    expect(supervisor.pids()).toEqual({ server: report.pid });
    expect(isAlive(report.pid)).toBe(true);
  });

  it('starts again what was killed, and counts it', async () => {
    const first = await supervisor.start(script('server', serve));
    await supervisor.kill('server');
    const second = await supervisor.whenReady('server');
    expect(second.pid).not.toBe(first.pid);
    expect(isAlive(first.pid)).toBe(false);
    expect(supervisor.restarts('server')).toBe(1);
    expect(said.join('\n')).toMatch(/server died \(signal SIGKILL\)/);
  });

  it('starts again what ends by itself, even with exit code 0', async () => {
    await supervisor.start(script('brief', `${serve} setTimeout(() => process.exit(0), 50);`));
    await until(() => supervisor.restarts('brief') >= 2);
    expect(said.join('\n')).toMatch(/brief died \(exit code 0\)/);
  });

  it('refuses a first start that fails, with the end of its log', async () => {
    const start = supervisor.start(script('broken', `console.error('no such table'); process.exit(3)`));
    await expect(start).rejects.toMatchObject({ code: 'stack-start-failed' });
    await expect(start).rejects.toThrow(/broken ended \(exit code 3\)[^]*no such table/);
    expect(supervisor.pids()).toEqual({});
  });

  it('kills what never becomes ready', async () => {
    const start = supervisor.start(script('mute', 'setInterval(() => 0, 1000)', { readyWithinMs: 300 }));
    await until(() => 'mute' in supervisor.pids());
    const pid = supervisor.pids()['mute'] as number;
    await expect(start).rejects.toThrow(/mute did not answer within 300 ms/);
    await until(() => gone(pid));
  });

  it('tries a first start again as often as its specification allows', async () => {
    const once = `const fs = require('node:fs'); const f = process.env.ORDER;
      if (!fs.existsSync(f)) { fs.writeFileSync(f, ''); process.exit(1); } ${serve}`;
    const report = await supervisor.start(script('second', once, { startAttempts: 2 }));
    expect(report.port).toBeGreaterThan(0);
  });

  it('asks a probe until it answers', async () => {
    let asked = 0;
    const ready = (): Promise<boolean> => (++asked < 3 ? Promise.reject(new Error('not yet')) : Promise.resolve(true));
    await supervisor.start(script('probed', 'setInterval(() => 0, 1000)', { ready }));
    expect(asked).toBe(3);
  });

  it('stops in reverse order', async () => {
    for (const name of ['one', 'two', 'three']) await supervisor.start(script(name, ordered + serve));
    await supervisor.stop();
    expect(readFileSync(join(folder, 'order'), 'utf8')).toBe('three two one ');
    expect(supervisor.pids()).toEqual({});
  });

  it('kills what ignores its stop signal, and what it started itself', async () => {
    const deaf = `process.on('SIGTERM', () => {});
      const child = require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => 0, 1000)']);
      require('node:fs').writeFileSync(process.env.ORDER, String(child.pid)); ${serve}`;
    const { pid } = await supervisor.start(script('deaf', deaf, { stopGraceMs: 100 }));
    const grandchild = Number(readFileSync(join(folder, 'order'), 'utf8'));
    await supervisor.stop();
    expect(isAlive(pid)).toBe(false);
    await until(() => gone(grandchild));
  });

  it('stops a process whose start is still under way', async () => {
    const start = supervisor.start(script('slow', 'setInterval(() => 0, 1000)'));
    await until(() => 'slow' in supervisor.pids());
    const pid = supervisor.pids()['slow'] as number;
    await Promise.all([expect(start).rejects.toThrow(/slow ended/), supervisor.stop()]);
    expect(isAlive(pid)).toBe(false);
  });

  it('starts nothing once it was stopped', async () => {
    await supervisor.stop();
    await expect(supervisor.start(script('late', serve))).rejects.toMatchObject({ code: 'stack-start-failed' });
    expect(supervisor.pids()).toEqual({});
  });

  it('leaves nothing behind when the supervisor itself is killed', async () => {
    const pidFile = join(folder, 'pid');
    const child = `const { spawn } = require('node:child_process');
      const child = spawn(process.execPath, ['-e', 'setInterval(() => 0, 1000)'], { detached: true, stdio: 'ignore' });
      const reaper = spawn(process.execPath, [process.env.REAPER], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
      reaper.stdin.write('+ ' + child.pid + ' SIGTERM\\n', () =>
        require('node:fs').writeFileSync(process.env.PID_FILE, String(child.pid)));`;
    writeFileSync(pidFile, '');
    const env = { REAPER: join(projectRoot, 'apps/cli/stack/stop-orphans.mjs'), PID_FILE: pidFile };
    const parent = spawn(process.execPath, ['-e', child], { env, stdio: 'ignore' });
    await until(() => readFileSync(pidFile, 'utf8') !== '');
    const orphan = Number(readFileSync(pidFile, 'utf8'));
    expect(isAlive(orphan)).toBe(true);
    parent.kill('SIGKILL');
    await once(parent, 'exit');
    await until(() => gone(orphan));
  });
});
