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

/** What a trigger carries: lab times as the api decided them, ISO text, and the fencing token of the lease. */
export interface StartOrder {
  readonly labNow: string;
  readonly untilLabTime: string;
  /** Decimal text of a 64-bit number; an instrument that can fence refuses one below the highest it has seen. */
  readonly fencingToken: string;
}

/** Whether an instrument can take work; `busy-foreign`: somebody else uses it, at its touchscreen for instance. */
export interface InstrumentCondition {
  readonly condition: 'ready' | 'busy-foreign';
  readonly message?: string;
}

/** How a self-test went. */
export interface SelfTest {
  readonly passed: boolean;
  readonly message: string;
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
  start(dispatchId: string, order: StartOrder): Promise<void>;
  /** Waits up to `waitMs` for the end. @throws LostTrack when the instrument does not know the dispatch. */
  observe(dispatchId: string, waitMs: number, signal: AbortSignal): Promise<Observation>;
  /** Asks a running dispatch to end as soon as it safely can; its outcome then says how far it came. */
  stop(dispatchId: string): Promise<void>;
  /** What became of a dispatch that may have been started. */
  reconcile(dispatchId: string): Promise<Evidence>;
  /** Content of a file of an outcome. */
  readFile(file: FileRef): Promise<Uint8Array>;
  /** Asked before each lease. Absent: always ready. */
  condition?(): Promise<InstrumentCondition>;
  /** Moves no material; asked for when the api wants proof that the instrument is sound. Absent: a person has to look. */
  selfTest?(): Promise<SelfTest>;
}

/** The instrument answers but does not know a dispatch that was started: only a person can say what happened. */
export class LostTrack extends Error {
  override readonly name = 'LostTrack';
}
