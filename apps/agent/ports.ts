/**
 * The files of one device's agent, by name within its folder. What is appended or put may be lost with the power until `sync`
 * resolves; a process that merely dies loses nothing that resolved. One port serves one agent.
 */
export interface AgentFiles {
  /** Whole content; undefined when there is no such file. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** Adds to the end, making the file when it is missing. A power cut may leave any part of what is not synced. */
  append(name: string, bytes: Uint8Array): Promise<void>;
  /** Resolves when everything appended to the file so far survives a power cut, its name included. */
  sync(name: string): Promise<void>;
  /** Puts a whole file in the place of whatever has the name; afterwards the old or the new content is there, whole and synced. */
  put(name: string, bytes: Uint8Array): Promise<void>;
  remove(name: string): Promise<void>;
  /** Names and sizes in bytes. */
  list(): Promise<readonly { readonly name: string; readonly bytes: number }[]>;
}

/** Time as an agent sees it. Steps of the wall clock do not change it. */
export interface AgentClock {
  /** Milliseconds since some moment; never goes back. */
  monotonicMs(): number;
  /** Wall time for records, ISO. */
  wallTime(): string;
  /** Waits, or less when the signal ends it; never throws. */
  pause(ms: number, signal: AbortSignal): Promise<void>;
}

/** One request to the api. */
export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT';
  /** Path with query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

export interface ApiResponse {
  readonly status: number;
  readonly body: Uint8Array;
}

/** Sends one request once. @throws Error when there was no answer: the request may or may not have arrived. */
export type Send = (request: ApiRequest) => Promise<ApiResponse>;
