import type { AgentFiles } from '../../../apps/agent/ports';
import type { Generator } from '../../../libs/random/generator';
import type { Turns } from './turns';

interface Kept {
  /** What a process that reads sees. */
  written: Buffer;
  /** What a power cut leaves for sure; undefined while not even the name is safe. */
  synced: Buffer | undefined;
}

/** The disk of one machine. */
export class Disk {
  private readonly files = new Map<string, Kept>();

  read(name: string): Buffer | undefined {
    return this.files.get(name)?.written;
  }

  append(name: string, bytes: Uint8Array): void {
    const file = this.files.get(name) ?? { written: Buffer.alloc(0), synced: undefined };
    file.written = Buffer.concat([file.written, bytes]);
    this.files.set(name, file);
  }

  sync(name: string): void {
    const file = this.files.get(name);
    if (file) file.synced = file.written;
  }

  put(name: string, bytes: Uint8Array): void {
    const content = Buffer.from(bytes);
    this.files.set(name, { written: content, synced: content });
  }

  remove(name: string): void {
    this.files.delete(name);
  }

  list(): { name: string; bytes: number }[] {
    return [...this.files].map(([name, { written }]) => ({ name, bytes: written.length }));
  }

  /** The power goes: of what is not synced nothing, a part or everything is left. */
  powerCut(random: Generator): void {
    for (const [name, file] of this.files) {
      const safe = file.synced?.length ?? 0;
      const loose = file.written.length - safe;
      if (loose <= 0) continue;
      const kept = random.uniform() < 0.5 ? 0 : random.below(loose + 1);
      if (file.synced === undefined && kept === 0) this.files.delete(name);
      else
        this.files.set(name, {
          written: file.written.subarray(0, safe + kept),
          synced: file.written.subarray(0, safe + kept),
        });
    }
  }
}

/** A process's view of its disk: every call is a yield point. */
export function filesOf(disk: Disk, owner: string, turns: Turns): AgentFiles {
  const call = <T>(what: string, name: string, effect: () => T): Promise<T> =>
    turns.call(owner, `files.${what} ${shortName(name)}`, effect);
  return {
    read: (name) => call('read', name, () => disk.read(name)),
    append: (name, bytes) => call('append', name, () => disk.append(name, bytes)),
    sync: (name) => call('sync', name, () => disk.sync(name)),
    put: (name, bytes) => call('put', name, () => disk.put(name, bytes)),
    remove: (name) => call('remove', name, () => disk.remove(name)),
    list: () => call('list', '', () => disk.list()),
  };
}

const shortName = (name: string): string => (name.length > 24 ? `${name.slice(0, 10)}…` : name);
