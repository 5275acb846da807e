import type { FileRef, LeasedJob, Outcome } from '../../libs/device/job';
import type { DeviceAdapter } from './adapters/adapter';
import type { ApiRefusal } from './api-refusal';
import type { BufferedFiles } from './buffered-files';
import type { DeviceApi } from './device-api';
import { assertHash } from './hash';
import type { Heartbeats } from './heartbeats';
import type { Journal, OpenDispatch } from './journal';
import type { Log } from './log';
import { Backoff } from './pause';
import type { AgentClock } from './ports';
import type { Reported } from './report-outcome';
import { reportOutcome } from './report-outcome';

/** What the end of a dispatch goes through. */
export interface SettlementParts {
  readonly api: DeviceApi;
  readonly adapter: DeviceAdapter;
  readonly journal: Journal;
  readonly buffer: BufferedFiles;
  readonly heartbeats: Heartbeats;
  readonly clock: AgentClock;
  readonly log: Log;
  /** How long a result may wait for the api before that is an error, ms. */
  readonly bufferForMs: number;
  /** Nothing is waited for any more. */
  readonly ended: AbortSignal;
}

type Contents = ReadonlyMap<string, Uint8Array>;

const [firstPauseMs, longestPauseMs] = [100, 5_000];

/** Brings an outcome and its files to the api: onto the own disk first, told for as long as it takes, dropped when it was taken. */
export class Settlement {
  constructor(private readonly parts: SettlementParts) {}

  /** Resolves when the api has the last word on the dispatch, or the agent was told to end; the journal then still has it. */
  async settle(entry: OpenDispatch, outcome: Outcome): Promise<void> {
    const { heartbeats, journal } = this.parts;
    const done = await heartbeats.during(entry, async () => {
      const contents = await this.contents(entry, outcome);
      const reported = contents && (await this.keepAndReport(entry, outcome, contents));
      return reported && { reported, contents };
    });
    if (!done) return;
    const { reported, contents } = done;
    if ('refused' in reported) await this.setAside(entry, outcome, reported.refused, contents);
    await journal.settled(entry.id, 'how' in reported ? reported.how : `refused: ${reported.refused.code}`);
    await this.drop(outcome.files);
  }

  /** Content of the files of an outcome, each equal to its hash. @returns undefined when the agent was told to end. */
  private async contents(entry: OpenDispatch, { files }: Outcome): Promise<Contents | undefined> {
    const contents = new Map<string, Uint8Array>();
    const backoff = this.backoff(this.parts.ended);
    while (!this.parts.ended.aborted) {
      try {
        for (const file of files) contents.set(file.sha256, contents.get(file.sha256) ?? (await this.content(file)));
        return contents;
      } catch (error) {
        this.parts.log('warn', `a file of ${entry.id} cannot be had from the instrument: ${String(error)}`);
        await backoff.wait();
      }
    }
    return undefined;
  }

  private async content(file: FileRef): Promise<Uint8Array> {
    const content = (await this.parts.buffer.read(file)) ?? (await this.parts.adapter.readFile(file));
    assertHash(content, file.sha256, file.name);
    return content;
  }

  private async keepAndReport(
    entry: OpenDispatch,
    outcome: Outcome,
    contents: Contents,
  ): Promise<Reported | undefined> {
    // prettier-ignore
    const told = new AbortController();
    const reporting = this.report(entry, outcome, contents).finally(() => told.abort());
    const [reported] = await Promise.all([reporting, this.keep(entry, outcome, contents, told.signal)]);
    return reported;
  }

  private report(entry: OpenDispatch, outcome: Outcome, contents: Contents): Promise<Reported | undefined> {
    const { api, buffer, log, clock, bufferForMs, ended } = this.parts;
    const since = (entry.outcome && entry.since) ?? clock.wallTime();
    let said = false;
    const onWait = (): void => {
      if (said || Date.parse(clock.wallTime()) - Date.parse(since) <= bufferForMs) return;
      said = true;
      log('error', `the result of ${entry.id} has waited for the api since ${since}; it is kept`);
    };
    const pending = { id: entry.id, token: entry.token, outcome, contents };
    return reportOutcome(pending, { api, buffer, log, backoff: this.backoff(ended), signal: ended, onWait });
  }

  /** Puts the files and then the outcome on the disk. A full disk is tried again until the api has it all. */
  private async keep(entry: OpenDispatch, outcome: Outcome, contents: Contents, told: AbortSignal): Promise<void> {
    const { buffer, journal, log } = this.parts;
    if (entry.outcome) return;
    const backoff = this.backoff(told);
    for (;;) {
      try {
        for (const file of outcome.files) await buffer.keep(file, contents.get(file.sha256) as Uint8Array);
        return await journal.ended(entry.id, outcome);
      } catch (error) {
        log('error', `the outcome of ${entry.id} is not on the disk yet: ${String(error)}`);
        await backoff.wait();
        if (told.aborted || this.parts.ended.aborted) return;
      }
    }
  }

  /** An outcome the api will never take is kept for a person; of a dispatch that moved nothing there is nothing to keep. */
  private async setAside(
    entry: OpenDispatch,
    outcome: Outcome,
    refusal: ApiRefusal,
    contents: Contents,
  ): Promise<void> {
    const { log, buffer, clock } = this.parts;
    if (isNeverStarted(outcome)) return log('warn', `outcome of ${entry.id} refused: ${refusal.message}`);
    log('error', `outcome of ${entry.id} refused, kept in the folder "refused": ${refusal.message}`);
    const { id: dispatchId, token, job } = entry;
    const { jobId, stepKey } = job;
    const record = { at: clock.wallTime(), dispatchId, jobId, stepKey, token, refusal: refusal.message, outcome };
    await buffer.setAside(dispatchId, record, contents);
  }

  private async drop(files: readonly FileRef[]): Promise<void> {
    const { journal, buffer } = this.parts;
    const needed = new Set(journal.open.flatMap(({ outcome }) => outcome?.files ?? []).map(({ sha256 }) => sha256));
    for (const file of files) if (!needed.has(file.sha256)) await buffer.drop(file);
  }

  private backoff(signal: AbortSignal): Backoff {
    return new Backoff({ clock: this.parts.clock, firstMs: firstPauseMs, mostMs: longestPauseMs, signal });
  }
}

const neverStartedCode = 'never-started';

/** Outcome of a dispatch that moved nothing. */
export function neverStarted(job: LeasedJob): Outcome {
  return {
    version: 1,
    result: 'failed',
    ...(job.worklist ? { transfers: { done: [], uncertain: [] } } : {}),
    files: [],
    problem: { code: neverStartedCode, message: 'the instrument surely never started this dispatch' },
  };
}

const isNeverStarted = ({ problem }: Outcome): boolean => problem?.code === neverStartedCode;
