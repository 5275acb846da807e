import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { projectRoot } from './project-root';

const script = join(projectRoot, 'apps', 'cli', 'stack', 'stop-orphans.mjs');

/**
 * A tiny process that stops our children when we are gone without having stopped them ourselves: after `kill -9` of
 * the supervisor, its pipe ends, and the reaper does the rest. It is started again when it dies.
 */
export class Reaper {
  private child: ChildProcess | undefined;
  private readonly watched = new Map<number, NodeJS.Signals>();
  private closing = false;

  /** Takes responsibility for a process; `signal` is its orderly stop. */
  watch(pid: number, signal: NodeJS.Signals): void {
    this.watched.set(pid, signal);
    if (this.child) this.tell(`+ ${pid} ${signal}`);
    else this.start();
  }

  /** The process has ended. */
  forget(pid: number): void {
    this.watched.delete(pid);
    this.tell(`- ${pid}`);
  }

  /** Ends the reaper. What it still watches, it stops. */
  async close(): Promise<void> {
    this.closing = true;
    const child = this.child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.stdin?.end();
    await exited;
  }

  private start(): void {
    this.child = spawn(process.execPath, [script], { stdio: ['pipe', 'ignore', 'ignore'], detached: true, env: {} });
    this.child.on('error', () => undefined);
    this.child.stdin?.on('error', () => undefined);
    this.child.once('exit', () => {
      this.child = undefined;
      if (!this.closing && this.watched.size > 0) this.start();
    });
    for (const [pid, signal] of this.watched) this.tell(`+ ${pid} ${signal}`);
  }

  private tell(line: string): void {
    this.child?.stdin?.write(`${line}\n`);
  }
}
