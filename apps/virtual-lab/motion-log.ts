import {
  closeSync,
  existsSync,
  fdatasync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import type { LogLine } from './motions';

const sync = promisify(fdatasync);

/**
 * Append-only log of what physically happened, one JSON line each. A line that is not whole, the mark of a power cut, is cut off
 * when the log is opened. Lines written close together share one sync.
 */
export class MotionLog {
  private readonly fd: number;
  private waiting: string[] = [];
  private syncing: Promise<void> | undefined;
  private next: Promise<void> | undefined;

  /** Opens or makes the log; `lines` are those it held. */
  static open(path: string): { log: MotionLog; lines: LogLine[] } {
    mkdirSync(dirname(path), { recursive: true });
    const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    const lines = whole.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as LogLine]));
    return { log: new MotionLog(path, Buffer.byteLength(whole)), lines };
  }

  private constructor(path: string, wholeBytes: number) {
    this.fd = openSync(path, 'a');
    ftruncateSync(this.fd, wholeBytes);
    fsyncSync(this.fd);
  }

  /** Adds lines in order; they are lost together or kept together up to the next `flush`. */
  append(...lines: readonly LogLine[]): void {
    for (const line of lines) this.waiting.push(`${JSON.stringify(line)}\n`);
  }

  /** Resolves when everything appended so far is on the disk. */
  flush(): Promise<void> {
    if (!this.syncing) return (this.syncing = this.writeOut());
    this.next ??= this.syncing.then(() => {
      this.next = undefined;
      return (this.syncing = this.writeOut());
    });
    return this.next;
  }

  /** Writes out what waits and closes the file. */
  async close(): Promise<void> {
    await this.flush();
    closeSync(this.fd);
  }

  private async writeOut(): Promise<void> {
    const text = this.waiting.join('');
    this.waiting = [];
    try {
      if (text !== '') {
        writeSync(this.fd, text);
        await sync(this.fd);
      }
    } finally {
      this.syncing = undefined;
    }
  }
}
