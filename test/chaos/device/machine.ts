import type { AgentClock, Send } from '../../../apps/agent/ports';
import type { DeviceAdapter } from '../../../apps/agent/adapters/adapter';
import type { Generator } from '../../../libs/random/generator';
import { runAgent } from './agent-process';
import type { RunningAgent } from './agent-process';
import { Disk, filesOf } from './disk';
import type { Turns } from './turns';

/** What a machine is connected to. */
export interface Connections {
  readonly code: string;
  readonly token: string;
  readonly send: (owner: string) => Send;
  readonly link: (owner: string) => DeviceAdapter;
}

/** A computer beside an instrument, with its disk and at most one process of the agent. */
export class Machine {
  readonly disk = new Disk();
  /** Steps of its wall clock, ms. */
  wallOffsetMs = 0;
  /** Taken away for good. */
  scrapped = false;
  asleep = false;
  private lives = 0;
  private sleptSince = 0;
  /** A frozen virtual machine's clock stands still, a suspended process's does not. */
  private clockStands = false;
  private stoodStillMs = 0;
  private agent: RunningAgent | undefined;

  constructor(
    readonly name: string,
    private readonly connections: Connections,
    private readonly turns: Turns,
    private readonly random: Generator,
  ) {}

  /** Owner of everything the present process waits for. */
  get owner(): string {
    return `${this.name}.${this.lives}`;
  }

  get runs(): boolean {
    return this.agent !== undefined;
  }

  /** Dispatches it has begun and not settled; undefined while no process tells. */
  get owes(): number | undefined {
    return this.agent?.owes();
  }

  /** Starts the agent on what the disk holds. */
  start(): void {
    if (this.agent || this.scrapped) return;
    this.lives++;
    const { owner, connections } = this;
    const { code, token } = connections;
    this.agent = runAgent({
      code,
      token,
      files: filesOf(this.disk, owner, this.turns),
      clock: this.clock(owner),
      send: connections.send(owner),
      adapter: connections.link(owner),
      log: (level, message) => this.turns.note(`${owner} ${level}: ${message}`),
      failed: (error) => this.turns.note(`${owner} ends: ${String(error)}`),
    });
  }

  /** The process ends without a word; what it asked the system to write is written or not. */
  kill(): void {
    if (!this.agent) return;
    this.turns.bury(this.owner);
    this.turns.wake(this.owner);
    this.asleep = false;
    this.agent = undefined;
  }

  /** The power goes: with the process goes what was not synced. */
  cutPower(): void {
    this.kill();
    this.disk.powerCut(this.random);
  }

  /** Stops in the middle of whatever it does, as a suspended process or a frozen virtual machine. */
  sleep(): void {
    this.asleep = true;
    this.sleptSince = this.turns.now;
    this.clockStands = this.random.uniform() < 0.5;
    this.turns.sleep(this.owner);
  }

  wake(): void {
    if (this.asleep && this.clockStands) this.stoodStillMs += this.turns.now - this.sleptSince;
    this.asleep = false;
    this.turns.wake(this.owner);
  }

  /** Never runs again. */
  scrap(): void {
    this.kill();
    this.scrapped = true;
  }

  private clock(owner: string): AgentClock {
    const { turns } = this;
    const boot = turns.now;
    this.stoodStillMs = 0;
    return {
      monotonicMs: () => turns.now - boot - this.stoodStillMs,
      wallTime: () => new Date(Date.UTC(2026, 0, 5, 8) + turns.now + this.wallOffsetMs).toISOString(),
      pause: (ms, signal) =>
        new Promise((resolve) => {
          if (signal.aborted) return resolve();
          const wake = (): void => {
            turns.cancel(timer);
            signal.removeEventListener('abort', wake);
            resolve();
          };
          const timer = turns.later(owner, 'paused', ms, wake);
          signal.addEventListener('abort', wake);
        }),
    };
  }
}
