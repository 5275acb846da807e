import type { FileRef, LeasedJob, Outcome } from '../../libs/device/job';
import { withTimeout } from '../../libs/client/with-timeout';

/** The api refused: its problem code, and the whole problem. */
export class ApiRefusal extends Error {
  override readonly name = 'ApiRefusal';

  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
  ) {
    super(`${status} ${code}: ${detail}`);
  }

  /** Whether asking again later may help: the api is away or busy, or a token is not known yet. */
  get passes(): boolean {
    return this.status >= 500 || [401, 408, 425, 429].includes(this.status);
  }
}

/** Answer to a start: when the run ends in lab time, and how long the lease lasts without a heartbeat. */
export interface Started {
  readonly labNow: string;
  readonly untilLabTime: string;
  readonly leaseMs: number;
}

interface RequestOptions {
  readonly json?: unknown;
  readonly bytes?: Uint8Array;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

const answerMs = 15_000;
const chunkBytes = 1_048_576;

/** The device protocol of the api, version 1, for one device. */
export class DeviceApi {
  constructor(
    private readonly baseUrl: string,
    private readonly code: string,
    private readonly token: string,
  ) {}

  /** Asks for work, waiting up to `waitMs`. @returns undefined when there is none. */
  async lease(waitMs: number, signal: AbortSignal): Promise<LeasedJob | undefined> {
    const path = `/v1/devices/${encodeURIComponent(this.code)}/leases`;
    const json = { waitMs, protocolVersion: 1 };
    return withTimeout(waitMs + answerMs, signal, async (own) => {
      const response = await this.request('POST', path, { json, signal: own });
      return response.status === 204 ? undefined : ((await response.json()) as LeasedJob);
    });
  }

  /** Compare-and-set before anything moves. */
  async start(dispatchId: string, token: string, durationLabMs: number): Promise<Started> {
    const response = await this.request('POST', `/v1/dispatches/${dispatchId}/start`, {
      json: { token, durationLabMs },
    });
    return (await response.json()) as Started;
  }

  /** Says that the run goes on. */
  async heartbeat(dispatchId: string, token: string, progress?: Readonly<Record<string, unknown>>): Promise<void> {
    const json = { token, ...(progress ? { progress } : {}) };
    await drain(await this.request('POST', `/v1/dispatches/${dispatchId}/heartbeats`, { json }));
  }

  /** Gives a lease back before the start. */
  async release(dispatchId: string, token: string): Promise<void> {
    await drain(await this.request('POST', `/v1/dispatches/${dispatchId}/release`, { json: { token } }));
  }

  /** Uploads a file in chunks; a chunk that is there already is accepted again. */
  async upload(dispatchId: string, { sha256 }: FileRef, content: Uint8Array): Promise<void> {
    const chunks = Math.max(1, Math.ceil(content.byteLength / chunkBytes));
    for (let index = 0; index < chunks; index++) {
      const bytes = content.subarray(index * chunkBytes, (index + 1) * chunkBytes);
      const path = `/v1/dispatches/${dispatchId}/uploads/${sha256}/chunks/${index}?bytes=${content.byteLength}`;
      await drain(await this.request('PUT', path, { bytes, timeoutMs: 60_000 }));
    }
  }

  /** Reports the end. `late`: it was settled otherwise before. */
  async outcome(dispatchId: string, token: string, outcome: Outcome): Promise<{ state: string; late?: boolean }> {
    const response = await this.request('POST', `/v1/dispatches/${dispatchId}/outcome`, { json: { token, outcome } });
    return (await response.json()) as { state: string; late?: boolean };
  }

  /** Content of a stored file. */
  async file(sha256: string): Promise<Uint8Array> {
    const response = await this.request('GET', `/v1/files/${sha256}`, { timeoutMs: 60_000 });
    return new Uint8Array(await response.arrayBuffer());
  }

  private async request(method: string, path: string, options: RequestOptions = {}): Promise<Response> {
    const { json, bytes, timeoutMs = answerMs } = options;
    const type = bytes ? 'application/octet-stream' : 'application/json';
    const body = bytes ?? (json === undefined ? undefined : JSON.stringify(json));
    const response = await fetch(new URL(path, this.baseUrl), {
      method,
      headers: { authorization: `Bearer ${this.token}`, ...(body === undefined ? {} : { 'content-type': type }) },
      signal: options.signal ?? AbortSignal.timeout(timeoutMs),
      ...(body === undefined ? {} : { body }),
    });
    if (response.ok) return response;
    throw await toRefusal(response);
  }
}

async function toRefusal(response: Response): Promise<ApiRefusal> {
  const text = await response.text();
  try {
    const { type, detail } = JSON.parse(text) as { type?: string; detail?: string };
    const code = (type ?? 'about:blank').split(/[/#]/).pop() as string;
    return new ApiRefusal(response.status, code, detail ?? text.slice(0, 300));
  } catch {
    return new ApiRefusal(response.status, 'about:blank', text.slice(0, 300));
  }
}

/** Reads an answer to its end, so that its connection serves the next request. */
async function drain(response: Response): Promise<void> {
  await response.arrayBuffer();
}
