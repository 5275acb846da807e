import type { NestExpressApplication } from '@nestjs/platform-express';
import type { ApiSettings } from '../../apps/api/config';
import { createServer, portOf } from '../../apps/api/server';
import type { TestDatabase } from '../../libs/testing/database';

/** What came back. */
export interface Answer<T = Record<string, unknown>> {
  readonly status: number;
  readonly contentType: string | null;
  readonly body: T;
}

/** The real api on a loopback port of its own, over the database of the spec. */
export class ServedApi {
  private constructor(
    readonly app: NestExpressApplication,
    readonly url: string,
  ) {}

  static async start(db: TestDatabase, settings: Partial<ApiSettings> = {}): Promise<ServedApi> {
    const config = { databaseUrl: db.url, databasePoolSize: 20, leaseMs: 30_000, sweepMs: 200, longPollMs: 25_000 };
    const app = await createServer({ ...config, ...settings }, false);
    await app.listen(0, '127.0.0.1');
    return new ServedApi(app, `http://127.0.0.1:${portOf(app)}`);
  }

  async request<T = Record<string, unknown>>(
    method: string,
    path: string,
    options: {
      token?: string;
      json?: unknown;
      bytes?: Buffer;
      headers?: Record<string, string>;
      signal?: AbortSignal;
    } = {},
  ): Promise<Answer<T>> {
    const { token, json, bytes, headers, signal } = options;
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        ...(token ? { authorization: `Bearer ${token}` } : {}),
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        ...(bytes ? { 'content-type': 'application/octet-stream' } : {}),
        ...headers,
      },
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
      ...(bytes ? { body: new Uint8Array(bytes) } : {}),
      ...(signal ? { signal } : {}),
    });
    const text = await response.text();
    const contentType = response.headers.get('content-type');
    const body = (contentType?.includes('json') ? JSON.parse(text) : text) as T;
    return { status: response.status, contentType, body };
  }

  post<T = Record<string, unknown>>(path: string, token: string, json: unknown): Promise<Answer<T>> {
    return this.request<T>('POST', path, { token, json });
  }

  get<T = Record<string, unknown>>(path: string, token: string): Promise<Answer<T>> {
    return this.request<T>('GET', path, { token });
  }

  stop(): Promise<void> {
    return this.app.close();
  }
}
