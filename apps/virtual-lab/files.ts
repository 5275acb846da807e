import { createHash } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { FileRef } from '../../libs/device/job';
import { PanelRefusal } from './panel-refusal';

/** A file as a device wrote it. */
export interface WrittenFile {
  readonly name: string;
  readonly mediaType: string;
  readonly content: Uint8Array;
}

/** Files that devices wrote, by content hash. */
export class LabFiles {
  constructor(private readonly dir: string) {
    mkdirSync(dir, { recursive: true });
  }

  /** Keeps a file; it is on the disk when this resolves. */
  async keep({ name, mediaType, content }: WrittenFile): Promise<FileRef> {
    const sha256 = createHash('sha256').update(content).digest('hex');
    const path = join(this.dir, sha256);
    if (!existsSync(path)) {
      const handle = await open(`${path}.part`, 'w');
      await handle.writeFile(content);
      await handle.datasync();
      await handle.close();
      await rename(`${path}.part`, path);
    }
    return { sha256, bytes: content.byteLength, name, mediaType };
  }

  /** Content of a file. @throws PanelRefusal 404 when there is none of that hash. */
  async read(sha256: string): Promise<Buffer> {
    const path = join(this.dir, /^[0-9a-f]{64}$/.test(sha256) ? sha256 : 'none');
    if (!existsSync(path)) throw new PanelRefusal(404, 'not-found', `there is no file ${sha256}`);
    return readFile(path);
  }
}
