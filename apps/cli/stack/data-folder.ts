import { mkdir, open, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { DomainError } from '../../../libs/errors/domain-error';
import { readJson } from './json-file';
import { identify, stillLives } from './process-identity';
import type { ProcessIdentity } from './process-identity';

/** A data folder that this process alone runs a stack in. */
export interface DataFolder {
  /** Absolute path. */
  readonly path: string;
  /** Lets the next stack in. */
  release(): Promise<void>;
}

/**
 * Takes a data folder, making it when it is missing.
 * @throws DomainError `stack-already-running` when a live process holds it.
 */
export async function takeDataFolder(dataDir: string): Promise<DataFolder> {
  const path = resolve(dataDir);
  const lock = join(path, 'stack.lock');
  await mkdir(path, { recursive: true, mode: 0o755 });
  const me = await identify(process.pid);
  while (!(await writeLock(lock, me))) {
    const holder = await readJson<ProcessIdentity>(lock);
    if (holder && (await stillLives(holder))) throw alreadyRunning(path, holder);
    await rm(lock, { force: true });
  }
  return { path, release: () => rm(lock, { force: true }) };
}

async function writeLock(lock: string, me: ProcessIdentity | undefined): Promise<boolean> {
  try {
    const file = await open(lock, 'wx', 0o600);
    await file.writeFile(JSON.stringify(me));
    await file.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function alreadyRunning(path: string, holder: ProcessIdentity): DomainError {
  return new DomainError(
    'stack-already-running',
    `A stack already runs in ${path} (pid ${holder.pid}). Stop it first (Ctrl-C there, or: kill ${holder.pid}), ` +
      'or choose another folder with ANNEAL_DATA_DIR.',
    { pid: holder.pid },
  );
}
