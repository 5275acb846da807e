import type { Outcome } from '../../../libs/device/job';

/** One planned movement of a trigger, as its worklist named it. */
export interface WorklistRow {
  readonly ordinal: number;
  /** `barcode/well`. */
  readonly from: string;
  readonly to: string;
  readonly volumePl: number;
}

/** A dispatch was triggered: the instrument forbids no repeat, it writes each one down. */
export interface Triggered {
  readonly t: 'trigger';
  readonly device: string;
  readonly dispatchId: string;
  readonly jobId: string;
  readonly stepKey: string;
  readonly operation: string;
  readonly rows: readonly WorklistRow[];
}

/** Something really moved. Work that moves no liquid has one motion, ordinal 0. */
export interface Moved {
  readonly t: 'motion';
  readonly dispatchId: string;
  readonly jobId: string;
  readonly ordinal: number;
  /** What moved: source and destination of a row, or the operation. */
  readonly what: string;
  readonly volumePl: number;
}

/** One line of the instrument's log; a line is on the disk before anything follows from it. */
export type InstrumentLine =
  | { readonly t: 'boot' }
  | Triggered
  | Moved
  | { readonly t: 'end'; readonly dispatchId: string; readonly outcome: Outcome }
  /** The instrument promised never to start this dispatch. */
  | { readonly t: 'refuse'; readonly dispatchId: string }
  /** A crash took the run from its memory; only this log, which a person can read, tells what moved. */
  | { readonly t: 'forgot'; readonly dispatchId: string };

/** Whole lines of a log; a torn last line is left out. @returns them, and their length in bytes */
export function readLines(text: string): { lines: InstrumentLine[]; bytes: number } {
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  const lines = whole.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as InstrumentLine]));
  return { lines, bytes: Buffer.byteLength(whole) };
}

/** What a log tells of one dispatch. */
export interface RunRecord {
  triggers: number;
  trigger?: Triggered;
  readonly motions: Moved[];
  outcome?: Outcome;
  forgot: boolean;
  refused: boolean;
}

/** Gathers a log by dispatch. */
export function recordsOf(lines: readonly InstrumentLine[]): Map<string, RunRecord> {
  const records = new Map<string, RunRecord>();
  for (const line of lines) if (line.t !== 'boot') note(recordOf(records, line.dispatchId), line);
  return records;
}

function recordOf(records: Map<string, RunRecord>, dispatchId: string): RunRecord {
  const known = records.get(dispatchId);
  if (known) return known;
  const fresh: RunRecord = { triggers: 0, motions: [], forgot: false, refused: false };
  records.set(dispatchId, fresh);
  return fresh;
}

function note(record: RunRecord, line: Exclude<InstrumentLine, { t: 'boot' }>): void {
  switch (line.t) {
    case 'trigger':
      record.triggers++;
      record.trigger = line;
      return;
    case 'motion':
      record.motions.push(line);
      return;
    case 'end':
      record.outcome = line.outcome;
      return;
    case 'refuse':
      record.refused = true;
      return;
    case 'forgot':
      record.forgot = true;
      return;
  }
}
