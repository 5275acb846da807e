import type { AgentFiles } from '../../apps/agent/ports';
import type { Generator } from '../random/generator';

/** A file on a disk that keeps its promises only. */
interface Held {
  /** What a power cut leaves; undefined while not even the name is synced. */
  synced: Uint8Array | undefined;
  /** What was appended since. */
  tail: Uint8Array;
}

const nothing = new Uint8Array();

/**
 * An agent's files in memory, with the worst disk the port allows: a power cut may discard or tear every byte that was not
 * synced, and may bring back a file that was removed. Everything happens at the moment of the call, so a simulator decides what
 * lies between two of them.
 */
export class UnsyncedFiles implements AgentFiles {
  private held = new Map<string, Held>();
  private removed = new Map<string, Uint8Array>();
  /** While true every write fails, as on a full disk; half of what was to be appended is there. */
  full = false;

  read(name: string): Promise<Uint8Array | undefined> {
    const held = this.held.get(name);
    return Promise.resolve(held && contentOf(held));
  }

  append(name: string, bytes: Uint8Array): Promise<void> {
    const held = this.held.get(name) ?? { synced: undefined, tail: nothing };
    held.tail = joined(held.tail, this.full ? bytes.slice(0, bytes.byteLength >> 1) : bytes);
    this.held.set(name, held);
    return this.full ? noSpace() : Promise.resolve();
  }

  sync(name: string): Promise<void> {
    const held = this.held.get(name) ?? { synced: undefined, tail: nothing };
    this.held.set(name, { synced: contentOf(held), tail: nothing });
    return Promise.resolve();
  }

  put(name: string, bytes: Uint8Array): Promise<void> {
    if (this.full) return noSpace();
    this.held.set(name, { synced: bytes.slice(), tail: nothing });
    this.removed.delete(name);
    return Promise.resolve();
  }

  remove(name: string): Promise<void> {
    const synced = this.held.get(name)?.synced;
    if (synced) this.removed.set(name, synced);
    this.held.delete(name);
    return Promise.resolve();
  }

  list(): Promise<{ name: string; bytes: number }[]> {
    return Promise.resolve([...this.held].map(([name, held]) => ({ name, bytes: contentOf(held).byteLength })));
  }

  /** The process dies, the machine lives on: everything written is there, synced or not. @returns the files as the next process finds them. */
  crash(): UnsyncedFiles {
    const next = new UnsyncedFiles();
    next.held = new Map([...this.held].map(([name, { synced, tail }]) => [name, { synced, tail }]));
    next.removed = new Map(this.removed);
    return next;
  }

  /** The power goes: of what is not synced any part may be lost or torn. @returns the files as the next process finds them. */
  powerLoss(rng: Generator): UnsyncedFiles {
    const next = new UnsyncedFiles();
    for (const [name, { synced, tail }] of inOrder(this.held)) {
      const left = torn(tail, rng);
      if (synced === undefined && left.byteLength === 0) continue;
      next.held.set(name, { synced: joined(synced ?? nothing, left), tail: nothing });
    }
    for (const [name, synced] of inOrder(this.removed)) {
      if (!next.held.has(name) && rng.below(2) === 1) next.held.set(name, { synced, tail: nothing });
    }
    return next;
  }
}

/** Nothing, all, or a beginning; of what is left a stretch may be zeros, as of a block that was given but not written. */
function torn(tail: Uint8Array, rng: Generator): Uint8Array {
  const length = tail.byteLength;
  if (length === 0) return nothing;
  const kept = [0, length, rng.below(length + 1)][rng.below(3)] as number;
  const left = tail.slice(0, kept);
  if (kept > 0 && rng.below(3) === 0) {
    const from = rng.below(kept);
    left.fill(0, from, from + 1 + rng.below(kept - from));
  }
  return left;
}

const contentOf = ({ synced, tail }: Held): Uint8Array => joined(synced ?? nothing, tail);

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.byteLength + second.byteLength);
  both.set(first);
  both.set(second, first.byteLength);
  return both;
}

const inOrder = <T>(map: ReadonlyMap<string, T>): [string, T][] =>
  [...map].sort(([one], [other]) => (one < other ? -1 : 1));

const noSpace = (): Promise<never> => Promise.reject(new Error('ENOSPC: no space left on the disk'));
