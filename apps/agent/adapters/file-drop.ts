import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { readPicklist } from '../../../libs/build/picklist';
import { compressOrdinals } from '../../../libs/device/job';
import type { FileRef, OrdinalRanges, Outcome } from '../../../libs/device/job';
import { syncFolder } from '../node-ports';
import type { AgentClock } from '../ports';
import type { DeviceAdapter, Evidence, InstrumentCondition, Observation, StageRequest, StartOrder } from './adapter';
import { LostTrack } from './adapter';
import { outputOf } from './file-drop-output';
import type { OutputRules } from './file-drop-output';

/**
 * How an instrument that watches a folder is spoken with; the key `fileDrop` of its entry in the devices file.
 *
 * `stagingDir` belongs to the agent alone and lies on the same disk as `inboxDir`, so that the trigger is one atomic rename of
 * `<dispatch id>.<jobExtension>` from one into the other. The instrument's software watches `inboxDir`, takes a job file out of
 * it (moves, renames or deletes it) *before* anything moves, and writes into `outboxDir` files whose names contain the dispatch id,
 * the end last: `<dispatch id>.done`, or `<dispatch id>.failed` with what went wrong in it.
 */
export interface FileDropConfig extends OutputRules {
  /** The agent's own folder. */
  readonly stagingDir: string;
  /** The folder the instrument watches; nobody else puts jobs there. */
  readonly inboxDir: string;
  /** Extension of job files, without the dot; `csv` unless told. */
  readonly jobExtension?: string;
  /** How long after its expected end a run without output counts as one the instrument lost track of, ms; 1 h unless told. */
  readonly lostAfterMs?: number;
  /** How often the folders are looked at, ms; 500 unless told. */
  readonly pollMs?: number;
}

/** What the agent remembers of a staged dispatch, beside its job file. */
interface Note {
  readonly durationMs: number;
  /** Ordinals of its worklist. */
  readonly transfers?: OrdinalRanges;
  /** Wall time of the trigger, ISO. */
  readonly startedAt?: string;
}

const keepNotesMs = 90 * 86_400_000;

/**
 * Drives an instrument by files alone. Evidence is what lies where: a job file still in staging or in the inbox was not taken, and is
 * withdrawn by one atomic rename, after which it never starts; one that is gone runs, until its output says how it ended or
 * its time is long over.
 */
export class FileDropAdapter implements DeviceAdapter {
  constructor(
    private readonly config: FileDropConfig,
    private readonly clock: AgentClock,
  ) {}

  async stage({ job, worklist }: StageRequest): Promise<{ durationMs: number }> {
    const { dispatchId, spec } = job;
    await readdir(this.config.inboxDir);
    await mkdir(this.config.stagingDir, { recursive: true });
    if ((await this.note(dispatchId, 'started')) !== undefined) throw new Error(`${dispatchId} was started before`);
    const transfers = worklist === undefined ? {} : { transfers: compressOrdinals(ordinalsOf(worklist)) };
    const note: Note = { durationMs: spec.durationMs, ...transfers };
    await this.write(this.pathOf(dispatchId, 'staged'), JSON.stringify(note));
    await this.write(this.staged(dispatchId), worklist ?? JSON.stringify(spec.parameters));
    await this.prune();
    return { durationMs: spec.durationMs };
  }

  /** Says beforehand that the trigger may have happened, by a file that only one can make; then the rename. */
  async start(dispatchId: string, { fencingToken }: StartOrder): Promise<void> {
    const note = await this.note(dispatchId, 'staged');
    if (!note) throw new Error(`${dispatchId} is not staged`);
    if (await exists(this.pathOf(dispatchId, 'withdrawn'))) throw new Error(`${dispatchId} was withdrawn`);
    const started = { ...note, startedAt: this.clock.wallTime(), fencingToken };
    await writeNew(this.pathOf(dispatchId, 'started'), JSON.stringify(started));
    await syncFolder(this.config.stagingDir);
    await rename(this.staged(dispatchId), this.inInbox(dispatchId));
    await syncFolder(this.config.inboxDir);
  }

  async observe(dispatchId: string, waitMs: number, signal: AbortSignal): Promise<Observation> {
    const { pollMs = 500 } = this.config;
    const until = this.clock.monotonicMs() + waitMs;
    for (;;) {
      const seen = await this.look(dispatchId);
      if (seen.state === 'never-started') return { state: 'done', outcome: withdrawn() };
      if (seen.state === 'unknown') throw new LostTrack(`nothing in ${this.config.outboxDir} names ${dispatchId}, and its time is over`); // prettier-ignore
      const left = until - this.clock.monotonicMs();
      if (seen.state === 'done' || left <= 0 || signal.aborted) return seen;
      await this.clock.pause(Math.min(pollMs, left), signal);
    }
  }

  /** Takes a job back that the instrument has not taken yet; what runs cannot be stopped by a file. */
  async stop(dispatchId: string): Promise<void> {
    if (!(await this.withdraw(dispatchId))) throw new Error(`${dispatchId} runs: stop it at the instrument`);
  }

