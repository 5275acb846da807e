import type { FileRef, LeasedJob, Outcome } from '../../libs/device/job';
import { toRefusal } from './api-refusal';
import type { Credential } from './credential';
import type { ApiRequest, ApiResponse, Send } from './ports';

/** Answer to a start: when the run ends in lab time, and how long the lease lasts without a heartbeat. */
export interface Started {
  readonly labNow: string;
  readonly untilLabTime: string;
  readonly leaseMs: number;
}

/** What a device says of itself: `busy-foreign` is used by somebody else. */
export interface Condition {
  readonly condition: 'ready' | 'busy-foreign';
  readonly message?: string;
}

/** How a self-test went. */
export interface SelfTestResult {
  readonly passed: boolean;
  readonly message: string;
}

/** What the api of one device is made of. */
export interface DeviceApiParts {
  readonly code: string;
  readonly send: Send;
  readonly credential: Credential;
}

interface RequestOptions {
  readonly json?: unknown;
  readonly bytes?: Uint8Array;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

const answerMs = 15_000;
const fileMs = 60_000;
const chunkBytes = 1_048_576;

/** The device protocol of the api, version 1, for one device. Every method fails with `ApiRefusal` when it is refused. */
export class DeviceApi {
  constructor(private readonly parts: DeviceApiParts) {}

  /** Asks for work, waiting up to `waitMs`. @returns undefined when there is none. */
  async lease(waitMs: number, signal: AbortSignal): Promise<LeasedJob | undefined> {
    const json = { waitMs, protocolVersion: 1 };
    const response = await this.request('POST', `${this.device}/leases`, {
      json,
      timeoutMs: waitMs + answerMs,
      signal,
    });
    return response.status === 204 ? undefined : parse<LeasedJob>(response);
  }

  /** Compare-and-set before anything moves. */
  async start(dispatchId: string, token: string, durationLabMs: number): Promise<Started> {
    const json = { token, durationLabMs };
    return parse<Started>(await this.request('POST', `/v1/dispatches/${dispatchId}/start`, { json }));
  }

  /** Says that the run goes on. */
  async heartbeat(dispatchId: string, token: string, said: Heartbeat = {}): Promise<void> {
    const json = { token, ...(said.progress ? { progress: said.progress } : {}) };
    const signal = said.signal ? { signal: said.signal } : {};
    await this.request('POST', `/v1/dispatches/${dispatchId}/heartbeats`, { json, ...signal });
  }

  /** Gives a lease back before the start. */
  async release(dispatchId: string, token: string): Promise<void> {
    await this.request('POST', `/v1/dispatches/${dispatchId}/release`, { json: { token } });
  }

  /** Uploads the chunks of a file; one that is there already is accepted again. */
  async upload(dispatchId: string, { sha256 }: FileRef, content: Uint8Array): Promise<void> {
    const path = `/v1/dispatches/${dispatchId}/uploads/${sha256}`;
    const count = Math.max(1, Math.ceil(content.byteLength / chunkBytes));
    for (const index of await this.missing(path, count)) {
      const bytes = content.subarray(index * chunkBytes, (index + 1) * chunkBytes);
      await this.request('PUT', `${path}/chunks/${index}?bytes=${content.byteLength}`, { bytes, timeoutMs: fileMs });
    }
  }

  /** Reports the end. `late`: it was settled otherwise before. */
  async outcome(dispatchId: string, token: string, outcome: Outcome): Promise<{ state: string; late?: boolean }> {
    const json = { token, outcome };
    return parse(await this.request('POST', `/v1/dispatches/${dispatchId}/outcome`, { json }));
  }

  /** Content of a stored file. */
  async file(sha256: string): Promise<Uint8Array> {
    return (await this.request('GET', `/v1/files/${sha256}`, { timeoutMs: fileMs })).body;
  }

  /** Says whether the instrument can take work. */
  async condition({ condition, message }: Condition): Promise<void> {
    const json = { condition, ...(message === undefined ? {} : { message }) };
    await this.request('PUT', `${this.device}/condition`, { json });
  }

  /** Says how a self-test went. */
  async selfTest({ passed, message }: SelfTestResult): Promise<void> {
    const json = { result: passed ? 'passed' : 'failed', message };
    await this.request('POST', `${this.device}/self-test`, { json });
  }

  private get device(): string {
    return `/v1/devices/${encodeURIComponent(this.parts.code)}`;
  }

  /** Indices of the chunks that an interrupted upload of several lacks. */
  private async missing(path: string, count: number): Promise<readonly number[]> {
    const all = Array.from({ length: count }, (_, index) => index);
    if (count === 1) return all;
    try {
      const { missing } = parse<{ missing?: readonly number[] }>(await this.request('GET', path));
      return missing ?? all;
    } catch {
      return all;
    }
  }

  private async request(
    method: ApiRequest['method'],
    path: string,
    options: RequestOptions = {},
  ): Promise<ApiResponse> {
    const { credential } = this.parts;
    const { token } = credential;
    const response = await this.sendWith(token, method, path, options);
    if (response.status === 401 && (await credential.refused(token))) return this.request(method, path, options);
    if (response.status < 200 || response.status >= 300) throw toRefusal(response);
    await credential.accepted(token);
    return response;
  }

  private sendWith(
    token: string,
    method: ApiRequest['method'],
    path: string,
    options: RequestOptions,
  ): Promise<ApiResponse> {
    // prettier-ignore
    const { json, bytes, timeoutMs = answerMs, signal } = options;
    const body = bytes ?? (json === undefined ? undefined : JSON.stringify(json));
    const type = bytes ? 'application/octet-stream' : 'application/json';
    return this.parts.send({
      method,
      path,
      headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': type }) },
      timeoutMs,
      ...(signal ? { signal } : {}),
      ...(body === undefined ? {} : { body }),
    });
  }
}

/** What goes with a heartbeat, and what ends the wait for its answer. */
export interface Heartbeat {
  readonly progress?: Readonly<Record<string, unknown>>;
  readonly signal?: AbortSignal;
}

function parse<T>({ body }: ApiResponse): T {
  return JSON.parse(Buffer.from(body).toString('utf8')) as T;
}
