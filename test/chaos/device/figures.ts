import { createHash } from 'node:crypto';
import type { ScheduleResult } from './schedule';

/** What many schedules came to; everything but shares and counts of schedules has to be 0. */
export interface Figures {
  readonly schedules: number;
  readonly doubled: number;
  readonly lost: number;
  readonly unsettled: number;
  readonly unknownAvoidable: number;
  /** Dispatches that were unknown for a time, of all. */
  readonly unknownShare: number;
  readonly ledgerMismatches: number;
  readonly dispatches: number;
  /** Faults that happened, by kind. */
  readonly faults: Readonly<Record<string, number>>;
  /** Hash over the hashes of all schedules: the same for the same seeds, however often and in whatever company they run. */
  readonly trace: string;
  readonly failing?: readonly { readonly seed: number; readonly what: readonly string[] }[];
}

/** Whether a schedule shows a figure that has to be 0. */
export function isWrong({ findings }: ScheduleResult): boolean {
  const { doubled, lost, unsettled, unknownAvoidable, ledgerMismatches } = findings;
  return doubled + lost + unsettled + unknownAvoidable + ledgerMismatches > 0;
}

/** Sums up results. */
export function figuresOf(results: readonly ScheduleResult[]): Figures {
  const sum = (of: (result: ScheduleResult) => number): number =>
    results.reduce((total, result) => total + of(result), 0);
  const dispatches = sum(({ findings }) => findings.dispatches);
  const failing = results
    .filter(isWrong)
    .slice(0, 50)
    .map(({ seed, findings }) => ({ seed, what: findings.notes.slice(0, 5) }));
  return {
    schedules: results.length,
    doubled: sum(({ findings }) => findings.doubled),
    lost: sum(({ findings }) => findings.lost),
    unsettled: sum(({ findings }) => findings.unsettled),
    unknownAvoidable: sum(({ findings }) => findings.unknownAvoidable),
    unknownShare: Number((sum(({ findings }) => findings.unknowns) / Math.max(1, dispatches)).toFixed(4)),
    ledgerMismatches: sum(({ findings }) => findings.ledgerMismatches),
    dispatches,
    faults: countKinds(results.flatMap(({ faults }) => faults)),
    trace: createHash('sha256')
      .update(results.map(({ hash }) => hash).join())
      .digest('hex')
      .slice(0, 16),
    ...(failing.length > 0 ? { failing } : {}),
  };
}

function countKinds(kinds: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const kind of [...kinds].sort()) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}
