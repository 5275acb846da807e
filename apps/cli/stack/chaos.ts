import { setTimeout as pause } from 'node:timers/promises';
import { generatorFor, type Generator } from '../../../libs/random/generator';
import { BenchPerson } from './bench-person';
import type { Stack } from './stack';
import type { Tokens } from './tokens';

/** `kill`: processes die at random moments. `partial`: instruments break in the middle of their work, too. */
export type ChaosKind = 'kill' | 'partial';

export interface ChaosPlan {
  readonly kind: ChaosKind;
  readonly stack: Stack;
  readonly tokens: Tokens;
  readonly seed: string;
  readonly say: (line: string) => void;
}

const victims = ['api', 'worker', 'agent', 'postgres', 'temporal'];
/** How often each victim dies. */
const turns = 3;
const shortestGapMs = 2_000;
const longestGapMs = 9_000;

/** Trouble while a campaign runs: kill -9 of its processes, and instruments that fail half-way with a person who cleans up. */
export class Chaos {
  private readonly generator: Generator;
  private readonly kills: Record<string, number> = {};
  private readonly halt = new AbortController();
  private readonly person: BenchPerson | undefined;
  private running: Promise<void> = Promise.resolve();

  constructor(private readonly plan: ChaosPlan) {
    this.generator = generatorFor('chaos', plan.seed, plan.kind);
    if (plan.kind === 'partial') this.person = new BenchPerson(plan.stack, plan.tokens, plan.say);
  }

  /** Begins; ends with `stop`. */
  start(): this {
    this.running = this.plan.kind === 'kill' ? this.killOnAndOn() : this.breakInstruments();
    this.running.catch((error: unknown) => this.plan.say(`chaos stopped: ${String(error)}`));
    return this;
  }

  /** Ends the trouble. @returns what was done, by name */
  async stop(): Promise<Record<string, unknown>> {
    this.halt.abort();
    await this.running.catch(() => undefined);
    return { kills: this.kills, ...(this.person ? { person: this.person.figures() } : {}) };
  }

  /** Every victim in turn, in a seeded order that changes with each turn, at random moments. */
  private async killOnAndOn(): Promise<void> {
    for (let turn = 0; turn < turns; turn++)
      for (const name of this.generator.shuffle(victims)) {
        await this.wait(shortestGapMs + this.generator.uniform() * (longestGapMs - shortestGapMs));
        if (this.halt.signal.aborted) return;
        this.plan.say(`chaos: kill -9 ${name}`);
        this.kills[name] = (this.kills[name] ?? 0) + 1;
        await this.plan.stack.supervisor.kill(name).catch((error: unknown) => this.plan.say(`chaos: ${String(error)}`));
      }
  }

  /**
   * A liquid handler that breaks down half-way and forgets the run (a person looks at the wells), then breaks down again and
   * remembers (evidence), and a reader that never comes back; a person sees to them until the campaign ends.
   */
  private async breakInstruments(): Promise<void> {
    const half = (): number => 4 + this.generator.below(12);
    await this.arm({ kind: 'crash', device: 'lh-1', afterTransfers: half(), forgets: true });
    await this.arm({ kind: 'gone', device: 'reader-1' });
    let again = false;
    while (!this.halt.signal.aborted) {
      await this.person?.look().catch((error: unknown) => this.plan.say(`bench person: ${String(error)}`));
      if (!again && (this.person?.figures()['resolvedPartly'] ?? 0) > 0) {
        again = true;
        await this.arm({ kind: 'crash', device: 'lh-1', afterTransfers: half() });
      }
      await this.wait(500);
    }
  }

  private async arm(fault: Readonly<Record<string, unknown>>): Promise<void> {
    this.plan.say(`chaos: the next run of ${String(fault['device'])} will break down (${JSON.stringify(fault)})`);
    const response = await fetch(new URL('/faults', this.plan.stack.state().labUrl), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(fault),
    });
    if (!response.ok) throw new Error(`the lab refused the fault: ${await response.text()}`);
  }

  private async wait(ms: number): Promise<void> {
    await pause(ms, undefined, { signal: this.halt.signal }).catch(() => undefined);
  }
}
