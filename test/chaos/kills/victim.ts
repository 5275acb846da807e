import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { isAlive, signalIfAlive } from '../../../apps/cli/stack/process-identity';
import { ProcessLog } from '../../../apps/cli/stack/process-log';
import type { ProcessSpec } from '../../../apps/cli/stack/process-spec';
import type { Reaper } from '../../../apps/cli/stack/reaper';
import { SupervisedProcess } from '../../../apps/cli/stack/supervised-process';

/** `SIGKILL`: the process and its children at once. `SIGQUIT`: the immediate stop of PostgreSQL, which ends its own children. */
export type KillHow = 'SIGKILL' | 'SIGQUIT';

const startTries = 8;

/** A process that is really killed, and started again on what it left behind when the test says so. */
export class Victim {
  /** How often it was killed. */
  kills = 0;
  private life: SupervisedProcess | undefined;
  private readonly log: ProcessLog;
  /** Kills and starts of one process come one after the other. */
  private turn: Promise<void> = Promise.resolve();

  constructor(
    readonly spec: ProcessSpec,
    logsDir: string,
    private readonly reaper: Reaper,
  ) {
    this.log = new ProcessLog(`${logsDir}/${spec.name}.log`);
  }

  /** Starts it and waits until it serves; a failed start is tried again. */
  start(): Promise<void> {
    return this.inTurn(() => this.live());
  }

  /** Kills it, waits `downMs` with nothing of it left, and starts it again. */
  strike(how: KillHow, downMs: number): Promise<void> {
    return this.inTurn(async () => {
      await this.die(how);
      this.kills++;
      await pause(downMs);
      await this.live();
    });
  }

  /** Ends it for good, in order. */
  stop(): Promise<void> {
    return this.inTurn(async () => {
      if (this.life) this.reaper.forget(this.life.pid);
      await this.life?.stop();
      this.life = undefined;
    });
  }

  private inTurn(act: () => Promise<void>): Promise<void> {
    const acted = this.turn.then(act);
    this.turn = acted.catch(() => undefined);
    return acted;
  }

  private async live(): Promise<void> {
    for (let tries = 1; ; tries++) {
      const life = await SupervisedProcess.spawn(this.spec, this.log);
      this.reaper.watch(life.pid, this.spec.stopSignal ?? 'SIGTERM');
      void life.ended.then(() => this.reaper.forget(life.pid));
      this.life = life;
      try {
        await life.ready();
        return;
      } catch (error) {
        if (tries >= startTries) throw error;
        await life.stop();
        await pause(100);
      }
    }
  }

  private async die(how: KillHow): Promise<void> {
    const { life } = this;
    if (!life) return;
    const children = how === 'SIGKILL' ? await childrenOf(life.pid) : [];
    for (const pid of [life.pid, ...children]) signalIfAlive(pid, how);
    await life.ended;
    while (children.some(isAlive)) await pause(2);
    this.life = undefined;
  }
}

async function childrenOf(pid: number): Promise<number[]> {
  if (process.platform === 'linux') return linuxChildren(pid);
  const found = await promisify(execFile)('pgrep', ['-P', String(pid)]).catch(() => undefined);
  return (found?.stdout ?? '').split('\n').flatMap((line) => (line === '' ? [] : [Number(line)]));
}

function linuxChildren(parent: number): number[] {
  return readdirSync('/proc').flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return [];
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8');
      const [, ppid] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return Number(ppid) === parent ? [Number(entry)] : [];
    } catch {
      return [];
    }
  });
}
