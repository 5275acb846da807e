import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import type { Generator } from '../../../libs/random/generator';

/** Something that waits for its turn: a call of a port, a message under way, a timer, an actor's next look. */
export interface Pending {
  /** Named yield point: `lh-1.a1 files.sync journal`. */
  readonly name: string;
  /** Whose it is; it goes when its owner dies and waits while its owner sleeps. */
  readonly owner: string;
  /** Virtual time from which it may have its turn, ms. */
  readonly at: number;
  readonly run: () => Promise<unknown> | unknown;
}

/** What happens at a yield point beside the turn itself. */
export type TurnHook = (pending: Pending) => { readonly goes: boolean; readonly after?: () => void };

/** Every virtual duration is a multiple of it, so that leases and looks never meet within the real milliseconds of a step, ms. */
export const tickMs = 1_000;

const roundUp = (ms: number): number => Math.ceil(ms / tickMs) * tickMs;

/**
 * The schedule: one thing happens at a time, drawn by a seeded generator from everything that could happen now. Time passes only
 * when nothing can. The same seed makes the same turns; their hash says so.
 */
export class Turns {
  now = 0;
  taken = 0;
  /** The latest line. */
  latest = '';
  /** Told of every jump of time, ms. */
  onTime: (byMs: number) => void = () => undefined;
  hook: TurnHook = () => ({ goes: true });
  private waiting: Pending[] = [];
  private readonly dead = new Set<string>();
  private readonly asleep = new Set<string>();
  private readonly hash: Hash = createHash('sha256');

  constructor(
    private readonly random: Generator,
    private readonly print?: (line: string) => void,
  ) {}

  /** Puts something in line. @param inMs virtual time until it may have its turn, rounded up to whole seconds */
  later(owner: string, name: string, inMs: number, run: Pending['run']): Pending {
    return this.put(owner, name, roundUp(this.now + inMs), run);
  }

  /** Puts a look of the machinery in line, at half a second: never at the moment a lease ends. */
  look(owner: string, name: string, inMs: number, run: Pending['run']): Pending {
    return this.put(owner, name, roundUp(this.now + inMs) + tickMs / 2, run);
  }

  private put(owner: string, name: string, at: number, run: Pending['run']): Pending {
    const pending = { owner, name, at, run };
    if (!this.dead.has(owner)) this.waiting.push(pending);
    return pending;
  }

  /** A call of a port: it has its effect when its turn comes. */
  call<T>(owner: string, name: string, effect: () => T | Promise<T>, inMs = 0): Promise<T> {
    return new Promise((resolve, reject) => {
      this.later(owner, name, inMs, async () => {
        try {
          resolve(await effect());
        } catch (error) {
          reject(error as Error);
        }
      });
    });
  }

  /** It keeps its place for later. */
  putBack(pending: Pending): void {
    this.waiting.push(pending);
  }

  cancel(pending: Pending): void {
    this.waiting = this.waiting.filter((one) => one !== pending);
  }

  /** Removes everything that waits for an owner. */
  cancelOwner(owner: string): void {
    this.waiting = this.waiting.filter((one) => one.owner !== owner);
  }

  /** An owner that is no more: nothing waits for it, now or later. */
  bury(owner: string): void {
    this.dead.add(owner);
    this.cancelOwner(owner);
  }

  sleep(owner: string): void {
    this.asleep.add(owner);
  }

  wake(owner: string): void {
    this.asleep.delete(owner);
  }

  /** What waits for an owner. */
  of(owner: string): readonly Pending[] {
    return this.waiting.filter((one) => one.owner === owner);
  }

  /** Notes what happened; part of the hash. */
  note(line: string): void {
    const text = `${(this.now / 1000).toFixed(1)} ${line}`;
    this.latest = text;
    this.hash.update(text).update('\n');
    this.print?.(text);
  }

  get digest(): string {
    return this.hash.copy().digest('hex').slice(0, 16);
  }

  /** Takes turns until there is nothing to do, `done` says so, or a limit is reached. */
  async run(
    done: () => boolean | Promise<boolean>,
    limits: { readonly turns: number; readonly untilMs: number },
  ): Promise<void> {
    for (let turn = 0; turn < limits.turns && !(await done()); turn++) {
      const next = this.next(limits.untilMs);
      if (!next) return;
      this.cancel(next);
      this.taken++;
      this.note(`${next.owner} ${next.name}`);
      const { goes, after } = this.hook(next);
      if (goes) await this.take(next);
      await drained();
      after?.();
      await drained();
    }
  }

  /** Ends the present turn although what it began is not over: it goes on in a later turn. */
  detach: () => void = () => undefined;

  private async take(pending: Pending): Promise<void> {
    const detached = new Promise<void>((resolve) => (this.detach = resolve));
    await Promise.race([Promise.resolve(pending.run()), detached]);
  }

  private next(untilMs: number): Pending | undefined {
    const able = this.waiting.filter(({ owner }) => !this.asleep.has(owner));
    if (able.length === 0) return undefined;
    const soonest = able.reduce((least, { at }) => Math.min(least, at), Infinity);
    if (soonest > this.now) {
      if (soonest > untilMs) return undefined;
      const by = soonest - this.now;
      this.now = soonest;
      this.onTime(by);
    }
    const ready = able.filter(({ at }) => at <= this.now);
    return ready[this.random.below(ready.length)];
  }
}

/** Everything that followed from a turn has come to the next yield point. */
const drained = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
