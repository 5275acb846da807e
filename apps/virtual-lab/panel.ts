import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { isDomainError } from '../../libs/errors/domain-error';
import { labDevices, labPlaces } from './devices';
import { parseFault } from './faults';
import { stockLabware } from './inventory';
import type { Lab } from './lab';
import type { StagedJob } from './motions';
import { PanelRefusal } from './panel-refusal';
import type { ReadoutPlan } from './physics/truth';
import { truthOf } from './physics/truth';

interface Call {
  readonly lab: Lab;
  readonly params: readonly string[];
  readonly query: URLSearchParams;
  readonly body: unknown;
  /** Ends the process at once, as a power cut does. */
  readonly cutPower: () => void;
}

type Answer = { readonly json: unknown } | { readonly bytes: Buffer };
type Route = readonly [method: string, path: RegExp, (call: Call) => Answer | Promise<Answer>];

const longestWaitMs = 25_000;

const routes: readonly Route[] = [
  ['GET', /^\/health$/, ({ lab }) => ({ json: { now: new Date(lab.now).toISOString() } })],
  ['GET', /^\/devices$/, () => ({ json: { devices: labDevices } })],
  ['GET', /^\/inventory$/, () => ({ json: { places: labPlaces, labware: stockLabware() } })],
  ['GET', /^\/devices\/([^/]+)$/, ({ lab, params }) => ({ json: { state: lab.stateOf(params[0] as string) } })],
  [
    'GET',
    /^\/devices\/([^/]+)\/inspection\/([^/]+)$/,
    ({ lab, params }) => ({ json: lab.inspect(params[0] as string, params[1] as string) }),
  ],
  ['POST', /^\/devices\/([^/]+)\/stage$/, stage],
  ['POST', /^\/devices\/([^/]+)\/start$/, start],
  ['POST', /^\/devices\/([^/]+)\/refuse$/, refuse],
  ['POST', /^\/devices\/([^/]+)\/stop$/, stop],
  ['POST', /^\/devices\/([^/]+)\/self-test$/, ({ lab, params }) => ({ json: lab.selfTest(params[0] as string) })],
  ['GET', /^\/devices\/([^/]+)\/runs\/([^/]+)$/, observe],
  [
    'GET',
    /^\/devices\/[^/]+\/files\/([^/]+)$/,
    async ({ lab, params }) => ({ bytes: await lab.files.read(params[0] as string) }),
  ],
  ['POST', /^\/faults$/, fault],
  ['GET', /^\/motions$/, motions],
  ['POST', /^\/truth$/, truth],
];

/** The loopback front panel of the lab: what agents speak with, and what scorers read after the end. */
export function createPanel(lab: Lab, cutPower: () => void): Server {
  const server = createServer((request, response) => {
    answer(lab, cutPower, request).then(
      (found) => send(response, 200, found),
      (error: unknown) => sendError(response, error),
    );
  });
  server.keepAliveTimeout = 60_000;
  return server;
}

async function answer(lab: Lab, cutPower: () => void, request: IncomingMessage): Promise<Answer> {
  const url = new URL(request.url ?? '/', 'http://lab');
  for (const [method, path, act] of routes) {
    const match = method === request.method ? path.exec(url.pathname) : null;
    if (!match) continue;
    const params = match.slice(1).map(decodeURIComponent);
    return act({ lab, params, query: url.searchParams, body: await readJson(request), cutPower });
  }
  throw new PanelRefusal(404, 'not-found', `no ${request.method} ${url.pathname}`);
}

function stage({ lab, params, body }: Call): Answer {
  const job = body as StagedJob | undefined;
  if (!job?.dispatchId || !job.stepKey || !job.spec) {
    throw new PanelRefusal(422, 'document-invalid', 'expected dispatchId, jobId, stepKey and spec');
  }
  return { json: lab.stage(params[0] as string, job) };
}

async function start({ lab, params, body }: Call): Promise<Answer> {
  const { dispatchId, labNow, untilLabTime } = body as Record<string, string>;
  const [from, until] = [Date.parse(labNow ?? ''), Date.parse(untilLabTime ?? '')];
  if (!dispatchId || Number.isNaN(from) || Number.isNaN(until)) {
    throw new PanelRefusal(422, 'document-invalid', 'expected dispatchId, labNow and untilLabTime');
  }
  await lab.start(params[0] as string, dispatchId, from, until);
  return { json: { state: 'running' } };
}

async function refuse({ lab, params, body }: Call): Promise<Answer> {
  const { dispatchId } = body as { dispatchId: string };
  return { json: await lab.refuse(params[0] as string, dispatchId) };
}

async function stop({ lab, params, body }: Call): Promise<Answer> {
  await lab.stop(params[0] as string, (body as { dispatchId: string }).dispatchId);
  return { json: {} };
}

async function observe({ lab, params, query }: Call): Promise<Answer> {
  const waitMs = Math.min(longestWaitMs, Math.max(0, Number(query.get('waitMs') ?? 0) || 0));
  return { json: await lab.observe(params[0] as string, params[1] as string, waitMs) };
}

async function fault({ lab, body, cutPower }: Call): Promise<Answer> {
  const found = parseFault(body);
  if (!found) throw new PanelRefusal(422, 'document-invalid', 'not a fault this lab knows');
  await lab.fault(found);
  if (found.kind === 'power-loss') cutPower();
  return { json: { armed: found.kind } };
}

/** Lines of the log, filtered by `t`, `dispatchId`, `stepKey` and `barcode`. */
async function motions({ lab, query }: Call): Promise<Answer> {
  const wanted = [...query].filter(([name]) => ['t', 'dispatchId', 'stepKey'].includes(name));
  const barcode = query.get('barcode');
  const lines = (await lab.history()).filter((line) => {
    const fields = line as unknown as Record<string, { barcode?: string } | string | undefined>;
    const ends = [fields.barcode, (fields.from as { barcode?: string } | undefined)?.barcode, (fields.to as { barcode?: string } | undefined)?.barcode]; // prettier-ignore
    return wanted.every(([name, value]) => fields[name] === value) && (!barcode || ends.includes(barcode));
  });
  return { json: { motions: lines } };
}

/** Noise-free values of sequences; with an assay plan's reads and readouts, by readout id too. */
function truth({ lab, body }: Call): Answer {
  const { sequences, assay } = (body ?? {}) as { sequences?: string[]; assay?: ReadoutPlan };
  if (!Array.isArray(sequences)) throw new PanelRefusal(422, 'document-invalid', 'expected sequences');
  return { json: { values: sequences.map((sequence) => truthOf(sequence.toUpperCase(), lab.truth.plasmids, assay)) } };
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  if (text === '') return {};
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new PanelRefusal(422, 'document-syntax', 'the body is no JSON');
  }
}

function send(response: ServerResponse, status: number, answer: Answer): void {
  const [type, body] =
    'bytes' in answer ? ['application/octet-stream', answer.bytes] : ['application/json', JSON.stringify(answer.json)];
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

function sendError(response: ServerResponse, error: unknown): void {
  const refusal = error instanceof PanelRefusal ? error : undefined;
  const status = refusal?.status ?? (isDomainError(error) ? 422 : 500);
  const code = refusal?.code ?? (isDomainError(error) ? error.code : 'internal');
  const detail = error instanceof Error ? error.message : String(error);
  if (status === 500) process.stderr.write(`${JSON.stringify({ level: 'error', message: detail })}\n`);
  send(response, status, { json: { type: code, title: code, status, detail } });
}
