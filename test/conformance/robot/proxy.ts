import { createServer, request as send } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request of the robot, and what it was answered. */
export interface Exchange {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly body: Buffer;
  /** Of `performance.now()`, when the request was whole. */
  readonly at: number;
  /** Undefined while it is not answered, or when the answer was lost. */
  status?: number;
  answer?: Buffer;
}

/** What goes wrong between robot and api. */
export type Fault =
  /** The request never arrives. */
  | { readonly kind: 'lose-request' }
  /** It is done, and its answer is lost. */
  | { readonly kind: 'lose-answer' }
  /** Somebody else answers. */
  | { readonly kind: 'answer'; readonly status: number; readonly json?: unknown; readonly bytes?: Buffer }
  /** The answer arrives with other bytes. */
  | { readonly kind: 'corrupt' }
  /** It waits on its way. */
  | { readonly kind: 'hold'; readonly until: Promise<unknown> };

/** Stands between the robot and the api, keeps what passes, and does damage where a scenario says so. */
export class FaultProxy {
  readonly exchanges: Exchange[] = [];
  /** Asked about every whole request before it goes on. */
  fault: (exchange: Exchange) => Fault | undefined = () => undefined;
  /** Told of every answer before the robot gets it; a promise holds it up. */
  answered: (exchange: Exchange) => void | Promise<void> = () => undefined;
  private readonly server: Server;
  private readonly watchers = new Set<() => void>();

  constructor(private readonly target: string) {
    this.server = createServer((request, response) => {
      this.pass(request, response).catch(() => response.destroy());
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((done) => this.server.listen(0, '127.0.0.1', done));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }

  /** Exchanges whose path matches, oldest first. */
  of(path: RegExp): Exchange[] {
    return this.exchanges.filter((exchange) => path.test(exchange.path));
  }

  /** Resolves when a condition holds, looked at after every request and answer. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((done) => {
      const look = (): void => {
        if (!condition()) return;
        this.watchers.delete(look);
        done();
      };
      this.watchers.add(look);
      look();
    });
  }

  private async pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const hungUp = new AbortController();
    response.on('close', () => hungUp.abort());
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = 'GET', url: path = '/' } = request;
    const exchange: Exchange = { method, path, body: Buffer.concat(chunks), at: performance.now() };
    this.exchanges.push(exchange);
    const fault = this.fault(exchange);
    this.look();
    if (fault?.kind === 'lose-request') return void response.destroy();
    if (fault?.kind === 'hold') await fault.until;
    const found = fault?.kind === 'answer' ? made(fault) : await this.forward(request, exchange, hungUp.signal);
    if (fault?.kind === 'lose-answer') {
      this.look();
      return void response.destroy();
    }
    if (fault?.kind === 'corrupt') found.body = Buffer.concat([found.body.subarray(0, -1), Buffer.from('?')]);
    Object.assign(exchange, { status: found.status, answer: found.body });
    await this.answered(exchange);
    this.look();
    response.writeHead(found.status, { ...found.headers, 'content-length': found.body.length });
    response.end(found.body);
  }

  private forward(request: IncomingMessage, { method, path, body }: Exchange, signal: AbortSignal): Promise<Found> {
    const { host: _host, connection: _connection, 'transfer-encoding': _coding, ...headers } = request.headers;
    return new Promise((done, fail) => {
      const onward = send(
        `${this.target}${path}`,
        { method, headers: { ...headers, 'content-length': body.length }, signal },
        (answer) => {
          const chunks: Buffer[] = [];
          answer.on('data', (chunk: Buffer) => chunks.push(chunk));
          answer.on('error', fail);
          answer.on('end', () =>
            done({ status: answer.statusCode ?? 502, body: Buffer.concat(chunks), headers: kept(answer.headers) }),
          );
        },
      );
      onward.on('error', fail);
      onward.end(body);
    });
  }

  private look(): void {
    for (const watcher of [...this.watchers]) watcher();
  }
}

interface Found {
  readonly status: number;
  body: Buffer;
  readonly headers: Record<string, string>;
}

const kept = (headers: IncomingMessage['headers']): Record<string, string> =>
  headers['content-type'] ? { 'content-type': headers['content-type'] } : {};

function made({ status, json, bytes }: Extract<Fault, { kind: 'answer' }>): Found {
  const body = bytes ?? Buffer.from(json === undefined ? '' : JSON.stringify(json));
  return { status, body, headers: { 'content-type': status < 300 ? 'application/json' : 'application/problem+json' } };
}
