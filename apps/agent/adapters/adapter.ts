import type { FileRef, LeasedJob, Outcome } from '../../../libs/device/job';

/** What an instrument says of a dispatch. */
export type Observation =
  /** Under way; `progress` is for people. */
  | { readonly state: 'running'; readonly progress?: Readonly<Record<string, unknown>> }
  /** Ended; the outcome names its files, which `readFile` gives. */
  | { readonly state: 'done'; readonly outcome: Outcome };

/** What an instrument says of a dispatch after the agent was away. */
export type Evidence =
  | Observation
  /** It surely never started, and from this answer on never will. */
  | { readonly state: 'never-started' }
  /** It cannot tell. */
  | { readonly state: 'unknown' };

/** Lab times of a start, ISO text, as the api decided them. */
export interface StartTimes {
  readonly labNow: string;
  readonly untilLabTime: string;
}

/** A job with its worklist, if it has one. */
export interface StageRequest {
  readonly job: LeasedJob;
  readonly worklist?: string;
}

/**
 * What the agent needs of an instrument. Staging moves nothing and may be repeated; the trigger is one call, never repeated.
 * Every method fails when the instrument does not answer; what it then did is asked for with `reconcile`.
 */
export interface DeviceAdapter {
  /** Prepares a job. @returns how long it will take, lab time. */
  stage(request: StageRequest): Promise<{ readonly durationMs: number }>;
  /** The trigger. */
  start(dispatchId: string, times: StartTimes): Promise<void>;
  /** Waits up to `waitMs` for the end. @throws LostTrack when the instrument does not know the dispatch. */
  observe(dispatchId: string, waitMs: number, signal: AbortSignal): Promise<Observation>;
  /** Asks a running dispatch to end as soon as it safely can; its outcome then says how far it came. */
  stop(dispatchId: string): Promise<void>;
  /** What became of a dispatch that may have been started. */
  reconcile(dispatchId: string): Promise<Evidence>;
  /** Content of a file of an outcome. */
  readFile(file: FileRef): Promise<Uint8Array>;
}

/** The instrument answers but does not know a dispatch that was started: only a person can say what happened. */
export class LostTrack extends Error {
  override readonly name = 'LostTrack';
}
