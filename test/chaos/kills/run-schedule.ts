import { setTimeout as pause } from 'node:timers/promises';
import { isDomainError } from '../../../libs/errors/domain-error';
import type { InstrumentLine } from './instrument-log';
import { recordsOf } from './instrument-log';
import type { KillLab } from './lab';
import type { Moment, PlannedKill, Schedule } from './schedule';
import { describeKill, planSchedule } from './schedule';
import type { Answered } from './settle';
import { Settling } from './settle';
import type { Finding } from './verdict';
import { judge } from './verdict';
import { Work } from './work';

/** A moment that does not come is taken here, ms after the schedule began. */
const latestMs = 2_600;
const settleMs = 45_000;
/** How long a late report may still be under way. */
const lateMs = 8_000;

/** What one schedule came to. */
export interface ScheduleResult {
  readonly seed: number;
  readonly findings: readonly Finding[];
  readonly answered: readonly Answered[];
  readonly started: number;
  readonly unknown: number;
  readonly ms: number;
  /** What was killed when, and what was said, for the study of a failure. */
  readonly diary: readonly string[];
}

/** Runs one schedule in a lab that may have run others before: work, kills, calm, judgement. */
export async function runSchedule(lab: KillLab, seed: number): Promise<ScheduleResult> {
  const began = performance.now();
  const diary: string[] = [];
  const say = (line: string): void => void diary.push(`${Math.round(performance.now() - began)} ms: ${line}`);
  const schedule = planSchedule(seed);
  const work = new Work(lab, schedule);
  await work.prepare();
  const start = performance.now();
  const kills = schedule.kills.map((kill) => strike(lab, kill, start, say));
  await Promise.all([queueAll(work, schedule, say), ...kills]);
  say('calm');
  const settling = new Settling(lab, work, say);
  const open = await settling.until(settleMs);
  const unsettled = open.map(({ stepKey, state }): Finding => ({ kind: 'unsettled', what: `${stepKey} is ${state}` }));
  say('everything is over');
  const { findings, started, unknown } = await judgeInTime(lab, work);
  const ms = Math.round(performance.now() - began);
  const { answered } = settling;
  return { seed, findings: [...unsettled, ...findings], answered, started, unknown, ms, diary };
}

async function queueAll(work: Work, schedule: Schedule, say: (line: string) => void): Promise<void> {
  await work.queue(0);
  await pause(schedule.secondBlockMs);
  try {
    await work.queue(1);
  } catch (error) {
    // What is left in the wells may no longer be enough: a plan is refused as a whole, and nothing is queued.
    if (!isDomainError(error)) throw error;
    say(`the second block was refused: ${error.message}`);
  }
}

async function strike(lab: KillLab, kill: PlannedKill, start: number, say: (line: string) => void): Promise<void> {
  await momentOf(lab, kill.when, start);
  say(describeKill(kill));
  await lab.victims[kill.victim].strike(kill.how, kill.downMs);
  say(`${kill.victim} is back`);
}

async function momentOf(lab: KillLab, when: Moment, start: number): Promise<void> {
  if ('atMs' in when) return pause(when.atMs);
  const { after, nth, ms } = when;
  let left = nth;
  await new Promise<void>((resolve) => {
    const come = (): void => {
      clearTimeout(timer);
      off();
      resolve();
    };
    const timer = setTimeout(come, latestMs - (performance.now() - start));
    const off = lab.watch.on((line: InstrumentLine) => {
      if (line.t === after && --left === 0) come();
    });
  });
  // Not even the timer's millisecond between the line and the kill.
  if (ms > 0) await pause(ms);
}

/** A late outcome may still be under way when its job is over. */
async function judgeInTime(lab: KillLab, work: Work): ReturnType<typeof judge> {
  const end = performance.now() + lateMs;
  for (;;) {
    const verdict = await judge(lab, work, recordsOf(lab.lines()));
    if (!verdict.findings.some(({ kind }) => kind === 'lost') || performance.now() > end) return verdict;
    await pause(200);
  }
}
