import type { FileRef, Outcome } from '../../libs/device/job';
import type { ApiRefusal } from './api-refusal';
import { isFinal } from './api-refusal';
import type { BufferedFiles } from './buffered-files';
import type { DeviceApi } from './device-api';
import type { Log } from './log';
import type { Backoff } from './pause';

/** What is to be reported, and where its files are. */
export interface PendingOutcome {
  readonly id: string;
  readonly token: string;
  readonly outcome: Outcome;
  /** Files still in memory; others are read from the buffer. */
  readonly contents: ReadonlyMap<string, Uint8Array>;
}

/** What a report goes through. */
export interface ReportParts {
  readonly api: DeviceApi;
  readonly buffer: BufferedFiles;
  readonly log: Log;
  readonly backoff: Backoff;
  /** Ends the tries. */
  readonly signal: AbortSignal;
  /** Called before each wait for another try. */
  readonly onWait: () => void;
}

/** How a report ended: `accepted`, `late`, or refused for good. */
export type Reported = { readonly how: 'accepted' | 'late' } | { readonly refused: ApiRefusal };

/**
 * Uploads the files of an outcome and reports it, for as long as it takes while the api is away.
 * @returns undefined when the agent was told to stop.
 */
export async function reportOutcome(pending: PendingOutcome, parts: ReportParts): Promise<Reported | undefined> {
  const { api, buffer, log, backoff, signal, onWait } = parts;
  while (!signal.aborted) {
    try {
      for (const file of pending.outcome.files) await upload(file, pending, api, buffer);
      const { late } = await api.outcome(pending.id, pending.token, pending.outcome);
      return { how: late ? 'late' : 'accepted' };
    } catch (error) {
      if (isFinal(error) && error.code !== 'upload-incomplete') return { refused: error };
      log('warn', `outcome of ${pending.id} waits: ${String(error)}`);
      onWait();
      await backoff.wait();
    }
  }
  return undefined;
}

async function upload(file: FileRef, pending: PendingOutcome, api: DeviceApi, buffer: BufferedFiles): Promise<void> {
  const content = pending.contents.get(file.sha256) ?? (await buffer.read(file));
  if (!content) throw new Error(`the file ${file.name} (${file.sha256}) is not in the buffer`);
  await api.upload(pending.id, file, content);
}
