import type { Generator } from '../../../libs/random/generator';
import { generatorFor } from '../../../libs/random/generator';
import type { KillHow } from './victim';

/** What is killed. */
export const victimNames = ['api', 'agent', 'postgres', 'instrument'] as const;
export type VictimName = (typeof victimNames)[number];

/** When: so long after the schedule began, or so long after the n-th line of a kind in the instrument's log. */
export type Moment =
  | { readonly atMs: number }
  | { readonly after: 'trigger' | 'motion' | 'end'; readonly nth: number; readonly ms: number };

/** One kill of a schedule; the process comes back after `downMs`. */
export interface PlannedKill {
  readonly victim: VictimName;
  readonly how: KillHow;
  readonly when: Moment;
  readonly downMs: number;
}

/** One trial: the work, and what is killed meanwhile. */
export interface Schedule {
  readonly seed: number;
  /** Rows of the three worklists. */
  readonly rows: readonly [number, number, number];
  readonly rowMs: number;
  readonly moveMs: number;
  readonly readMs: number;
  /** When the second block is queued, ms after the first. */
  readonly secondBlockMs: number;
  /** Which of the six jobs tell their success. */
  readonly tells: readonly boolean[];
  readonly kills: readonly PlannedKill[];
}

/** The same seed plans the same kills; at which instruction they strike is the machine's. */
export function planSchedule(seed: number): Schedule {
  const draw = generatorFor('kills', seed);
  return {
    seed,
    rows: [2 + draw.below(7), 2 + draw.below(7), 1 + draw.below(4)],
    rowMs: 10 + draw.below(60),
    moveMs: 60 + draw.below(250),
    readMs: 80 + draw.below(500),
    secondBlockMs: draw.below(1_500),
    tells: Array.from({ length: 6 }, (_, index) => index >= 4 || draw.below(2) === 0),
    kills: Array.from({ length: 1 + draw.below(4) }, () => planKills(draw)).flat(),
  };
}

function planKills(draw: Generator): PlannedKill[] {
  const when = planMoment(draw);
  const chance = draw.uniform();
  if (chance < 0.12) {
    // A power cut at the bench: instrument and agent at the same moment.
    return [planKill(draw, 'agent', when), planKill(draw, 'instrument', when)];
  }
  const victim: VictimName = chance < 0.34 ? 'api' : chance < 0.6 ? 'agent' : chance < 0.82 ? 'postgres' : 'instrument';
  return [planKill(draw, victim, when)];
}

function planKill(draw: Generator, victim: VictimName, when: Moment): PlannedKill {
  const how: KillHow = victim === 'postgres' && draw.below(2) === 0 ? 'SIGQUIT' : 'SIGKILL';
  // Mostly back at once; now and then away for longer than a lease.
  const downMs = draw.uniform() < 0.2 ? 900 + draw.below(1_600) : draw.below(400);
  return { victim, how, when, downMs };
}

function planMoment(draw: Generator): Moment {
  if (draw.uniform() < 0.35) return { atMs: draw.below(2_200) };
  const after = (['trigger', 'motion', 'end'] as const)[draw.below(3)] ?? 'end';
  const nth = 1 + draw.below(after === 'motion' ? 14 : 6);
  return { after, nth, ms: draw.uniform() < 0.5 ? draw.below(8) : draw.below(120) };
}

/** A kill in words. */
export function describeKill({ victim, how, when, downMs }: PlannedKill): string {
  const moment = 'atMs' in when ? `at ${when.atMs} ms` : `${when.ms} ms after ${when.after} ${when.nth}`;
  return `${how} of ${victim} ${moment}, down ${downMs} ms`;
}
