import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { readJson, writeJson } from './json-file';

/**
 * Below the range systems lend to outgoing connections: a client that reconnects to a dead server on a lent port can
 * end up connected to itself and keep the server from coming back.
 */
const lowest = 15_000;
const highest = 32_000;

/** Ports of a data folder: chosen once, kept in `ports.json`, chosen again only when another program took one. */
export class Ports {
  private readonly file: string;
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    dataDir: string,
    private readonly say: (line: string) => void,
  ) {
    this.file = join(dataDir, 'ports.json');
  }

  /** Port of a process; `wished` (not 0) is taken as it is. */
  async of(name: string, wished = 0): Promise<number> {
    if (wished > 0) return wished;
    const chosen = this.last.then(() => this.choose(name));
    this.last = chosen.catch(() => undefined);
    return chosen;
  }

  private async choose(name: string): Promise<number> {
    const kept = (await readJson<Record<string, number>>(this.file)) ?? {};
    const before = kept[name];
    if (before && (await isFree(before))) return before;
    const port = await freePort(Object.values(kept));
    if (before) this.say(`port ${before} of ${name} is taken by another program; using ${port}`);
    await writeJson(this.file, { ...kept, [name]: port });
    return port;
  }
}

/** A loopback port nobody listens on and none of `taken`. */
export async function freePort(taken: readonly number[] = []): Promise<number> {
  for (;;) {
    const port = randomInt(lowest, highest);
    if (!taken.includes(port) && (await isFree(port))) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  }
}
