import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { buildSync } from 'esbuild';

/** Bundles a TypeScript entry into one file that Node runs. @returns its path. */
export function bundle(entry: string, outDir: string): string {
  const outfile = join(outDir, 'process.js');
  buildSync({ entryPoints: [entry], bundle: true, platform: 'node', outfile, logLevel: 'error' });
  return outfile;
}

/** A process that is killed without warning and begun again. */
export class KillableProcess {
  private child: ChildProcess | undefined;
  private log = '';

  constructor(
    private readonly script: string,
    private readonly args: readonly string[],
  ) {}

  start(): void {
    const child = spawn(process.execPath, [this.script, ...this.args], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stderr.on('data', (chunk: Buffer) => (this.log += chunk.toString()));
    this.child = child;
  }

  /** What it wrote to standard error, over all its lives. */
  get stderr(): string {
    return this.log;
  }

  /** The first line it prints. */
  firstLine(): Promise<string> {
    return new Promise((resolve) => {
      let text = '';
      this.child?.stdout?.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        if (text.includes('\n')) resolve(text.slice(0, text.indexOf('\n')));
      });
    });
  }

  /** SIGKILL, at once; resolves when the process is gone. */
  kill(): Promise<void> {
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill('SIGKILL');
    return gone;
  }
}
