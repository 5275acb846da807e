import type { Fleets } from './fleets';
import { say } from './ground';
import type { Ground } from './ground';
import type { BenchLab } from './lab';
import { percentiles, rounded } from './percentiles';
import type { RobotCredential } from './robot';
import { anneal, measure } from './subjects';

const limitMs = 100;
const growth = 1.3;
const stepSeconds = 3;
const lowestRate = 30;
const highestRate = 4_000;
let runs = 0;

/** What a number of robots bears. */
export interface Overload {
  /** Highest measured rate with p99 ≤ 100 ms; the next one tried, 1.14 times as high at most, passes it. */
  readonly jobsPerSecond: number;
  readonly lost: number;
  readonly doubled: number;
}

/**
 * Raises the rate by 1.3 until p99 (from the COMMIT's start to the robot) passes 100 ms, or jobs can no longer be queued at the
 * asked rate; then once half a step back. The backlog of a step is done before the next one.
 */
export async function overloadRate(
  ground: Ground,
  lab: BenchLab,
  fleets: Fleets,
  robots: readonly RobotCredential[],
): Promise<Overload> {
  fleets.open('anneal', { url: ground.apiUrl, robots });
  const subject = anneal(ground, lab, fleets);
  let [lost, doubled, borne] = [0, 0, 0];
  const bears = async (rate: number): Promise<boolean> => {
    const name = `overload/${++runs}`;
    const { tally, seconds } = await measure(subject, { name, ratePerSecond: rate, seconds: stepSeconds });
    lost += tally.open;
    doubled += tally.doubled;
    const { n, p50, p99 } = percentiles(tally.latencies().map(({ fromReady }) => fromReady));
    const reached = n / seconds;
    say(
      `${robots.length} robots, ${Math.round(rate)}/s asked, ${Math.round(reached)}/s queued: p50 ${p50} p99 ${p99} ms`,
    );
    const bears = p99 <= limitMs && seconds <= stepSeconds * 1.15;
    if (bears) borne = Math.max(borne, reached);
    return bears;
  };
  await bears(lowestRate);
  let rate = robots.length === 1 ? lowestRate : 150;
  while (rate < highestRate && (await bears(rate))) rate *= growth;
  await bears(rate / Math.sqrt(growth));
  await subject.stop();
  return { jobsPerSecond: rounded(borne, 0), lost, doubled };
}