  async reconcile(dispatchId: string): Promise<Evidence> {
    const seen = await this.look(dispatchId);
    if (seen.state === 'done') return seen;
    return (await this.withdraw(dispatchId)) ? { state: 'never-started' } : this.look(dispatchId);
  }

  async readFile({ name }: FileRef): Promise<Uint8Array> {
    return readFile(join(this.config.outboxDir, basename(name)));
  }

  /** A job file this agent did not put there is somebody else's. */
  async condition(): Promise<InstrumentCondition> {
    const mine = new Set((await readdir(this.config.stagingDir).catch(() => [])).map((name) => name.split('.')[0]));
    const foreign = (await readdir(this.config.inboxDir)).find((name) => !mine.has(name.split('.')[0]));
    return foreign === undefined ? { condition: 'ready' } : { condition: 'busy-foreign', message: `${foreign} is in the inbox` }; // prettier-ignore
  }

  /** What the folders say. */
  private async look(dispatchId: string): Promise<Evidence> {
    const names = await readdir(this.config.outboxDir);
    if (await exists(this.pathOf(dispatchId, 'withdrawn'))) return { state: 'never-started' };
    const note = await this.note(dispatchId, 'started');
    const output = await outputOf({ dispatchId, names, rules: this.config, wallMs: this.wallMs });
    if (output) return { state: 'done', outcome: { ...output, ...transfersOf(output, note) } };
    if (!note) return { state: 'unknown' };
    if (await exists(this.inInbox(dispatchId))) return { state: 'running', progress: { waits: 'in the inbox' } };
    const { lostAfterMs = 3_600_000 } = this.config;
    const lostAtMs = Date.parse(note.startedAt ?? '') + note.durationMs + lostAfterMs;
    return this.wallMs < lostAtMs ? { state: 'running' } : { state: 'unknown' };
  }

  /** Takes the job file away, or, if none was ever put, the right to put one. @returns whether it surely never starts */
  private async withdraw(dispatchId: string): Promise<boolean> {
    await mkdir(this.config.stagingDir, { recursive: true });
    const gone = this.pathOf(dispatchId, 'withdrawn');
    if (await exists(gone)) return true;
    if (await renamed(this.staged(dispatchId), gone)) return true;
    if (await renamed(this.inInbox(dispatchId), gone)) return true;
    if ((await this.note(dispatchId, 'started')) !== undefined) return false;
    await this.write(gone, '');
    return true;
  }

  /** Forgets what it noted of dispatches long over; the journal of the agent fences those. */
  private async prune(): Promise<void> {
    const { stagingDir } = this.config;
    for (const name of await readdir(stagingDir)) {
      const path = join(stagingDir, name);
      if (this.wallMs - (await stat(path)).mtimeMs > keepNotesMs) await rm(path, { force: true });
    }
  }

  private async note(dispatchId: string, kind: 'staged' | 'started'): Promise<Note | undefined> {
    const path = this.pathOf(dispatchId, kind);
    return (await exists(path)) ? (JSON.parse(await readFile(path, 'utf8')) as Note) : undefined;
  }

  private get wallMs(): number {
    return Date.parse(this.clock.wallTime());
  }

  private pathOf(dispatchId: string, kind: 'staged' | 'started' | 'withdrawn'): string {
    return join(this.config.stagingDir, `${dispatchId}.${kind}`);
  }

  private staged(dispatchId: string): string {
    return join(this.config.stagingDir, this.jobName(dispatchId));
  }

  private inInbox(dispatchId: string): string {
    return join(this.config.inboxDir, this.jobName(dispatchId));
  }

  private jobName(dispatchId: string): string {
    return `${dispatchId}.${this.config.jobExtension ?? 'csv'}`;
  }

  /** Whole or not at all. */
  private async write(path: string, text: string): Promise<void> {
    await writeSynced(`${path}.part`, text, 'w');
    await rename(`${path}.part`, path);
  }
}

const ordinalsOf = (worklist: string): number[] => readPicklist(worklist).map(({ ordinal }) => ordinal);

/** A finished run did its whole worklist; of a failed one nobody knows, which leaving them out says. */
function transfersOf({ result }: Outcome, note: Note | undefined): Pick<Outcome, 'transfers'> | object {
  return result === 'succeeded' && note?.transfers ? { transfers: { done: note.transfers, uncertain: [] } } : {};
}

function withdrawn(): Outcome {
  const problem = { code: 'never-started', message: 'the job file was withdrawn before the instrument took it' };
  return { version: 1, result: 'failed', transfers: { done: [], uncertain: [] }, files: [], problem };
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: unknown) => unlessMissing(error),
  );
}

async function renamed(from: string, to: string): Promise<boolean> {
  return rename(from, to).then(
    () => true,
    (error: unknown) => unlessMissing(error),
  );
}

function unlessMissing(error: unknown): false {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
  throw error;
}

/** Fails when the file is there already. */
const writeNew = (path: string, text: string): Promise<void> => writeSynced(path, text, 'wx');

async function writeSynced(path: string, text: string, flags: 'w' | 'wx'): Promise<void> {
  const handle = await open(path, flags);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
