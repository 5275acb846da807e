/** Talks to an Anneal api: fetch only, so that it runs in Node and in a browser. */
export interface ClientOptions {
  /** e.g. `http://127.0.0.1:4100` */
  readonly baseUrl: string;
  readonly token: string;
  /** Ends a request that gets no answer, milliseconds. */
  readonly timeoutMs?: number;
}

/** RFC 9457 problem as the api sends it. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly findings?: readonly ProblemFinding[];
}

export interface ProblemFinding {
  readonly pointer: string;
  readonly code: string;
  readonly message: string;
  readonly line?: number;
  readonly column?: number;
  readonly suggestion?: string;
}

/** The api refused: `problem` says what was expected, what was found and what to do. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';

  constructor(readonly problem: Problem) {
    super(problem.detail || problem.title);
  }
}

/** The api gave no answer: it is away, unreachable, or too slow. The fault may pass by itself. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';

  /** @param baseUrl the api that was asked */
  constructor(
    readonly baseUrl: string,
    override readonly cause: unknown,
  ) {
    super(`${baseUrl} does not answer (${reasonOf(cause)})`);
  }
}

/** `fetch failed` hides the reason one cause deeper. */
function reasonOf(error: unknown): string {
  const { cause, name, message } = error as { cause?: { code?: string }; name?: string; message?: string };
  return cause?.code ?? (name === 'TimeoutError' ? 'timed out' : (message ?? 'no reason given'));
}

export interface RequestBody {
  readonly json?: unknown;
  readonly text?: string;
  /** Sent as they are, e.g. a document's own bytes, whose encoding the api judges. */
  readonly bytes?: Uint8Array<ArrayBuffer>;
  readonly contentType?: string;
  readonly idempotencyKey?: string;
}

/** A client bound to one api and one actor. Every method throws {@link NoAnswer} when the api is away. */
export class AnnealClient {
  constructor(private readonly options: ClientOptions) {}

  /** GET as JSON. @throws ApiProblem when the api refuses. */
  get<T>(path: string): Promise<T> {
    return this.request('GET', path).then((response) => response.json() as Promise<T>);
  }

  /** GET as text, e.g. a report page or a CSV table. */
  text(path: string): Promise<string> {
    return this.request('GET', path).then((response) => response.text());
  }

  /** POST; an empty answer gives undefined. */
  post<T>(path: string, body: RequestBody = {}): Promise<T> {
    return this.request('POST', path, body).then(answer<T>);
  }

  /** PUT; an empty answer gives undefined. */
  put<T>(path: string, body: RequestBody = {}): Promise<T> {
    return this.request('PUT', path, body).then(answer<T>);
  }

  /** DELETE; an empty answer gives undefined. */
  delete<T>(path: string): Promise<T> {
    return this.request('DELETE', path).then(answer<T>);
  }

  private async request(method: string, path: string, body: RequestBody = {}): Promise<Response> {
    const payload = body.bytes ?? body.text ?? (body.json === undefined ? undefined : JSON.stringify(body.json));
    const response = await fetch(new URL(path, this.options.baseUrl), {
      method,
      headers: {
        authorization: `Bearer ${this.options.token}`,
        ...(payload === undefined ? {} : { 'content-type': body.contentType ?? 'application/json' }),
        ...(body.idempotencyKey ? { 'idempotency-key': body.idempotencyKey } : {}),
      },
      signal: AbortSignal.timeout(this.options.timeoutMs ?? 30_000),
      ...(payload === undefined ? {} : { body: payload }),
    }).catch((error: unknown) => {
      throw new NoAnswer(this.options.baseUrl, error);
    });
    if (!response.ok) throw new ApiProblem(await readProblem(response));
    return response;
  }
}

async function answer<T>(response: Response): Promise<T> {
  const text = await response.text();
  return (text ? JSON.parse(text) : undefined) as T;
}

async function readProblem(response: Response): Promise<Problem> {
  const text = await response.text();
  try {
    const problem = JSON.parse(text) as Partial<Problem>;
    return { type: 'about:blank', title: response.statusText, status: response.status, detail: text, ...problem };
  } catch {
    return { type: 'about:blank', title: response.statusText, status: response.status, detail: text.slice(0, 500) };
  }
}
