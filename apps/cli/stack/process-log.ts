import { appendFileSync, closeSync, mkdirSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

const rotateBytes = 20 * 1024 * 1024;

/** Log file of one process, appended to over its restarts; one earlier file is kept once it passes 20 MB. */
export class ProcessLog {
  constructor(readonly path: string) {
    mkdirSync(dirname(path), { recursive: true });
  }

  /** Opens the file for a child; the caller closes the descriptor once the child has it. */
  open(): number {
    if ((statSync(this.path, { throwIfNoEntry: false })?.size ?? 0) > rotateBytes) {
      renameSync(this.path, `${this.path}.1`);
    }
    return openSync(this.path, 'a', 0o600);
  }

  /** Closes a descriptor of `open`. */
  close(descriptor: number): void {
    closeSync(descriptor);
  }

  /** Appends what a child wrote to its pipe. */
  append(text: string): void {
    appendFileSync(this.path, text, { mode: 0o600 });
  }

  /** Last lines, for the message of a failed start. */
  tail(lines: number): string {
    try {
      return readFileSync(this.path, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
    } catch {
      return '';
    }
  }
}
