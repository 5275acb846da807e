import { setTimeout as pause } from 'node:timers/promises';
import type { Generator } from '../../../libs/random/generator';
import { generatorFor } from '../../../libs/random/generator';
import type { Victim } from '../kills/victim';

/** How often a process is killed, and how long it stays away; seconds, drawn evenly between. */
export interface Rhythm {
  readonly everySeconds: readonly [number, number];
  readonly downSeconds: readonly [number, number];
}

/** PostgreSQL as the strictest published suite kills it (DBOS, chaos tests); the worker beside it. */
export const rhythms = {
  postgres: { everySeconds: [5, 20], downSeconds: [0, 5] },
  worker: { everySeconds: [10, 30], downSeconds: [0, 1] },
} satisfies Record<string, Rhythm>;

/** Kills one process again and again, at seeded intervals, counted from its last return. */
export class Tormentor {
  private readonly halt = new AbortController();
  private readonly draw: Generator;
  private running: Promise<void> = Promise.resolve();
  /** How long the process was not there in all, ms, its own start included. */
  awayMs = 0;

  constructor(
    private readonly victim: Victim,
    private readonly rhythm: Rhythm,
    seed: string,
    private readonly say: (line: string) => void,
  ) {
    this.draw = generatorFor('tormentor', victim.spec.name, seed);
  }

  start(): void {
    this.running = this.goOn();
  }

  /** Ends the torment; the process is there afterwards. @throws when it could not be started again */
  async stop(): Promise<void> {
    this.halt.abort();
    await this.running;
  }

  private async goOn(): Promise<void> {
    const { everySeconds, downSeconds } = this.rhythm;
    for (;;) {
      await pause(1_000 * between(this.draw, everySeconds), undefined, { signal: this.halt.signal }).catch(
        () => undefined,
      );
      if (this.halt.signal.aborted) return;
      const how = this.victim.spec.name === 'postgres' && this.draw.below(2) === 0 ? 'SIGQUIT' : 'SIGKILL';
      const downMs = Math.round(1_000 * between(this.draw, downSeconds));
      this.say(`${how} of ${this.victim.spec.name}, down ${downMs} ms`);
      const gone = performance.now();
      await this.victim.strike(how, downMs);
      this.awayMs += performance.now() - gone;
    }
  }
}

const between = (draw: Generator, [low, high]: readonly [number, number]): number =>
  low + draw.uniform() * (high - low);
