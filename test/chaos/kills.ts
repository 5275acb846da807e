import { parseArgs } from 'node:util';
import { KillLab } from './kills/lab';
import type { ScheduleResult } from './kills/run-schedule';
import { runSchedule } from './kills/run-schedule';
import { victimNames } from './kills/schedule';
import type { KillFigures } from './kills/figures';
import { addUp } from './kills/figures';

/**
 * Device work under real kills: PostgreSQL (a cluster of its own, fsync on), the shipped api and agent processes and counting
 * instruments with a synced log of their own; each schedule queues six jobs and kills processes at seeded moments, then a scripted
 * person settles what nobody else can tell, and the instruments' log is held against PostgreSQL.
 *
 * `npm run chaos -- kills [--schedules 300] [--from 1] [--lanes 2] [--keep] [--verbose]`. Prints a line per finding and one JSON line at the end;
 * exits 1 when anything is not as promised. A seed fixes the work and the plan of the kills, not the instruction at which they strike:
 * a failed seed is printed with what was killed when, and may have to be run several times to fail again. The power of the machine is
 * not cut: `kill -9` of the postmaster and all its backends at once loses what was not written, not what the operating system holds
 * unsynced (`chaos -- device` loses that, too).
 */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      schedules: { type: 'string', default: '300' },
      from: { type: 'string', default: '1' },
      lanes: { type: 'string', default: '2' },
      keep: { type: 'boolean', default: false },
      verbose: { type: 'boolean', default: false },
    },
  });
  const [schedules, from, lanes] = [values.schedules, values.from, values.lanes].map(Number) as [
    number,
    number,
    number,
  ];
  const began = performance.now();
  const results: ScheduleResult[] = [];
  let next = from;
  const take = (): number | undefined => (next < from + schedules ? next++ : undefined);
  const kills = await Promise.all(Array.from({ length: lanes }, (_, lane) => runLane(lane, take, results, values)));
  const figures = addUp(results, kills, (performance.now() - began) / 1_000);
  process.stdout.write(`${JSON.stringify(figures)}\n`);
  process.exitCode = isFine(figures) ? 0 : 1;
}

async function runLane(
  lane: number,
  take: () => number | undefined,
  results: ScheduleResult[],
  { keep, verbose }: { readonly keep: boolean; readonly verbose: boolean },
): Promise<KillFigures['kills']> {
  const lab = await KillLab.open(`lane-${lane}`);
  try {
    for (let seed = take(); seed !== undefined; seed = take()) {
      const result = await runSchedule(lab, seed);
      results.push(result);
      tell(result, lab.logsDir, verbose);
    }
    return Object.fromEntries(victimNames.map((name) => [name, lab.victims[name].kills])) as KillFigures['kills'];
  } finally {
    await lab.close(keep);
  }
}

function tell({ seed, findings, answered, ms, diary }: ScheduleResult, logsDir: string, verbose: boolean): void {
  const bad = findings.length > 0 || answered.some(({ avoidable }) => avoidable);
  process.stderr.write(`seed ${seed}: ${bad ? 'NOT AS PROMISED' : 'fine'}, ${ms} ms\n`);
  if (!bad && !verbose) return;
  for (const { kind, what } of findings) process.stderr.write(`  ${kind}: ${what}\n`);
  for (const line of diary) process.stderr.write(`    ${line}\n`);
  process.stderr.write(`    logs (kept with --keep): ${logsDir}\n`);
}

const isFine = ({ doubled, lost, unsettled, unknownAvoidable, ledgerMismatches }: KillFigures): boolean =>
  doubled + lost + unsettled + unknownAvoidable + ledgerMismatches === 0;

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(1);
});
