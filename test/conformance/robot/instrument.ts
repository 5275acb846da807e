import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Outcome } from '../../../libs/device/job';

interface Run {
  readonly endsAt: number;
  readonly outcome: Outcome;
}

/** A request to the front panel, as a scenario may interfere with it. */
export interface PanelCall {
  /** `stage`, `start`, `refuse`, `runs`, `files`. */
  readonly action: string;
  readonly dispatchId: string;
}

/**
 * A virtual instrument behind the front panel's routes (`apps/virtual-lab/panel.ts`) that counts how often each dispatch was
 * triggered. It guards nothing: whoever triggers twice, moves twice. Only a dispatch it was told to refuse it never begins.
 */
export class CountingInstrument {
  /** Times of every trigger, by dispatch. */
  readonly triggers = new Map<string, number[]>();
  /** Last worklist staged, by dispatch; '' without one. */
  readonly staged = new Map<string, string>();
  /** How long a run takes, ms. */
  runMs = 150;
  /** What a run writes. */
  file: Buffer | undefined;
  /** `before` loses a call, `after` its answer. */
  lose: (call: PanelCall) => 'before' | 'after' | undefined = () => undefined;
  /** Told of every call before and after it is done. */
  told: (moment: 'before' | 'after', call: PanelCall) => void | Promise<void> = () => undefined;
  /** Told of every trigger when it is counted. */
  moved: (dispatchId: string) => void = () => undefined;
  private readonly runs = new Map<string, Run>();
  private readonly refused = new Set<string>();
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;
  private port = 0;

  constructor(private readonly device: string) {
    this.server = createServer((request, response) => {
      this.serve(request, response).catch(() => response.destroy());
    });
    this.server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
    });
  }

  /** Base of the front panel of its one device. */
  get url(): string {
    return `http://127.0.0.1:${this.port}/devices/${this.device}`;
  }

  /** Answers; the port stays the same after it was away. */
  async listen(): Promise<void> {
    await new Promise<void>((done) => this.server.listen(this.port, '127.0.0.1', done));
    this.port = (this.server.address() as AddressInfo).port;
  }

  /** Answers nobody any more; what it does it goes on doing. */
  async vanish(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((done) => this.server.close(done));
  }

  count(dispatchId: string): number {
    return this.triggers.get(dispatchId)?.length ?? 0;
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const url = new URL(request.url ?? '/', 'http://panel');
    const [, , , action = 'health', named = ''] = url.pathname.split('/');
    const body = chunks.length > 0 ? (JSON.parse(Buffer.concat(chunks).toString()) as Record<string, string>) : {};
    const call = { action, dispatchId: named || (body['dispatchId'] ?? '') };
    await this.told('before', call);
    const lost = this.lose(call);
    if (lost === 'before') return void response.destroy();
    const answer = await this.answer(call, body, Number(url.searchParams.get('waitMs') ?? 0));
    await this.told('after', call);
    if (lost === 'after') return void response.destroy();
    const sent = Buffer.isBuffer(answer.body) ? answer.body : Buffer.from(JSON.stringify(answer.body));
    response.writeHead(answer.status, { 'content-length': sent.length });
    response.end(sent);
  }

  private async answer(
    { action, dispatchId }: PanelCall,
    body: Readonly<Record<string, string>>,
    waitMs: number,
  ): Promise<{ status: number; body: unknown }> {
    switch (action) {
      case 'stage':
        this.staged.set(dispatchId, body['worklistCsv'] ?? '');
        return { status: 200, body: { durationMs: this.runMs } };
      case 'start':
        return this.start(dispatchId);
      case 'refuse':
        if (!this.runs.has(dispatchId)) this.refused.add(dispatchId);
        return { status: 200, body: this.view(dispatchId) };
      case 'runs':
        await this.ended(dispatchId, waitMs);
        return { status: 200, body: this.view(dispatchId) };
      case 'files':
        return { status: 200, body: this.file };
      case 'self-test':
        return { status: 200, body: { passed: true, message: 'well' } };
      default:
        return { status: 200, body: { state: 'ready' } };
    }
  }

  private start(dispatchId: string): { status: number; body: unknown } {
    if (this.refused.has(dispatchId)) return { status: 409, body: { type: 'refused', status: 409, detail: 'refused' } };
    this.triggers.set(dispatchId, [...(this.triggers.get(dispatchId) ?? []), performance.now()]);
    this.moved(dispatchId);
    this.runs.set(dispatchId, { endsAt: performance.now() + this.runMs, outcome: this.outcome(dispatchId) });
    return { status: 200, body: { state: 'running' } };
  }

  private outcome(dispatchId: string): Outcome {
    const lines = (this.staged.get(dispatchId) ?? '').trim().split('\n').length - 1;
    const transfers = lines > 0 ? { transfers: { done: [[1, lines]] as const, uncertain: [] } } : {};
    return { version: 1, result: 'succeeded', ...transfers, files: this.file ? [fileOf(this.file)] : [] };
  }

  private async ended(dispatchId: string, waitMs: number): Promise<void> {
    const run = this.runs.get(dispatchId);
    if (run) await pause(Math.min(waitMs, Math.max(0, run.endsAt - performance.now())));
  }

  private view(dispatchId: string): unknown {
    const run = this.runs.get(dispatchId);
    if (!run) return { state: 'never-started' };
    const leftMs = run.endsAt - performance.now();
    if (leftMs <= 0) return { state: 'done', outcome: run.outcome };
    return { state: 'running', progress: { percent: Math.round(100 * (1 - leftMs / this.runMs)) } };
  }
}

const fileOf = (content: Buffer): Outcome['files'][number] => ({
  sha256: createHash('sha256').update(content).digest('hex'),
  bytes: content.length,
  name: 'run.bin',
  mediaType: 'application/octet-stream',
});
