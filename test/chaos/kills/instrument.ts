import { mkdirSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CountingBench, PanelError } from './counting-bench';
import type { Staged } from './counting-bench';

/**
 * The counting instruments as a process of their own, behind the front panel that the agent's virtual adapter speaks with:
 * `node instrument.js <port> <folder> <seed>`.
 */
async function main(): Promise<void> {
  const [port = '0', folder = '', seed = '1'] = process.argv.slice(2);
  mkdirSync(folder, { recursive: true });
  const bench = new CountingBench(folder, seed);
  const server = createServer((request, response) => {
    answer(bench, request).then(
      (found) => send(response, 200, found),
      (error: unknown) => refuse(response, error),
    );
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(Number(port), '127.0.0.1', resolve));
  process.stdout.write(`${JSON.stringify({ ready: true, port: (server.address() as AddressInfo).port })}\n`);
}

async function answer(bench: CountingBench, request: IncomingMessage): Promise<unknown> {
  const url = new URL(request.url ?? '/', 'http://bench');
  const [, , device = '', action = 'state', name = ''] = url.pathname.split('/').map(decodeURIComponent);
  const body = (await readBody(request)) as Staged;
  switch (`${request.method} ${action}`) {
    case 'POST stage':
      return bench.stage(body);
    case 'POST start':
      return bench.start(device, body.dispatchId);
    case 'POST refuse':
      return bench.refuse(body.dispatchId);
    case 'POST self-test':
      return { passed: true, message: 'the counting bench is well' };
    case 'GET runs':
      return bench.observe(name, Number(url.searchParams.get('waitMs') ?? 0));
    case 'GET files':
      return bench.file(name);
    case 'GET state':
    case 'GET condition':
      return { state: 'working', condition: 'ready' };
    default:
      throw new PanelError(404, 'not-found');
  }
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  return text === '' ? {} : (JSON.parse(text) as unknown);
}

function send(response: ServerResponse, status: number, found: unknown): void {
  const body = Buffer.isBuffer(found) ? found : Buffer.from(JSON.stringify(found));
  const type = Buffer.isBuffer(found) ? 'application/octet-stream' : 'application/json';
  response.writeHead(status, { 'content-type': type, 'content-length': body.byteLength });
  response.end(body);
}

function refuse(response: ServerResponse, error: unknown): void {
  const status = error instanceof PanelError ? error.status : 500;
  send(response, status, {
    type: error instanceof PanelError ? error.code : 'internal',
    status,
    detail: String(error),
  });
}

void main();
