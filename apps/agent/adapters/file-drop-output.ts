import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { FileRef, Outcome } from '../../../libs/device/job';

/** How the output of an instrument that writes files says that a run has ended. */
export interface OutputRules {
  /** Where the instrument writes; names of its files contain the dispatch id. */
  readonly outboxDir: string;
  /**
   * Present for an instrument that writes no `.done` and no `.failed`: a run has succeeded when all its files have stood
   * unchanged for so long, ms.
   */
  readonly stableForMs?: number;
}

/** What is looked for, and where. */
export interface OutputQuestion {
  readonly dispatchId: string;
  /** Names in the outbox. */
  readonly names: readonly string[];
  readonly rules: OutputRules;
  /** Wall time, ms. */
  readonly wallMs: number;
}

const mediaTypes: Readonly<Record<string, string>> = {
  '.csv': 'text/csv',
  '.txt': 'text/plain',
  '.log': 'text/plain',
  '.xml': 'application/xml',
  '.json': 'application/json',
  '.xlsx': 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
};

/** How a run ended, with its files in the order of their names; undefined while nothing says that it did. */
export async function outputOf({ dispatchId, names, rules, wallMs }: OutputQuestion): Promise<Outcome | undefined> {
  const own = names.filter((name) => name.includes(dispatchId)).sort();
  const isMarker = (name: string): boolean => name === `${dispatchId}.done` || name === `${dispatchId}.failed`;
  const content = own.filter((name) => !isMarker(name));
  const files = (): Promise<FileRef[]> => Promise.all(content.map((name) => describe(rules.outboxDir, name)));
  if (own.includes(`${dispatchId}.failed`)) {
    const message = (await readFile(join(rules.outboxDir, `${dispatchId}.failed`), 'utf8')).trim().slice(0, 500);
    const problem = { code: 'instrument-failed', message: message || 'the instrument gave no reason' };
    return { version: 1, result: 'failed', files: await files(), problem };
  }
  if (own.includes(`${dispatchId}.done`)) return { version: 1, result: 'succeeded', files: await files() };
  if (rules.stableForMs === undefined || content.length === 0) return undefined;
  const changedMs = Math.max(...(await Promise.all(content.map((name) => changedAtMs(rules.outboxDir, name)))));
  return wallMs - changedMs >= rules.stableForMs
    ? { version: 1, result: 'succeeded', files: await files() }
    : undefined;
}

const changedAtMs = async (dir: string, name: string): Promise<number> => (await stat(join(dir, name))).mtimeMs;

async function describe(dir: string, name: string): Promise<FileRef> {
  const content = await readFile(join(dir, name));
  const sha256 = createHash('sha256').update(content).digest('hex');
  const mediaType = mediaTypes[extname(name).toLowerCase()] ?? 'application/octet-stream';
  return { sha256, bytes: content.byteLength, name, mediaType };
}
