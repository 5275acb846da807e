import { createHash } from 'node:crypto';
import {
  existsSync,
  fdatasyncSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  closeSync,
  readFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { readPicklist } from '../../../libs/build/picklist';
import type { FileRef, JobSpec, Outcome } from '../../../libs/device/job';
import { compressOrdinals } from '../../../libs/device/job';
import { generatorFor } from '../../../libs/random/generator';
import type { InstrumentLine, RunRecord, Triggered, WorklistRow } from './instrument-log';
import { readLines, recordsOf } from './instrument-log';

/** What the agent puts on the panel. */
export interface Staged {
  readonly dispatchId: string;
  readonly jobId: string;
  readonly stepKey: string;
  readonly spec: Pick<JobSpec, 'operation' | 'durationMs'>;
  readonly worklistCsv?: string;
}

/** The panel says no. */
export class PanelError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
  ) {
    super(code);
  }
}

/** How often a run that a crash broke off is gone from the instrument's memory, too. */
const forgetsShare = 0.25;

/**
 * Instruments that write down, synced, every trigger and every motion, and forbid no repeat: what a dispatch did twice stands in
 * the log twice. A crash breaks runs off; most are remembered (evidence), some are forgotten.
 */
export class CountingBench {
  private readonly fd: number;
  private readonly records: Map<string, RunRecord>;
  private readonly staged = new Map<string, Staged>();
  private readonly busy = new Map<string, string>();
  private readonly waiters = new Map<string, Set<() => void>>();
  private readonly files: string;

  constructor(
    folder: string,
    private readonly seed: string,
  ) {
    const path = join(folder, 'instrument.jsonl');
    this.files = join(folder, 'files');
    mkdirSync(this.files, { recursive: true });
    const { lines, bytes } = readLines(existsSync(path) ? readFileSync(path, 'utf8') : '');
    this.fd = openSync(path, 'a');
    ftruncateSync(this.fd, bytes);
    this.records = recordsOf(lines);
    this.write({ t: 'boot' });
    for (const record of this.records.values())
      if (record.trigger && !record.outcome && !record.forgot) this.breakOff(record.trigger, record);
  }

  /** Makes ready; lost with the process. */
  stage(job: Staged): { durationMs: number } {
    this.staged.set(job.dispatchId, job);
    return { durationMs: job.spec.durationMs };
  }

  /** Triggers a staged dispatch, as often as it is told to. */
  start(device: string, dispatchId: string): { state: string } {
    const job = this.staged.get(dispatchId);
    if (!job) throw new PanelError(409, 'not-staged');
    if (this.records.get(dispatchId)?.refused) throw new PanelError(409, 'refused');
    if (this.busy.has(device)) throw new PanelError(409, 'busy');
    const rows = rowsOf(job.worklistCsv);
    const { jobId, stepKey, spec } = job;
    const trigger: Triggered = { t: 'trigger', device, dispatchId, jobId, stepKey, operation: spec.operation, rows };
    this.write(trigger);
    this.busy.set(device, dispatchId);
    void this.run(trigger, spec.durationMs);
    return { state: 'running' };
  }

  /** What the instrument knows of a dispatch, waiting up to `waitMs` for its end. */
  async observe(dispatchId: string, waitMs: number): Promise<unknown> {
    const view = this.view(dispatchId);
    if (view.state !== 'running' || waitMs <= 0) return view;
    await this.ended(dispatchId, waitMs);
    return this.view(dispatchId);
  }

  /** Promises that a dispatch which was not started never will be. */
  refuse(dispatchId: string): unknown {
    const view = this.view(dispatchId);
    if (view.state === 'never-started') this.write({ t: 'refuse', dispatchId });
    return view;
  }

  /** What a run wrote. */
  file(sha256: string): Buffer {
    const path = join(this.files, sha256);
    if (!existsSync(path)) throw new PanelError(404, 'not-found');
    return readFileSync(path);
  }

  private view(dispatchId: string): { state: string; outcome?: Outcome } {
    const record = this.records.get(dispatchId);
    if (!record?.trigger) return { state: 'never-started' };
    if (record.forgot) return { state: 'lost' };
    return record.outcome ? { state: 'done', outcome: record.outcome } : { state: 'running' };
  }

