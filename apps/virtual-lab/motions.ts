import type { JobSpec, OrdinalRanges, Outcome, Seal } from '../../libs/device/job';
import type { ReadSpec } from './physics/reading';

/** A job as the front panel gets it. */
export interface StagedJob {
  readonly dispatchId: string;
  readonly jobId: string;
  readonly stepKey: string;
  readonly spec: Omit<JobSpec, 'products'>;
  readonly worklistCsv?: string;
}

/** One end of a real transfer. */
export interface WellAt {
  readonly barcode: string;
  readonly well: string;
}

interface OfRun {
  readonly dispatchId: string;
  readonly jobId: string;
  readonly stepKey: string;
  /** Lab time, ms since the epoch. */
  readonly labTime: number;
}

/** A run began: from here on its end is one of the lines below, or an interruption. */
export interface RunStarted {
  readonly t: 'start';
  readonly device: string;
  readonly job: StagedJob;
  readonly labTime: number;
  readonly until: number;
}

/** Liquid, a colony or purified plasmid that really moved. */
export interface TransferMade extends OfRun {
  readonly t: 'transfer';
  readonly how: 'transfer' | 'pick' | 'purify';
  readonly ordinal: number;
  readonly from: WellAt;
  readonly to: WellAt;
  readonly volumePl: number;
  /** Disposable tip or pin used, numbered within the run. */
  readonly tip: number;
  /** Box the tip was taken from for this transfer; absent when a tip that is on already makes it, or a washed one. */
  readonly rack?: string;
  /** How often this step has moved something into that well, this time included. */
  readonly count: number;
}

export interface PlateSealed extends OfRun {
  readonly t: 'seal';
  readonly barcode: string;
  readonly seal: Seal;
}

export interface PlateCycled extends OfRun {
  readonly t: 'cycle';
  readonly barcode: string;
  readonly program: string;
  readonly count: number;
}

export interface LabwareMoved extends OfRun {
  readonly t: 'move';
  readonly barcode: string;
  readonly from: string;
  readonly to: string;
}

/** A try that moved nothing, such as a mis-scan; it counts, so that the next try has its own chance. */
export interface TryFailed extends OfRun {
  readonly t: 'try';
  readonly barcode: string;
  readonly count: number;
  readonly problem: string;
}

export interface PlateRead extends OfRun {
  readonly t: 'read';
  readonly barcode: string;
  readonly reads: readonly ReadSpec[];
  /** Times of the cycles, ms since the start; `[0]` for an endpoint. */
  readonly timesMs: readonly number[];
  readonly count: number;
}

export interface PlateSequenced extends OfRun {
  readonly t: 'sequence';
  readonly barcode: string;
  readonly wells: readonly string[];
  readonly count: number;
}

export interface RunEnded extends OfRun {
  readonly t: 'end';
  readonly outcome: Outcome;
  /** What really happened when the instrument says something else. */
  readonly really?: { readonly done: OrdinalRanges };
}

/** The lab will never start this dispatch. */
export interface RunRefused {
  readonly t: 'refuse';
  readonly dispatchId: string;
}

/** A device died, came back or is gone. */
export interface DeviceChanged {
  readonly t: 'device';
  readonly device: string;
  readonly state: 'working' | 'dead' | 'gone';
  /** Dispatches it has no memory of any more. */
  readonly forgets?: readonly string[];
}

/** First line of a log. */
export interface LogOpened {
  readonly t: 'open';
  readonly version: 1;
  readonly seed: number;
}

/** What changes wells, plates or places. */
export type Motion = TransferMade | PlateSealed | PlateCycled | LabwareMoved | TryFailed | PlateRead | PlateSequenced;

/** One line of the motion log. */
export type LogLine = LogOpened | RunStarted | Motion | RunEnded | RunRefused | DeviceChanged;
