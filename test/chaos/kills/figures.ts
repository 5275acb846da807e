import type { ScheduleResult } from './run-schedule';
import type { VictimName } from './schedule';
import { victimNames } from './schedule';
import type { Finding } from './verdict';

/** What a run of schedules came to. */
export interface KillFigures {
  readonly schedules: number;
  /** Dispatches triggered, and motions made, more often than once. */
  readonly doubled: number;
  /** Outcomes, files or messages that are missing or not what they were. */
  readonly lost: number;
  /** Dispatches not over, labware not free, after quiet. */
  readonly unsettled: number;
  /** Dispatches a person had to answer for although the instrument could be reached and knew. */
  readonly unknownAvoidable: number;
  /** Share of the started dispatches that fell silent for a while, whoever answered in the end. */
  readonly unknownShare: number;
  /** Share of the started dispatches a person had to answer for. */
  readonly personShare: number;
  /** Transfers whose truth lies outside what the ledger says. */
  readonly ledgerMismatches: number;
  readonly dispatches: number;
  readonly kills: Readonly<Record<VictimName, number>>;
  readonly seconds: number;
  /** Seeds with anything not as promised. */
  readonly failedSeeds: readonly number[];
}

/** Sums schedules and the kills of every lane. */
export function addUp(
  results: readonly ScheduleResult[],
  kills: readonly KillFigures['kills'][],
  seconds: number,
): KillFigures {
  const findings = results.flatMap((result) => result.findings);
  const count = (kind: Finding['kind']): number => findings.filter((finding) => finding.kind === kind).length;
  const sum = (pick: (result: ScheduleResult) => number): number =>
    results.reduce((total, result) => total + pick(result), 0);
  const dispatches = sum(({ started }) => started);
  const avoidable = ({ answered }: ScheduleResult): number => answered.filter((one) => one.avoidable).length;
  return {
    schedules: results.length,
    doubled: count('doubled'),
    lost: count('lost'),
    unsettled: count('unsettled'),
    unknownAvoidable: sum(avoidable),
    unknownShare: share(
      sum(({ unknown }) => unknown),
      dispatches,
    ),
    personShare: share(
      sum(({ answered }) => answered.length),
      dispatches,
    ),
    ledgerMismatches: count('ledgerMismatches'),
    dispatches,
    kills: Object.fromEntries(
      victimNames.map((name) => [name, kills.reduce((total, lane) => total + lane[name], 0)]),
    ) as KillFigures['kills'],
    seconds: Number(seconds.toFixed(1)),
    failedSeeds: results
      .filter((result) => result.findings.length > 0 || avoidable(result) > 0)
      .map(({ seed }) => seed)
      .sort((a, b) => a - b),
  };
}

const share = (part: number, whole: number): number => Number((part / Math.max(1, whole)).toFixed(4));