  private ended(dispatchId: string, waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const waiting = this.waiters.get(dispatchId) ?? new Set();
      this.waiters.set(dispatchId, waiting);
      const wake = (): void => {
        clearTimeout(timer);
        waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, waitMs);
      waiting.add(wake);
    });
  }

  private async run(trigger: Triggered, durationMs: number): Promise<void> {
    const steps = motionsOf(trigger);
    for (const step of steps) {
      await pause(durationMs / (steps.length + 1));
      this.move(trigger, step);
    }
    await pause(durationMs / (steps.length + 1));
    this.finish(trigger, []);
    this.busy.delete(trigger.device);
  }

  private move({ dispatchId, jobId }: Triggered, { ordinal, from, to, volumePl }: WorklistRow): void {
    this.write({ t: 'motion', dispatchId, jobId, ordinal, what: `${from}>${to}`, volumePl });
  }

  /** A crash came in the middle: the next drop may have fallen (what grips a plate can tell), and the run may be forgotten. */
  private breakOff(trigger: Triggered, record: RunRecord): void {
    const chance = generatorFor('broken-off', this.seed, trigger.dispatchId);
    const left = motionsOf(trigger).filter(({ ordinal }) => !record.motions.some((moved) => moved.ordinal === ordinal));
    const [next] = left;
    if (next && trigger.rows.length > 0 && chance.uniform() < 0.5) this.move(trigger, next);
    if (chance.uniform() < forgetsShare) return this.write({ t: 'forgot', dispatchId: trigger.dispatchId });
    this.finish(trigger, next ? [next.ordinal] : []);
  }

  /** Writes the end: what surely moved, what may have, and the run's own file. */
  private finish(trigger: Triggered, uncertain: readonly number[]): void {
    const { dispatchId, rows } = trigger;
    const moved = (this.records.get(dispatchId) as RunRecord).motions.map(({ ordinal }) => ordinal);
    const done = moved.filter((ordinal) => !uncertain.includes(ordinal));
    const complete = uncertain.length === 0;
    const outcome: Outcome = {
      version: 1,
      result: complete ? 'succeeded' : 'failed',
      ...(rows.length > 0
        ? { transfers: { done: compressOrdinals(done), uncertain: compressOrdinals(uncertain) } }
        : {}),
      files: complete ? [this.keepFile(trigger)] : [],
      ...(complete ? {} : { problem: { code: 'power-loss', message: 'the instrument stopped in the middle' } }),
    };
    this.write({ t: 'end', dispatchId, outcome });
    for (const wake of this.waiters.get(dispatchId) ?? []) wake();
  }

  private keepFile({ dispatchId, stepKey }: Triggered): FileRef {
    const chance = generatorFor('file', this.seed, dispatchId);
    // One in twelve needs two chunks.
    const lines = chance.below(12) === 0 ? 20_000 : 20 + chance.below(500);
    const text = Array.from({ length: lines }, (_, i) => `${stepKey},${i},${dispatchId},${(i * 7919) % 1_000_003}\n`);
    const content = Buffer.from(text.join(''));
    const sha256 = createHash('sha256').update(content).digest('hex');
    const fd = openSync(join(this.files, sha256), 'w');
    writeSync(fd, content);
    fsyncSync(fd);
    closeSync(fd);
    return { sha256, bytes: content.byteLength, name: `${dispatchId}.csv`, mediaType: 'text/csv' };
  }

  private write(line: InstrumentLine): void {
    writeSync(this.fd, `${JSON.stringify(line)}\n`);
    fdatasyncSync(this.fd);
    if (line.t === 'boot') return;
    const fresh = recordsOf([line]).get(line.dispatchId) as RunRecord;
    const known = this.records.get(line.dispatchId);
    if (!known) return void this.records.set(line.dispatchId, fresh);
    known.triggers += fresh.triggers;
    known.motions.push(...fresh.motions);
    known.forgot ||= fresh.forgot;
    known.refused ||= fresh.refused;
    if (fresh.trigger) known.trigger = fresh.trigger;
    if (fresh.outcome) known.outcome = fresh.outcome;
  }
}

function rowsOf(worklistCsv: string | undefined): WorklistRow[] {
  return readPicklistOrNone(worklistCsv).map(({ ordinal, source, destination, volumePl }) => ({
    ordinal,
    from: `${source.barcode}/${source.well}`,
    to: `${destination.barcode}/${destination.well}`,
    volumePl,
  }));
}

const readPicklistOrNone = (csv: string | undefined): ReturnType<typeof readPicklist> =>
  csv === undefined ? [] : readPicklist(csv);

function motionsOf({ rows, operation }: Triggered): readonly WorklistRow[] {
  return rows.length > 0 ? rows : [{ ordinal: 0, from: operation, to: operation, volumePl: 0 }];
}
