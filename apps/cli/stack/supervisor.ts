import { EventEmitter, once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { DomainError } from '../../../libs/errors/domain-error';
import { ProcessLog } from './process-log';
import type { ProcessSpec, ReadyReport } from './process-spec';
import { Reaper } from './reaper';
import { describeExit, SupervisedProcess } from './supervised-process';

const firstBackoffMs = 100;
const longestBackoffMs = 10_000;
/** A process that lived this long starts over with the shortest backoff. */
const steadyMs = 20_000;

/** What a supervisor needs to know. */
export interface SupervisorOptions {
  /** Folder of the log files, one per process. */
  readonly logsDir: string;
  /** Where it tells a person what happens, one line at a time. */
  readonly say?: (line: string) => void;
}

/** One supervised name: its present life, and what happens after it ends. */
interface Charge {
  readonly spec: ProcessSpec;
  readonly log: ProcessLog;
  life?: SupervisedProcess;
  report?: ReadyReport;
  restarts: number;
  stopping: boolean;
  /** Ends when the charge is stopped for good. */
  keeper: Promise<void>;
}

/**
 * Owns processes: starts them in the order given, restarts what dies with a growing pause, stops them in reverse order
 * and leaves nothing behind, even when this very process is killed.
 */
export class Supervisor {
  private readonly charges = new Map<string, Charge>();
  private readonly reaper = new Reaper();
  private readonly events = new EventEmitter().setMaxListeners(0);
  private readonly halt = new AbortController();
  private readonly say: (line: string) => void;
  private stopped: Promise<void> | undefined;

  constructor(private readonly options: SupervisorOptions) {
    this.say = options.say ?? (() => undefined);
  }

  /**
   * Starts a process and waits until it serves. From then on it is restarted whenever it dies.
   * @throws DomainError `stack-start-failed` when the first start fails (the process is then not kept) or the
   * supervisor was stopped meanwhile.
   */
  async start(spec: ProcessSpec): Promise<ReadyReport> {
    if (this.stopped)
      throw new DomainError('stack-start-failed', `${spec.name} is not started: everything is stopping`);
    if (this.charges.has(spec.name)) throw new Error(`${spec.name} is already supervised`);
    const log = new ProcessLog(join(this.options.logsDir, `${spec.name}.log`));
    const charge: Charge = { spec, log, restarts: 0, stopping: false, keeper: Promise.resolve() };
    this.charges.set(spec.name, charge);
    const first = this.firstStart(charge);
    charge.keeper = first.then(
      () => undefined,
      () => undefined,
    );
    try {
      const report = await first;
      charge.keeper = this.keep(charge);
      return report;
    } catch (error) {
      if (!charge.stopping) this.charges.delete(spec.name);
      throw error;
    }
  }

  /** Pid of every live process by name. */
  pids(): Record<string, number> {
    const live = [...this.charges.values()].filter((charge) => charge.life);
    return Object.fromEntries(live.map((charge) => [charge.spec.name, (charge.life as SupervisedProcess).pid]));
  }

  /** How often a process was started again after it died. */
  restarts(name: string): number {
    return this.find(name).restarts;
  }

  /** Waits until a process serves: at once when it does, after its restart when it is down. */
  async whenReady(name: string): Promise<ReadyReport> {
    for (;;) {
      const { report } = this.find(name);
      if (report) return report;
      await once(this.events, 'changed');
    }
  }

  /** Calls back after every start and every death of a process. */
  onChange(listener: () => void): void {
    this.events.on('changed', listener);
  }

  /** Kills a process by name, as a fault; it will be restarted. Resolves when it is dead. */
  async kill(name: string, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const { life } = this.find(name);
    if (!life) return;
    life.kill(signal);
    await life.ended;
    while (this.find(name).life === life) await once(this.events, 'changed');
  }

  /** Stops one process for good. */
  async stopOne(name: string): Promise<void> {
    const charge = this.find(name);
    charge.stopping = true;
    await charge.life?.stop();
    this.events.emit('changed');
    await charge.keeper;
    this.charges.delete(name);
  }

  /** Stops everything, last started first. */
  async stop(): Promise<void> {
    this.stopped ??= this.stopAll();
    await this.stopped;
  }

  private async stopAll(): Promise<void> {
    this.halt.abort();
    for (const charge of this.charges.values()) charge.stopping = true;
    for (const name of [...this.charges.keys()].reverse()) await this.stopOne(name);
    await this.reaper.close();
  }

  /** Kills everything at once, for the impatient. */
  killAll(): void {
    for (const charge of this.charges.values()) {
      charge.stopping = true;
      charge.life?.killGroup();
    }
  }

  private find(name: string): Charge {
    const charge = this.charges.get(name);
    if (!charge) throw new Error(`no process is called ${name}; there are: ${[...this.charges.keys()].join(', ')}`);
    return charge;
  }

  private async firstStart(charge: Charge): Promise<ReadyReport> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.live(charge);
      } catch (error) {
        if (charge.stopping || attempt >= (charge.spec.startAttempts ?? 1)) throw error;
        await this.wait(firstBackoffMs * 2 ** attempt);
      }
    }
  }

  /** Begins one life and waits until it serves. */
  private async live(charge: Charge): Promise<ReadyReport> {
    const life = await SupervisedProcess.spawn(charge.spec, charge.log);
    if (charge.stopping) await life.stop();
    charge.life = life;
    this.reaper.watch(life.pid, charge.spec.stopSignal ?? 'SIGTERM');
    void life.ended.then(() => this.bury(charge, life));
    const report = await life.ready();
    if (charge.life === life) charge.report = report;
    this.events.emit('changed');
    return report;
  }

  private bury(charge: Charge, life: SupervisedProcess): void {
    this.reaper.forget(life.pid);
    if (charge.life !== life) return;
    delete charge.life;
    delete charge.report;
    this.events.emit('changed');
  }

  /** Starts a process again for as long as it is wanted. */
  private async keep(charge: Charge): Promise<void> {
    let backoffMs = firstBackoffMs;
    while (!charge.stopping) {
      const since = Date.now();
      const exit = await charge.life?.ended;
      if (charge.stopping) return;
      if (Date.now() - since > steadyMs) backoffMs = firstBackoffMs;
      const why = exit ? describeExit(exit) : 'it did not start';
      this.say(`${charge.spec.name} died (${why}); starting it again (${charge.log.path})`);
      await this.wait(backoffMs);
      backoffMs = Math.min(longestBackoffMs, backoffMs * 2);
      if (charge.stopping) return;
      charge.restarts += 1;
      const report = await this.live(charge).catch(() => undefined);
      if (report) this.say(`${charge.spec.name} is back (pid ${report.pid})`);
    }
  }

  private async wait(ms: number): Promise<void> {
    await pause(ms, undefined, { signal: this.halt.signal }).catch(() => undefined);
  }
}
