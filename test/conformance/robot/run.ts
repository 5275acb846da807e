import type { PostgresServer } from '../../../libs/testing/postgres';
import { Bench, Violation } from './bench';
import { scenarios } from './scenarios';
import type { Scenario } from './scenarios';

/** How the suite went. */
export interface Conformance {
  readonly scenarios: number;
  readonly passed: number;
  /** Names of those the robot did not pass. */
  readonly failed: readonly string[];
  /** Motions beyond the first of a dispatch, over all scenarios. */
  readonly doubledTriggers: number;
}

/** What to run. */
export interface ConformanceOrder {
  /** Command line of the robot program, with `{api}`, `{token}`, `{device}`, `{panel}`, `{dir}`. */
  readonly command: string;
  /** Names to run; all when empty. */
  readonly only: readonly string[];
  /** Scenarios at a time. */
  readonly parallel: number;
  /** Told of each scenario as it ends. */
  readonly say: (line: string) => void;
}

/** A scenario that takes longer has failed, ms. */
const patienceMs = 30_000;

/** Plays the scenarios with a robot program, each in a lab of its own. */
export async function conformance(server: PostgresServer, order: ConformanceOrder): Promise<Conformance> {
  const unknown = order.only.filter((name) => !scenarios.some((one) => one.name === name));
  if (unknown.length > 0) throw new Error(`no scenario "${unknown.join('", "')}"; there are: ${scenarios.map(({ name }) => name).join(', ')}`); // prettier-ignore
  const chosen = scenarios.filter(({ name }) => order.only.length === 0 || order.only.includes(name));
  const waiting = [...chosen];
  const results = new Map<string, { failure: string | undefined; doubled: number }>();
  const player = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const began = performance.now();
      const result = await played(server, order.command, next);
      results.set(next.name, result);
      const seconds = ((performance.now() - began) / 1_000).toFixed(1);
      order.say(`${result.failure === undefined ? 'ok  ' : 'FAIL'} ${next.name} (${seconds} s)${result.failure ? `: ${result.failure}` : ''}`); // prettier-ignore
    }
  };
  await Promise.all(Array.from({ length: order.parallel }, player));
  const failed = chosen.filter(({ name }) => results.get(name)?.failure !== undefined).map(({ name }) => name);
  const doubledTriggers = [...results.values()].reduce((sum, { doubled }) => sum + doubled, 0);
  return { scenarios: chosen.length, passed: chosen.length - failed.length, failed, doubledTriggers };
}

async function played(
  server: PostgresServer,
  command: string,
  scenario: Scenario,
): Promise<{ failure: string | undefined; doubled: number }> {
  const bench = await Bench.open(server, command, scenario);
  try {
    await within(patienceMs, bench, scenario.play(bench));
    await bench.judge();
    return { failure: undefined, doubled: bench.doubled };
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    return { failure: error.message, doubled: bench.doubled };
  } finally {
    await bench.close();
  }
}

/** @throws Violation when it takes too long, with where it stands. */
async function within(ms: number, bench: Bench, play: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((done) => (timer = setTimeout(() => done('late'), ms)));
  // What the play still waits for when it is over ends with its lab.
  play.catch(() => undefined);
  const how = await Promise.race([play.then(() => 'played' as const), late, bench.forbidden()]).finally(() =>
    clearTimeout(timer),
  );
  if (how === 'played') return;
  const states = (await bench.dispatches()).map(({ step, state }) => `${step} ${state}`).join(', ');
  throw new Violation(
    `not over after ${ms / 1_000} s: ${states || 'no jobs'}; the robot ${bench.robot.alive ? 'runs' : 'has ended'} and said last: ${bench.robot.said.trim().slice(-300)}`,
  );
}
