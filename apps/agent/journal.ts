import type { LeasedJob, Outcome } from '../../libs/device/job';
import type { JournalLine } from './journal-lines';
import { decodeLines, encodeLine } from './journal-lines';
import type { AgentClock, AgentFiles } from './ports';

/** A dispatch that has not been settled. */
export interface OpenDispatch {
  readonly id: string;
  readonly token: string;
  readonly job: LeasedJob;
  /** Wall time of its latest step, ISO. */
  since?: string;
  /** Present once the api said that it may start: it may have been triggered. */
  leaseMs?: number;
  /** Present once the instrument said how it ended. */
  outcome?: Outcome;
  /** The end of the journal was torn after its lease: what was lost may have said that it started. */
  doubtful?: boolean;
}

/** What a journal is made of. */
export interface JournalParts {
  readonly files: AgentFiles;
  readonly clock: AgentClock;
  /** How many ids of started dispatches outlive a compaction. */
  readonly keepStarted?: number;
  /** Size from which the journal is written anew, bytes. */
  readonly compactAboveBytes?: number;
}

const name = 'journal.jsonl';

/**
 * What one device's agent must not forget in a crash: append-only, each line synced before what it announces. It refuses a
 * dispatch that was started before and a token below the highest seen, which fences the device off from whoever holds an older lease.
 *
 * Ids of started dispatches are kept for the last `keepStarted` (100,000) only. Older ones are fenced by the token: every lease
 * has a higher token than all before it, so a late or repeated message about an old dispatch carries one below the highest
 * seen, and so does every lease of a database that was set back to an old copy, until its tokens have grown past all it has lost.
 */
export class Journal {
  private readonly startedIds = new Set<string>();
  private readonly opened = new Map<string, OpenDispatch>();
  private readonly keepStarted: number;
  private readonly compactAboveBytes: number;
  private highest = 0n;
  private bytes = 0;
  private compactAt: number;
  private writing: Promise<void> = Promise.resolve();
  private broken: Error | undefined;

  private constructor(private readonly parts: JournalParts) {
    this.keepStarted = parts.keepStarted ?? 100_000;
    this.compactAboveBytes = parts.compactAboveBytes ?? 4 * 1_048_576;
    this.compactAt = this.compactAboveBytes;
  }

  /**
   * Opens or makes the journal; a torn end is cut off.
   * @throws JournalDamaged when a line before the end cannot be read
   */
  static async open(parts: JournalParts): Promise<Journal> {
    const journal = new Journal(parts);
    const content = (await parts.files.read(name)) ?? new Uint8Array();
    const { lines, torn, unended } = decodeLines(content);
    for (const line of lines) journal.remember(line);
    if (torn) journal.doubtLatest(lines.at(-1));
    journal.bytes = content.byteLength;
    if (torn || unended || journal.bytes > journal.compactAt) await journal.compact();
    else if (journal.bytes > 0) await parts.files.sync(name);
    return journal;
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
    return this.write({ e: 'leased', id: job.dispatchId, token: job.fencingToken, job, at: this.now });
  }

  /** Notes that the api said start; on the disk before the trigger. */
  started(id: string, leaseMs: number): Promise<void> {
    return this.write({ e: 'started', id, leaseMs, at: this.now });
  }

  /** Notes how it ended; on the disk before the instrument may forget it. */
  ended(id: string, outcome: Outcome): Promise<void> {
    return this.write({ e: 'outcome', id, outcome, at: this.now });
  }

  /** Notes that nothing is left to do. */
  async settled(id: string, how: string): Promise<void> {
    await this.write({ e: 'settled', id, how });
    if (this.bytes > this.compactAt) await this.inTurn(() => this.compact());
  }

  private get now(): string {
    return this.parts.clock.wallTime();
  }

  /** Remembers at once, so that nothing is allowed in between; resolves when the line is on the disk. */
  private write(line: JournalLine): Promise<void> {
    this.remember(line);
    return this.inTurn(async () => {
      const bytes = Buffer.from(encodeLine(line));
      await this.parts.files.append(name, bytes);
      await this.parts.files.sync(name);
      this.bytes += bytes.byteLength;
    });
  }

  /** One after another. After a failure nothing more is written: behind half a line every further one would be lost. */
  private inTurn(act: () => Promise<void>): Promise<void> {
    const done = this.writing.then(async () => {
      if (this.broken) throw this.broken;
      try {
        await act();
      } catch (error) {
        this.broken = new Error(`the journal cannot be written: ${String(error)}`);
        throw this.broken;
      }
    });
    this.writing = done.catch(() => undefined);
    return done;
  }

  private remember(line: JournalLine): void {
    const entry = 'id' in line ? this.opened.get(line.id) : undefined;
    if (entry && 'at' in line && line.at !== undefined) entry.since = line.at;
    switch (line.e) {
      case 'leased':
        this.opened.set(line.id, { id: line.id, token: line.token, job: line.job, ...(line.at ? { since: line.at } : {}) }); // prettier-ignore
        this.see(line.token);
        return;
      case 'started':
        this.startedIds.add(line.id);
        if (entry) entry.leaseMs = line.leaseMs;
        return;
      case 'outcome':
        if (entry) entry.outcome = line.outcome;
        return;
      case 'settled':
        this.opened.delete(line.id);
        return;
      case 'kept':
        this.see(line.highestToken);
        for (const id of line.started) this.startedIds.add(id);
        return;
    }
  }

  private doubtLatest(line: JournalLine | undefined): void {
    const entry = line?.e === 'leased' ? this.opened.get(line.id) : undefined;
    if (entry) entry.doubtful = true;
  }

  private see(token: string): void {
    const value = BigInt(token);
    if (value > this.highest) this.highest = value;
  }

  /** Writes what still matters in the place of the old content. */
  private async compact(): Promise<void> {
    const extra = this.startedIds.size - this.keepStarted;
    for (const id of [...this.startedIds].slice(0, Math.max(0, extra))) this.startedIds.delete(id);
    const lines: JournalLine[] = [
      { e: 'kept', highestToken: String(this.highest), started: [...this.startedIds] },
      ...this.open.flatMap(linesOf),
    ];
    const content = Buffer.from(lines.map(encodeLine).join(''));
    await this.parts.files.put(name, content);
    this.bytes = content.byteLength;
    this.compactAt = Math.max(this.compactAboveBytes, 2 * this.bytes);
  }
}

function linesOf({ id, token, job, leaseMs, outcome, since }: OpenDispatch): JournalLine[] {
  const at = since === undefined ? {} : { at: since };
  return [
    { e: 'leased', id, token, job, ...at },
    ...(leaseMs === undefined ? [] : [{ e: 'started', id, leaseMs, ...at } as const]),
    ...(outcome ? [{ e: 'outcome', id, outcome, ...at } as const] : []),
  ];
}
