import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { FileRef } from '../../libs/device/job';

/** Files of outcomes that the api has not taken yet, by content hash. */
export class BufferedFiles {
  constructor(private readonly dir: string) {
    mkdirSync(dir, { recursive: true });
  }

  /** Keeps a file; it is on the disk when this resolves. */
  async keep({ sha256 }: FileRef, content: Uint8Array): Promise<void> {
    const path = join(this.dir, sha256);
    if (existsSync(path)) return;
    const handle = await open(`${path}.part`, 'w');
    await handle.writeFile(content);
    await handle.datasync();
    await handle.close();
    await rename(`${path}.part`, path);
  }

  /** Content of a kept file; undefined when it is not here. */
  read({ sha256 }: FileRef): Uint8Array | undefined {
    const path = join(this.dir, sha256);
    return existsSync(path) ? readFileSync(path) : undefined;
  }

  /** Forgets a file. */
  drop({ sha256 }: FileRef): void {
    rmSync(join(this.dir, sha256), { force: true });
  }
}
