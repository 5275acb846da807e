import type { FileRef, Outcome } from '../../libs/device/job';
import type { BufferedFiles } from './buffered-files';
import type { DeviceApi } from './device-api';
import { ApiRefusal } from './device-api';
import type { Log } from './log';
import { Backoff } from './pause';

/** What is to be reported, and where its files are. */
export interface PendingOutcome {
  readonly id: string;
  readonly token: string;
  readonly outcome: Outcome;
  /** Files still in memory; others are read from the buffer. */
  readonly contents: ReadonlyMap<string, Uint8Array>;
}

/**
 * Uploads the files of an outcome and reports it, for as long as it takes while the api is away. A refusal for good ends it too:
 * the api has recorded it.
 * @returns how it ended: `accepted`, `late` or the code of the refusal; undefined when the agent was told to stop.
 */
export async function reportOutcome(
  pending: PendingOutcome,
  api: DeviceApi,
  buffer: BufferedFiles,
  log: Log,
  signal: AbortSignal,
): Promise<string | undefined> {
  const backoff = new Backoff(100, 5_000, signal);
  while (!signal.aborted) {
    try {
      for (const file of pending.outcome.files) await upload(file, pending, api, buffer);
      const { late } = await api.outcome(pending.id, pending.token, pending.outcome);
      return late ? 'late' : 'accepted';
    } catch (error) {
      if (error instanceof ApiRefusal && !error.passes && error.code !== 'upload-incomplete') {
        log('warn', `outcome of ${pending.id} refused: ${error.message}`);
        return error.code;
      }
      log('warn', `outcome of ${pending.id} waits: ${String(error)}`);
      await backoff.wait();
    }
  }
  return undefined;
}

async function upload(file: FileRef, pending: PendingOutcome, api: DeviceApi, buffer: BufferedFiles): Promise<void> {
  const content = pending.contents.get(file.sha256) ?? buffer.read(file);
  if (!content) throw new Error(`the file ${file.name} (${file.sha256}) is not in the buffer`);
  await api.upload(pending.id, file, content);
}
