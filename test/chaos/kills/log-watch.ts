import type { FSWatcher } from 'node:fs';
import { openSync, readSync, closeSync, watch } from 'node:fs';
import type { InstrumentLine } from './instrument-log';

/** Hears each line of a log as soon as it is written. */
export class LogWatch {
  private readonly fd: number;
  private readonly watcher: FSWatcher;
  private readonly listeners = new Set<(line: InstrumentLine) => void>();
  private rest = '';

  constructor(path: string) {
    this.fd = openSync(path, 'r');
    this.read();
    this.watcher = watch(path, () => this.read());
  }

  /** Calls back for every line from now on. @returns what ends it */
  on(listener: (line: InstrumentLine) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  close(): void {
    this.watcher.close();
    closeSync(this.fd);
  }

  private read(): void {
    const buffer = Buffer.alloc(65_536);
    for (let bytes = readSync(this.fd, buffer); bytes > 0; bytes = readSync(this.fd, buffer)) {
      const lines = (this.rest + buffer.toString('utf8', 0, bytes)).split('\n');
      this.rest = lines.pop() ?? '';
      for (const line of lines) this.tell(JSON.parse(line) as InstrumentLine);
    }
  }

  private tell(line: InstrumentLine): void {
    for (const listener of this.listeners) listener(line);
  }
}
