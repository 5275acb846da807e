import { setTimeout as pause } from 'node:timers/promises';
import { Robot } from './robot';
import type { JobSeen, RobotCredential } from './robot';

/** What the parent asks of this process. */
export type FleetOrder =
  | {
      readonly order: 'open';
      readonly fleet: string;
      readonly url: string;
      readonly workMs: number;
      readonly robots: readonly RobotCredential[];
    }
  | { readonly order: 'close'; readonly fleet: string }
  | { readonly order: 'count-polls' };

/** What this process tells: the jobs since the last report, and what went wrong. */
export interface FleetReport {
  readonly fleet: string;
  readonly jobs: readonly JobSeen[];
  readonly troubles: readonly string[];
  /** Polls answered so far by all fleets, when that was asked. */
  readonly polls?: number;
}

const reportEveryMs = 100;
/** Robots are not all switched on in one moment. */
const robotsPerSecond = 250;
const fleets = new Map<string, readonly Robot[]>();
let polls = 0;
const news = new Map<string, { jobs: JobSeen[]; troubles: string[] }>();

function open(order: FleetOrder & { readonly order: 'open' }): void {
  const told = { jobs: [] as JobSeen[], troubles: [] as string[] };
  news.set(order.fleet, told);
  const listener = {
    done: (job: JobSeen) => void told.jobs.push(job),
    polled: () => void polls++,
    trouble: (message: string) => void told.troubles.push(message),
  };
  const robots = order.robots.map((credential) => new Robot(order.url, credential, order.workMs, listener));
  fleets.set(order.fleet, robots);
  robots.forEach((robot, index) => void pause((index / robotsPerSecond) * 1_000).then(() => robot.work()));
}

function close(fleet: string): void {
  for (const robot of fleets.get(fleet) ?? []) robot.stop();
  fleets.delete(fleet);
}

function report(): void {
  for (const [fleet, told] of news) {
    if (told.jobs.length + told.troubles.length === 0) continue;
    tell({ fleet, jobs: told.jobs.splice(0), troubles: told.troubles.splice(0) });
  }
}

/** A parent that has gone hears nothing; this process then ends by `disconnect`. */
function tell(report: FleetReport): void {
  process.send?.(report, undefined, undefined, () => undefined);
}

function obey(order: FleetOrder): void {
  if (order.order === 'open') open(order);
  else if (order.order === 'close') close(order.fleet);
  else tell({ fleet: '', jobs: [], troubles: [], polls });
}

process.on('message', obey);
process.on('disconnect', () => process.exit(0));
setInterval(report, reportEveryMs);
tell({ fleet: '', jobs: [], troubles: [] });
