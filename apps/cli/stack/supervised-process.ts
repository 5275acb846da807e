import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { DomainError } from '../../../libs/errors/domain-error';
import type { ProcessLog } from './process-log';
import type { ProcessSpec, ReadyReport } from './process-spec';
import { isAlive } from './process-identity';

/** How a process ended. */
export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One life of a process: spawned, ready at some time, ended once. */
export class SupervisedProcess {
  readonly pid: number;
  /** Resolves when the process has ended. */
  readonly ended: Promise<ProcessExit>;
  private readonly child: ChildProcess;
  private readonly reported: Promise<number | undefined>;
  private exit: ProcessExit | undefined;

  /** @throws the system's error when the command cannot be started. */
  static async spawn(spec: ProcessSpec, log: ProcessLog): Promise<SupervisedProcess> {
    await spec.beforeStart?.();
    const output = log.open();
    try {
      const child = spawn(spec.command, [...spec.args], {
        stdio: ['ignore', spec.ready === 'line' ? 'pipe' : output, output],
        env: { ...spec.env },
        detached: true,
        ...(spec.cwd ? { cwd: spec.cwd } : {}),
        ...(spec.uid === undefined ? {} : { uid: spec.uid }),
        ...(spec.gid === undefined ? {} : { gid: spec.gid }),
      });
      await once(child, 'spawn');
      return new SupervisedProcess(spec, child, log);
    } finally {
      log.close(output);
    }
  }

  private constructor(
    private readonly spec: ProcessSpec,
    child: ChildProcess,
    private readonly log: ProcessLog,
  ) {
    this.child = child;
    child.on('error', (error) => log.append(`${spec.name}: ${error.message}\n`));
    this.pid = child.pid as number;
    this.reported = this.readLines();
    this.ended = new Promise((resolve) =>
      child.once('exit', (code, signal) => {
        this.exit = { code, signal };
        resolve(this.exit);
      }),
    );
  }

  /**
   * Waits until the process serves.
   * @throws DomainError `stack-start-failed` when it ends first or takes too long (then it is killed).
   */
  async ready(): Promise<ReadyReport> {
    const giveUp = new AbortController();
    const late = pause(this.spec.readyWithinMs, 'late' as const, { signal: giveUp.signal }).catch(
      () => 'late' as const,
    );
    const answer = await Promise.race([this.serves(giveUp.signal), this.ended, late]);
    giveUp.abort();
    if (answer !== 'late' && !('code' in answer)) return answer;
    if (answer === 'late') this.killGroup();
    const reason =
      answer === 'late' ? `did not answer within ${this.spec.readyWithinMs} ms` : `ended (${describeExit(answer)})`;
    throw new DomainError(
      'stack-start-failed',
      `${this.spec.name} ${reason}. The end of ${this.log.path}:\n${this.log.tail(15)}`,
    );
  }

  /** Orderly stop, then SIGKILL to what is left of its group. */
  async stop(): Promise<void> {
    if (!this.exit) {
      this.child.kill(this.spec.stopSignal ?? 'SIGTERM');
      const giveUp = new AbortController();
      const grace = pause(this.spec.stopGraceMs ?? 10_000, undefined, { signal: giveUp.signal }).catch(() => undefined);
      await Promise.race([this.ended, grace]);
      giveUp.abort();
    }
    this.killGroup();
    await this.ended;
  }

  /** Sends a signal to the process alone. */
  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** SIGKILL to the whole group, so that nothing the process started outlives it. */
  killGroup(): void {
    try {
      process.kill(-this.pid, 'SIGKILL');
    } catch {
      if (isAlive(this.pid) && !this.exit) this.child.kill('SIGKILL');
    }
  }

  private async serves(signal: AbortSignal): Promise<ReadyReport> {
    if (this.spec.ready === 'line') {
      const port = await this.reported;
      return { pid: this.pid, ...(port === undefined ? {} : { port }) };
    }
    for (let waitMs = 20; !signal.aborted; waitMs = Math.min(200, waitMs * 1.5)) {
      if (await this.spec.ready().catch(() => false)) return { pid: this.pid };
      await pause(waitMs);
    }
    return { pid: this.pid };
  }

  /** Copies the output to the log; resolves with the port of the first line that says ready. */
  private readLines(): Promise<number | undefined> {
    return new Promise((resolve) => {
      let rest = '';
      this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
        this.log.append(text);
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) {
          const said = readyLine(line);
          if (said) resolve(said.port);
        }
      });
    });
  }
}

/** In words: `exit code 1`, `signal SIGKILL`. */
export function describeExit(exit: ProcessExit): string {
  return exit.signal ? `signal ${exit.signal}` : `exit code ${exit.code}`;
}

function readyLine(line: string): { port?: number } | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const said = JSON.parse(line) as { ready?: unknown; port?: unknown };
    if (said.ready !== true) return undefined;
    return typeof said.port === 'number' ? { port: said.port } : {};
  } catch {
    return undefined;
  }
}
