import type { FileRef, OrdinalRanges, Outcome } from '../../libs/device/job';
import { compressOrdinals } from '../../libs/device/job';
import type { LabDevice } from './devices';
import { labDevices } from './devices';
import type { RunStarted, StagedJob } from './motions';
import type { Report } from './operations/performance';

/** What the front panel says of a dispatch. `lost`: the instrument started it and remembers nothing. */
export interface RunView {
  readonly state: 'never-started' | 'running' | 'done' | 'lost';
  readonly progress?: { readonly share: number };
  readonly outcome?: Outcome;
}

/** What can be seen of a dispatch at its instrument. */
export interface Inspection {
  readonly done: OrdinalRanges;
  readonly uncertain: OrdinalRanges;
  readonly complete: boolean;
  readonly running: boolean;
}

/** A dispatch that was started. Lab times in ms since the epoch. */
export interface Run {
  readonly device: LabDevice;
  readonly job: StagedJob;
  readonly startedAt: number;
  readonly until: number;
  /** Ordinals moved so far, across interruptions. */
  readonly moved: number[];
  outcome?: Outcome;
  ending: boolean;
  notBeforeWallMs: number;
}

/** A run as its start line tells it. */
export function newRun({ device, job, labTime, until }: RunStarted): Run {
  const found = labDevices.find(({ code }) => code === device);
  if (!found) throw new Error(`the log names the device ${device}, which the lab has not`);
  return { device: found, job, startedAt: labTime, until, moved: [], ending: false, notBeforeWallMs: 0 };
}

/** What the instrument reports of a run that ended: at its due time, or earlier when it was broken off. */
export function outcomeOf(
  run: Run,
  report: Report,
  uncertain: readonly number[],
  files: readonly FileRef[],
  now: number,
): Outcome {
  const endedAt = Math.max(run.startedAt, Math.min(now, run.until));
  return {
    version: 1,
    result: report.problem ? 'failed' : 'succeeded',
    ...(report.done
      ? { transfers: { done: compressOrdinals(report.done), uncertain: compressOrdinals(uncertain) } }
      : {}),
    ...(report.facts ? { facts: report.facts } : {}),
    files,
    ...(report.problem ? { problem: report.problem } : {}),
    labStartedAt: new Date(run.startedAt).toISOString(),
    labEndedAt: new Date(endedAt).toISOString(),
  };
}
