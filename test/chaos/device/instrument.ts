import { createHash } from 'node:crypto';
import { readPicklist } from '../../../libs/build/picklist';
import { compressOrdinals } from '../../../libs/device/job';
import type { FileRef, LeasedJob, Outcome } from '../../../libs/device/job';
import type { Generator } from '../../../libs/random/generator';
import type { Profile } from './profile';
import type { Turns } from './turns';

/** One line of the instrument's own record, which nothing erases. */
export type Motion =
  | { readonly kind: 'trigger'; readonly dispatchId: string; readonly at: number }
  | {
      readonly kind: 'transfer';
      readonly dispatchId: string;
      readonly jobId: string;
      readonly ordinal: number;
      readonly volumePl: number;
    }
  | { readonly kind: 'completed'; readonly dispatchId: string; readonly result: Outcome['result'] };

interface Staged {
  readonly job: LeasedJob;
  readonly transfers: readonly { readonly ordinal: number; readonly volumePl: number }[];
}

/** What the instrument remembers of a run; its power cut may erase it. */
interface Run {
  readonly staged: Staged;
  readonly startedAt: number;
  readonly done: number[];
  readonly uncertain: number[];
  outcome?: Outcome;
  readonly files: Map<string, Buffer>;
}

/** The instrument does not answer. */
export class Silent extends Error {}

/** How a dispatch looks from the instrument. */
export type Seen =
  | { readonly state: 'running' }
  | { readonly state: 'done'; readonly outcome: Outcome }
  | { readonly state: 'never-started' | 'unknown' };

const transferMs = 60_000;
/** Sizes of result files: mostly small, now and then one that takes two chunks, bytes. */
const fileBytes = [600, 2_000, 1_048_576 + 40];

/**
 * An instrument with a record of its own. It does whatever it is told, twice if told twice, except a dispatch it has said of that
 * it never started. Its memory can be lost; its record cannot.
 */
export class Instrument {
  readonly record: Motion[] = [];
  /** Whether anyone gets an answer. */
  reachable = true;
  private readonly staged = new Map<string, Staged>();
  private readonly runs = new Map<string, Run>();
  private readonly refused = new Set<string>();
  private busyWith: string | undefined;
  private forgot = false;
  private pauseUntil = 0;
  private readonly waiting = new Set<() => void>();

  constructor(
    readonly code: string,
    private readonly turns: Turns,
    private readonly random: Generator,
    private readonly profile: Profile,
  ) {}

  get owner(): string {
    return `instrument ${this.code}`;
  }

  stage(job: LeasedJob, worklist?: string): { durationMs: number } {
    this.listen();
    if (this.profile.hits('link-down')) throw new Error('not ready');
    const transfers =
      worklist === undefined ? [] : readPicklist(worklist).map(({ ordinal, volumePl }) => ({ ordinal, volumePl }));
    this.staged.set(job.dispatchId, { job, transfers });
    return { durationMs: Math.max(1, transfers.length) * transferMs };
  }

  start(dispatchId: string): void {
    this.listen();
    if (this.refused.has(dispatchId)) throw new Error(`${dispatchId} was given up`);
    if (this.busyWith !== undefined) throw new Error(`busy with ${this.busyWith}`);
    const staged = this.staged.get(dispatchId);
    if (!staged) throw new Error(`${dispatchId} is not staged`);
    this.record.push({ kind: 'trigger', dispatchId, at: this.turns.now });
    this.busyWith = dispatchId;
    const run: Run = { staged, startedAt: this.turns.now, done: [], uncertain: [], files: new Map() };
    this.runs.set(dispatchId, run);
    this.nextMotion(run, 0);
  }

  see(dispatchId: string): Seen {
    this.listen();
    return this.recall(dispatchId);
  }

  /** What became of it; what never started never will. */
  reconcile(dispatchId: string): Seen {
    const seen = this.see(dispatchId);
    if (seen.state === 'never-started') this.refused.add(dispatchId);
    return seen;
  }

  readFile({ sha256 }: FileRef): Buffer {
    this.listen();
    for (const run of this.runs.values()) {
      const content = run.files.get(sha256);
      if (content) return content;
    }
    throw new Error(`there is no file ${sha256}`);
  }

