import {
  closeSync,
  existsSync,
  fdatasync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { LeasedJob, Outcome } from '../../libs/device/job';

const sync = promisify(fdatasync);

/** One line of the journal, written before what it announces. */
export type JournalLine =
  | { readonly e: 'leased'; readonly id: string; readonly token: string; readonly job: LeasedJob }
  | { readonly e: 'started'; readonly id: string; readonly leaseMs: number }
  | { readonly e: 'outcome'; readonly id: string; readonly outcome: Outcome }
  | { readonly e: 'settled'; readonly id: string; readonly how: string }
  /** First line after a compaction: what must never be forgotten. */
  | { readonly e: 'kept'; readonly highestToken: string; readonly started: readonly string[] };

/** A dispatch that has not been settled. */
export interface OpenDispatch {
  readonly id: string;
  readonly token: string;
  readonly job: LeasedJob;
  /** Present once the api said that it may start: it may have been triggered. */
  leaseMs?: number;
  /** Present once the instrument said how it ended. */
  outcome?: Outcome;
}

const compactAboveBytes = 4 * 1_048_576;

/**
 * What one device's agent must not forget in a crash: append-only, synced. It refuses a dispatch that was started before and a
 * token below the highest seen, which fences the device off from whoever holds an older lease.
 */
export class Journal {
  private fd: number;
  private readonly path: string;
  private readonly startedIds = new Set<string>();
  private readonly opened = new Map<string, OpenDispatch>();
  private highest = 0n;

  /** Opens or makes the journal of a folder; a torn last line is cut off. */
  constructor(readonly dir: string) {
    mkdirSync(dir, { recursive: true });
    this.path = join(dir, 'journal.jsonl');
    const text = existsSync(this.path) ? readFileSync(this.path, 'utf8') : '';
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    for (const line of whole.split('\n')) if (line !== '') this.remember(JSON.parse(line) as JournalLine);
    this.fd = openSync(this.path, 'a');
    ftruncateSync(this.fd, Buffer.byteLength(whole));
    fsyncSync(this.fd);
    if (whole.length > compactAboveBytes) this.compact();
  }

  /** Dispatches that were begun and not settled, oldest first. */
  get open(): OpenDispatch[] {
    return [...this.opened.values()];
  }

  /** Why a leased job must not be worked on; undefined when it may. */
  refusalOf({ dispatchId, fencingToken }: LeasedJob): string | undefined {
    if (this.startedIds.has(dispatchId)) return `dispatch ${dispatchId} was started here before`;
    if (BigInt(fencingToken) < this.highest) return `token ${fencingToken} is older than ${this.highest}`;
    return undefined;
  }

  /** Notes a lease; on the disk before the api is asked whether it may start. */
  leased(job: LeasedJob): Promise<void> {
    return this.write({ e: 'leased', id: job.dispatchId, token: job.fencingToken, job });
  }

  /** Notes that the api said start; on the disk before the trigger. */
  started(id: string, leaseMs: number): Promise<void> {
    return this.write({ e: 'started', id, leaseMs });
  }

  /** Notes how it ended; on the disk before the instrument may forget it. */
  ended(id: string, outcome: Outcome): Promise<void> {
    return this.write({ e: 'outcome', id, outcome });
  }

  /** Notes that nothing is left to do. Losing this line only means reporting the same outcome again. */
  settled(id: string, how: string): void {
    this.append({ e: 'settled', id, how });
  }

  /** Closes the file. */
  close(): void {
    closeSync(this.fd);
  }

  private async write(line: JournalLine): Promise<void> {
    this.append(line);
    await sync(this.fd);
  }

  private append(line: JournalLine): void {
    writeSync(this.fd, `${JSON.stringify(line)}\n`);
    this.remember(line);
  }

  private remember(line: JournalLine): void {
    switch (line.e) {
      case 'leased':
        this.opened.set(line.id, { id: line.id, token: line.token, job: line.job });
        this.see(line.token);
        return;
      case 'started': {
        this.startedIds.add(line.id);
        const entry = this.opened.get(line.id);
        if (entry) entry.leaseMs = line.leaseMs;
        return;
      }
      case 'outcome': {
        const entry = this.opened.get(line.id);
        if (entry) entry.outcome = line.outcome;
        return;
      }
      case 'settled':
        this.opened.delete(line.id);
        return;
      case 'kept':
        this.see(line.highestToken);
        for (const id of line.started) this.startedIds.add(id);
        return;
    }
  }

  private see(token: string): void {
    const value = BigInt(token);
    if (value > this.highest) this.highest = value;
  }

  /** Writes what still matters into a fresh file and puts it in the place of the old one. */
  private compact(): void {
    const lines: JournalLine[] = [
      { e: 'kept', highestToken: String(this.highest), started: [...this.startedIds] },
      ...this.open.flatMap(({ id, token, job, leaseMs, outcome }): JournalLine[] => [
        { e: 'leased', id, token, job },
        ...(leaseMs === undefined ? [] : [{ e: 'started', id, leaseMs } as const]),
        ...(outcome ? [{ e: 'outcome', id, outcome } as const] : []),
      ]),
    ];
    const fresh = openSync(`${this.path}.new`, 'w');
    writeSync(fresh, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    fsyncSync(fresh);
    closeSync(fresh);
    closeSync(this.fd);
    renameSync(`${this.path}.new`, this.path);
    this.fd = openSync(this.path, 'a');
  }
}
