import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { installationRoot } from '../../db/migrate';
import { AnnealClient } from '../../libs/client/client';
import type { CampaignView } from '../../libs/report/campaign-view';
import type { Report } from '../../libs/report/report';

interface State {
  readonly apiUrl: string;
  readonly labUrl: string;
  readonly databaseUrl: string;
  readonly pids: Readonly<Record<string, number>>;
}

const root = installationRoot();

/** `anneal dev` as a process of its own, in a folder of its own: it can be killed whole and started again. */
export class DevStack {
  readonly dataDir = mkdtempSync(join(tmpdir(), 'anneal-chaos-'));
  private child: ChildProcess | undefined;

  constructor(private readonly say: (line: string) => void) {}

  /** Starts it, or starts it again on what the last life left behind. */
  async start(): Promise<void> {
    const args = [join(root, 'dist/apps/cli/main.js'), 'dev', '--data-dir', this.dataDir];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'], cwd: root });
    this.child = child;
    let told = '';
    for await (const chunk of child.stdout) {
      told += String(chunk);
      if (told.includes('Anneal is running')) break;
    }
    if (!told.includes('Anneal is running'))
      throw new Error(`the stack ended (exit code ${child.exitCode}) before it ran`);
    child.stdout.resume();
    this.say(`the stack runs in ${this.dataDir}`);
  }

  /** Where everything answers, and the pids of this moment. */
  state(): State {
    return JSON.parse(readFileSync(join(this.dataDir, 'stack.json'), 'utf8')) as State;
  }

  /** A client in the name of a role. */
  client(role = 'scientist'): AnnealClient {
    const tokens = JSON.parse(readFileSync(join(this.dataDir, 'tokens.json'), 'utf8')) as Record<string, string>;
    return new AnnealClient({ baseUrl: this.state().apiUrl, token: tokens[role] as string });
  }

  /** kill -9 of every process, the supervisor first, so that nothing is restarted. */
  async crashEverything(): Promise<void> {
    const { pids } = this.state();
    this.say(`kill -9 of everything: ${Object.keys(pids).join(', ')}`);
    const ended = this.child && this.child.exitCode === null ? once(this.child, 'exit') : undefined;
    for (const pid of [pids['stack'], ...Object.values(pids)]) kill(pid as number, 'SIGKILL');
    await ended;
  }

  /** kill -9 of one process by name; the supervisor starts it again. */
  crash(name: string): void {
    kill(this.state().pids[name] as number, 'SIGKILL');
  }

  /** Waits until a campaign's view fits. */
  async until(slug: string, fits: (view: CampaignView) => boolean, seconds: number): Promise<CampaignView> {
    const end = performance.now() + seconds * 1_000;
    for (;;) {
      const view = await this.client()
        .get<CampaignView>(`/v1/campaigns/${slug}`)
        .catch(() => undefined);
      if (view && fits(view)) return view;
      if (view && ['failed', 'aborted'].includes(view.status))
        throw new Error(`campaign ${view.status}: ${view.reason}`);
      if (performance.now() > end) throw new Error(`waited ${seconds} s in vain; last seen: ${JSON.stringify(view)}`);
      await pause(200);
    }
  }

  report(slug: string): Promise<Report> {
    return this.client().get<Report>(`/v1/campaigns/${slug}/report?format=json`);
  }

  /** Stops it and removes its folder. */
  async end(): Promise<void> {
    if (this.child && this.child.exitCode === null) {
      const ended = once(this.child, 'exit');
      this.child.kill('SIGTERM');
      await ended;
    }
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended already.
  }
}