  /** What it could tell if it were asked, reachable or not. */
  recall(dispatchId: string): Seen {
    const run = this.runs.get(dispatchId);
    if (run?.outcome) return { state: 'done', outcome: run.outcome };
    if (run) return { state: 'running' };
    if (this.refused.has(dispatchId)) return { state: 'never-started' };
    // That it was staged proves nothing: it may have been staged before, and started.
    return { state: this.forgot ? 'unknown' : 'never-started' };
  }

  /** Told when the run that is under way ends, or after a time. @returns a promise of the next change */
  change(): Promise<void> {
    return new Promise((resolve) => this.waiting.add(resolve));
  }

  /** Its power goes for a moment: the run under way stops where it is, and it remembers nothing but what it refused. */
  reset(): void {
    const run = this.busyWith === undefined ? undefined : this.runs.get(this.busyWith);
    this.turns.note(`${this.code} loses its memory${run ? ' in the middle of a run' : ''}`);
    this.turns.cancelOwner(this.owner);
    this.busyWith = undefined;
    this.runs.clear();
    this.staged.clear();
    this.forgot = true;
    this.tell();
  }

  /** Goes on, answers again. */
  calm(): void {
    this.reachable = true;
    this.pauseUntil = 0;
  }

  private listen(): void {
    if (!this.reachable) throw new Silent(`${this.code} does not answer`);
  }

  private nextMotion(run: Run, index: number): void {
    const transfer = run.staged.transfers[index];
    const { dispatchId, jobId } = run.staged.job;
    const waitMs = transferMs + Math.max(0, this.pauseUntil - this.turns.now);
    this.turns.later(this.owner, transfer ? `moves ${transfer.ordinal}` : 'ends', waitMs, () => {
      if (this.profile.hits('instrument-stalls'))
        this.pauseUntil = this.turns.now + 60_000 * (30 + this.random.below(240));
      if (!transfer)
        return this.end(
          run,
          run.staged.transfers.length > 0 || !this.profile.hits('run-fails') ? undefined : 'no signal',
        );
      if (this.profile.hits('run-fails')) return this.fail(run, index);
      this.record.push({ kind: 'transfer', dispatchId, jobId, ...transfer });
      run.done.push(transfer.ordinal);
      if (this.profile.hits('instrument-forgets')) return this.reset();
      const { length } = run.staged.transfers;
      if (index + 1 < length) this.nextMotion(run, index + 1);
      else this.end(run, undefined);
    });
  }

  /** Goes wrong at a transfer, which may or may not have happened; the ones after it did not. */
  private fail(run: Run, index: number): void {
    const transfer = run.staged.transfers[index];
    const { dispatchId, jobId } = run.staged.job;
    const unsure = this.random.uniform() < 0.6;
    if (transfer && unsure) {
      run.uncertain.push(transfer.ordinal);
      if (this.random.uniform() < 0.5) this.record.push({ kind: 'transfer', dispatchId, jobId, ...transfer });
    }
    this.end(run, 'the tip was lost');
  }

  private end(run: Run, problem: string | undefined): void {
    const { job, transfers } = run.staged;
    const result = problem === undefined ? 'succeeded' : 'failed';
    const reads = job.spec.capability === 'read-plate';
    const files = problem === undefined && reads ? [this.result(run)] : [];
    run.outcome = {
      version: 1,
      result,
      ...(transfers.length > 0
        ? { transfers: { done: compressOrdinals(run.done), uncertain: compressOrdinals(run.uncertain) } }
        : {}),
      files,
      ...(problem === undefined ? {} : { problem: { code: 'instrument', message: problem } }),
    };
    if (transfers.length === 0 && problem === undefined) this.record.push({ kind: 'transfer', dispatchId: job.dispatchId, jobId: job.jobId, ordinal: 0, volumePl: 0 }); // prettier-ignore
    this.record.push({ kind: 'completed', dispatchId: job.dispatchId, result });
    this.busyWith = undefined;
    this.tell();
  }

  private result(run: Run): FileRef {
    const bytes = fileBytes[this.random.uniform() < 0.05 ? 2 : this.random.below(2)] as number;
    const content = Buffer.alloc(bytes, `${run.staged.job.dispatchId},${run.startedAt}\n`);
    const sha256 = createHash('sha256').update(content).digest('hex');
    run.files.set(sha256, content);
    return { sha256, bytes, name: 'read.csv', mediaType: 'text/csv' };
  }

  private tell(): void {
    for (const wake of this.waiting) wake();
    this.waiting.clear();
  }
}
