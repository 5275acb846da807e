/** What a process says about itself when it serves. */
export interface ReadyReport {
  readonly pid: number;
  /** Port it listens on, when it named one. */
  readonly port?: number;
}

/**
 * How it is known that a process serves: `line` waits for the JSON line `{"ready":true,"port":N}` on its standard
 * output, a probe is asked again and again until it answers true. A probe that throws has not answered yet.
 */
export type Readiness = 'line' | (() => Promise<boolean>);

/** One process the supervisor owns. */
export interface ProcessSpec {
  /** Unique within a supervisor; also the name of the log file. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Its whole environment; nothing is inherited. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
  readonly ready: Readiness;
  /** How long one start may take. */
  readonly readyWithinMs: number;
  /** How often the first start is tried before it counts as failed; default 1. */
  readonly startAttempts?: number;
  /** Signal of an orderly stop; default SIGTERM. */
  readonly stopSignal?: NodeJS.Signals;
  /** How long an orderly stop may take before SIGKILL; default 10,000 ms. */
  readonly stopGraceMs?: number;
  /** Runs before every start, first and later ones. */
  readonly beforeStart?: () => Promise<void>;
}
