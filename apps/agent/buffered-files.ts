import type { FileRef } from '../../libs/device/job';
import type { AgentFiles } from './ports';

const waiting = 'files/';
const refused = 'refused/';

/**
 * Files of outcomes that the api has not taken yet, by content hash. What the api refused for good is set aside and kept until
 * a person takes it away.
 */
export class BufferedFiles {
  private readonly sizes = new Map<string, number>();

  private constructor(private readonly files: AgentFiles) {}

  /** Opens the buffer of a device and sees what is in it. */
  static async open(files: AgentFiles): Promise<BufferedFiles> {
    const buffer = new BufferedFiles(files);
    for (const { name, bytes } of await files.list()) {
      if (name.startsWith(waiting) || name.startsWith(refused)) buffer.sizes.set(name, bytes);
    }
    return buffer;
  }

  /** Bytes on the disk, those set aside included. */
  get bytes(): number {
    return [...this.sizes.values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  /** How many files wait for the api. */
  get count(): number {
    return this.named(waiting).length;
  }

  /** How many records of refused outcomes are set aside. */
  get refusedCount(): number {
    return this.named(refused).filter((name) => name.endsWith('.json')).length;
  }

  /** Keeps a file; it is on the disk when this resolves. */
  async keep({ sha256 }: FileRef, content: Uint8Array): Promise<void> {
    await this.put(waiting + sha256, content);
  }

  /** Content of a kept file; undefined when it is not here. */
  async read({ sha256 }: FileRef): Promise<Uint8Array | undefined> {
    return this.sizes.has(waiting + sha256) ? this.files.read(waiting + sha256) : undefined;
  }

  /** Forgets a file. */
  async drop({ sha256 }: Pick<FileRef, 'sha256'>): Promise<void> {
    const name = waiting + sha256;
    if (!this.sizes.has(name)) return;
    await this.files.remove(name);
    this.sizes.delete(name);
  }

  /** Forgets every file that waits, except those named. @returns how many. */
  async dropAllBut(sha256s: ReadonlySet<string>): Promise<number> {
    const left = this.named(waiting).filter((name) => !sha256s.has(name.slice(waiting.length)));
    for (const name of left) await this.drop({ sha256: name.slice(waiting.length) });
    return left.length;
  }

  /** Keeps what the api refused: a record of it, and its files. */
  async setAside(id: string, record: unknown, contents: ReadonlyMap<string, Uint8Array>): Promise<void> {
    for (const [sha256, content] of contents) await this.put(refused + sha256, content);
    await this.put(`${refused}${id}.json`, Buffer.from(JSON.stringify(record)));
  }

  private async put(name: string, content: Uint8Array): Promise<void> {
    if (this.sizes.get(name) === content.byteLength) return;
    await this.files.put(name, content);
    this.sizes.set(name, content.byteLength);
  }

  private named(prefix: string): string[] {
    return [...this.sizes.keys()].filter((name) => name.startsWith(prefix));
  }
}
