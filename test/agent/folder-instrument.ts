import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** An instrument that watches a folder, as many do: it takes a job file out of the inbox, moves, and writes into the outbox. */
export class FolderInstrument {
  readonly inboxDir: string;
  readonly outboxDir: string;
  readonly stagingDir: string;
  private readonly runs: string[] = [];
  private readonly moved = new Map<string, number>();

  constructor(private readonly dir: string) {
    this.inboxDir = join(dir, 'inbox');
    this.outboxDir = join(dir, 'outbox');
    this.stagingDir = join(dir, 'staging');
    for (const folder of [this.inboxDir, this.outboxDir, join(dir, 'taken')]) mkdirSync(folder);
  }

  /** Takes what is in the inbox and does it. */
  take(): void {
    for (const name of readdirSync(this.inboxDir)) {
      const taken = join(this.dir, 'taken', name);
      renameSync(join(this.inboxDir, name), taken);
      const dispatchId = name.replace(/\.csv$/, '');
      const lines = readFileSync(taken, 'utf8').trim().split('\n').length - 1;
      this.moved.set(dispatchId, (this.moved.get(dispatchId) ?? 0) + lines);
      this.runs.push(dispatchId);
    }
  }

  /** Writes the output of what it took, the marker of the end last. */
  end(marker: 'done' | 'failed' | 'none' = 'done', said = ''): void {
    for (const dispatchId of this.runs.splice(0)) {
      writeFileSync(
        join(this.outboxDir, `run ${dispatchId} plate 1.csv`),
        `well,value\nA1,${this.moved.get(dispatchId)}\n`,
      );
      if (marker !== 'none') writeFileSync(join(this.outboxDir, `${dispatchId}.${marker}`), said);
    }
  }

  /** Forgets what it took. */
  forget(): void {
    this.runs.length = 0;
  }

  /** How many lines of worklists it executed for a dispatch. */
  movesOf(dispatchId: string): number {
    return this.moved.get(dispatchId) ?? 0;
  }

  /** The share with its folders is away. */
  unplug(): void {
    for (const folder of [this.inboxDir, this.outboxDir]) if (existsSync(folder)) rmSync(folder, { recursive: true });
  }
}
