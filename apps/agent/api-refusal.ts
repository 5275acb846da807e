import type { ApiResponse } from './ports';

/** The api refused: its problem code, and the members of the problem. */
export class ApiRefusal extends Error {
  override readonly name = 'ApiRefusal';

  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
    readonly members: Readonly<Record<string, unknown>> = {},
  ) {
    super(`${status} ${code}: ${detail}`);
  }

  /** Whether asking again later may help: the api is away or busy, or a token is not known yet. */
  get passes(): boolean {
    return this.status >= 500 || [401, 408, 425, 429].includes(this.status);
  }
}

/** Whether an error is the api's last word on a request. */
export function isFinal(error: unknown): error is ApiRefusal {
  return error instanceof ApiRefusal && !error.passes;
}

/** Reads a problem document (RFC 9457); anything else is quoted. */
export function toRefusal({ status, body }: ApiResponse): ApiRefusal {
  const text = Buffer.from(body).toString('utf8');
  try {
    const members = JSON.parse(text) as Record<string, unknown>;
    const { type, detail } = members as { type?: string; detail?: string };
    const code = (type ?? 'about:blank').split(/[/#]/).pop() as string;
    return new ApiRefusal(status, code, detail ?? text.slice(0, 300), members);
  } catch {
    return new ApiRefusal(status, 'about:blank', text.slice(0, 300));
  }
}
