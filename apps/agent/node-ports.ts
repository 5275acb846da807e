import type { FileHandle } from 'node:fs/promises';
import { mkdir, open, readdir, readFile, rename, rm, stat, statfs } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { withTimeout } from '../../libs/client/with-timeout';
import type { AgentClock, AgentFiles, Send } from './ports';

const partial = '.part';

/** The files of an agent in a folder of their own, readable by its user only. */
export class DiskFiles implements AgentFiles {
  private readonly handles = new Map<string, FileHandle>();
  /** Files whose names are not synced yet. */
  private readonly unnamed = new Set<string>();

  private constructor(readonly dir: string) {}

  /** Opens or makes the folder. */
  static async open(dir: string): Promise<DiskFiles> {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    return new DiskFiles(dir);
  }

  async read(name: string): Promise<Uint8Array | undefined> {
    try {
      return await readFile(join(this.dir, name));
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  async append(name: string, bytes: Uint8Array): Promise<void> {
    const handle = this.handles.get(name) ?? (await this.openFor(name));
    await handle.appendFile(bytes);
  }

  async sync(name: string): Promise<void> {
    const handle = this.handles.get(name) ?? (await this.openFor(name));
    await handle.datasync();
    if (!this.unnamed.has(name)) return;
    await syncFolder(dirname(join(this.dir, name)));
    this.unnamed.delete(name);
  }

  async put(name: string, bytes: Uint8Array): Promise<void> {
    const path = join(this.dir, name);
    const made = await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    if (made) await syncFolder(dirname(made));
    const handle = await open(path + partial, 'w', 0o600);
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await this.forget(name);
    await rename(path + partial, path);
    await syncFolder(dirname(path));
  }

  async remove(name: string): Promise<void> {
    await this.forget(name);
    await rm(join(this.dir, name), { force: true });
  }

  async list(): Promise<{ name: string; bytes: number }[]> {
    const entries = await readdir(this.dir, { recursive: true, withFileTypes: true });
    const found = entries.filter((entry) => entry.isFile() && !entry.name.endsWith(partial));
    return Promise.all(
      found.map(async (entry) => {
        const path = join(entry.parentPath, entry.name);
        const name = path.slice(this.dir.length + 1).replaceAll('\\', '/');
        return { name, bytes: (await stat(path)).size };
      }),
    );
  }

  /** Lets go of every file. */
  async close(): Promise<void> {
    for (const name of [...this.handles.keys()]) await this.forget(name);
  }

  private async openFor(name: string): Promise<FileHandle> {
    const handle = await open(join(this.dir, name), 'a', 0o600);
    this.handles.set(name, handle);
    this.unnamed.add(name);
    return handle;
  }

  private async forget(name: string): Promise<void> {
    const handle = this.handles.get(name);
    this.handles.delete(name);
    await handle?.close();
  }
}

/** Makes names in a folder survive a power cut. Windows keeps them itself and opens no folder. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';

/** Bytes a folder's disk still takes. */
export async function freeBytes(dir: string): Promise<number> {
  const { bavail, bsize } = await statfs(dir);
  return bavail * bsize;
}

/** The clock of this machine. Where the system tells how long it slept (Linux), the time asleep counts as passed. */
export class MachineClock implements AgentClock {
  private readonly beganUp = uptimeMs();
  private readonly began = performance.now();
  private asleepMs = 0;

  monotonicMs(): number {
    const passed = performance.now();
    const asleep = uptimeMs() - this.beganUp - (passed - this.began);
    if (asleep > this.asleepMs + 1_000) this.asleepMs = asleep;
    return passed + this.asleepMs;
  }

  wallTime(): string {
    return new Date().toISOString();
  }

  pause(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      signal.addEventListener('abort', wake);
    });
  }
}

/** Time since the machine was switched on, time asleep included; NaN where it is not told. */
function uptimeMs(): number {
  try {
    return Number.parseFloat(readFileSync('/proc/uptime', 'utf8')) * 1_000;
  } catch {
    return Number.NaN;
  }
}

const forever = new AbortController().signal;

/** Sends requests to an api over kept-alive connections. Nothing is sent twice: no redirect is followed, nothing is tried again. */
export function fetchSend(baseUrl: string): Send {
  return ({ method, path, headers, body, timeoutMs, signal = forever }) =>
    withTimeout(timeoutMs, signal, async (own) => {
      const content = body === undefined ? {} : { body };
      const url = new URL(path, baseUrl);
      const response = await fetch(url, { method, headers, redirect: 'error', signal: own, ...content }).catch(sayWhy);
      return { status: response.status, body: new Uint8Array(await response.arrayBuffer()) };
    });
}

/** `fetch` says "fetch failed" and hides why. */
function sayWhy(error: unknown): never {
  const { cause } = error as { cause?: { code?: string; message?: string } };
  throw cause === undefined ? error : new Error(`no answer: ${cause.code ?? cause.message ?? String(cause)}`);
}
