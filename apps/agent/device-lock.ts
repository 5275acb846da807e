import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { DomainError } from '../../libs/errors/domain-error';

/** Who holds a lock: a process, told apart from a later one with the same number by when it began. */
interface Holder {
  readonly pid: number;
  readonly began?: string;
}

/**
 * Takes a device for this process: one agent per device. A lock whose process is gone is taken over.
 * @returns gives the device back.
 * @throws DomainError `stack-already-running` naming the process that holds it.
 */
export function lockDevice(path: string): () => void {
  for (let tries = 0; tries < 3; tries++) {
    if (create(path)) return () => rmSync(path, { force: true });
    const holder = read(path);
    if (holder && lives(holder)) {
      throw new DomainError(
        'stack-already-running',
        `${path} is held by process ${holder.pid}; stop that agent first.`,
      );
    }
    rmSync(path, { force: true });
  }
  throw new DomainError('stack-already-running', `${path} is taken by another agent again and again.`);
}

function create(path: string): boolean {
  try {
    const fd = openSync(path, 'wx');
    writeSync(fd, JSON.stringify({ pid: process.pid, began: beganAt(process.pid) }));
    closeSync(fd);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function read(path: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Holder;
  } catch {
    return undefined;
  }
}

function lives({ pid, began }: Holder): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const now = beganAt(pid);
  return now === undefined || began === undefined || now === began;
}

/** Boot and start tick of a process where the system tells (Linux); undefined elsewhere. */
function beganAt(pid: number): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return `${boot}/${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`;
  } catch {
    return undefined;
  }
}
