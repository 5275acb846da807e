import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as a fake sees it. */
export interface FakeRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Buffer;
}

/** What a fake answers; `never` leaves the connection hanging, as a dead peer does. */
export type FakeAnswer = { readonly status: number; readonly json?: unknown; readonly bytes?: Buffer } | 'never';

/** Hears of every request before it is handled and after the answer was decided; `lost` before means it is never handled. */
export type Witness = (moment: 'before' | 'after', request: FakeRequest) => 'lost' | undefined;

/** A small loopback server for one test. */
export class FakeServer {
  witness: Witness = () => undefined;
  private readonly server: Server;

  constructor(private readonly handle: (request: FakeRequest) => FakeAnswer | Promise<FakeAnswer>) {
    this.server = createServer((request, response) => void this.serve(request, response));
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(incoming.url ?? '/', 'http://fake');
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const request = { method: incoming.method ?? '', path: url.pathname, query: url.searchParams, body };
    if (this.witness('before', request) === 'lost') return;
    const answer = await this.handle(request);
    this.witness('after', request);
    if (answer === 'never') return;
    const sent = answer.bytes ?? (answer.json === undefined ? '' : JSON.stringify(answer.json));
    response.writeHead(answer.status, { 'content-length': Buffer.byteLength(sent) });
    response.end(sent);
  }
}

/** JSON of a request's body. */
export const jsonOf = <T>(request: FakeRequest): T => JSON.parse(request.body.toString('utf8')) as T;

/** A refusal as the api words it. */
export const problem = (status: number, type: string): FakeAnswer => ({ status, json: { type, title: type, status, detail: type } }); // prettier-ignore
