import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Pool } from 'pg';
import { Fleets } from './dispatch/fleets';
import { openGround, say } from './dispatch/ground';
import type { Ground } from './dispatch/ground';
import { BenchLab } from './dispatch/lab';
import { CpuMeter, family, residentMb } from './dispatch/process-figures';
import { Tally } from './dispatch/tally';
import { conclude } from './idle/flatness';
import type { IdleSample } from './idle/flatness';

const sampleSeconds = 30;

/**
 * Robots that wait for work that never comes: CPU, memory and connections of api and PostgreSQL every 30 s. Options:
 * `--robots 2000 --minutes 10`. The first quarter is warm-up; what is flat is said at `conclude`. The last line is JSON.
 */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { robots: { type: 'string', default: '2000' }, minutes: { type: 'string', default: '10' } },
  });
  const [robots, minutes] = [Number(values.robots), Number(values.minutes)];
  const ground = await openGround();
  const fleets = await Fleets.start();
  try {
    const lab = await BenchLab.open(ground.pool);
    fleets.open('idle', { url: ground.apiUrl, robots: await lab.robots(robots, 'arm') });
    const tally = new Tally();
    fleets.listen('idle', tally);
    const samples = await watch(ground, fleets, minutes);
    const { count: errors, first } = tally.troubleMet;
    if (first) say(`the first error: ${first}`);
    process.stdout.write(`${JSON.stringify({ robots, minutes, ...conclude(samples), errors })}\n`);
  } finally {
    await fleets.stop();
    await ground.stop();
  }
}

async function watch(ground: Ground, fleets: Fleets, minutes: number): Promise<IdleSample[]> {
  const pid = (name: string): number => ground.supervisor.pids()[name] as number;
  const postgres = (): number[] => family(pid('postgres'));
  const meter = new CpuMeter({ api: () => [pid('api')], postgres, robots: () => [fleets.pid] });
  const began = performance.now();
  const samples: IdleSample[] = [];
  let polls = await fleets.polls();
  for (let n = 1; n <= Math.max(2, Math.round((minutes * 60) / sampleSeconds)); n++) {
    await pause(began + n * sampleSeconds * 1_000 - performance.now());
    const [cpu, now] = [meter.percent(), await fleets.polls()];
    const sample: IdleSample = {
      atSeconds: n * sampleSeconds,
      apiCpuPercent: cpu['api'] ?? 0,
      apiRssMb: Math.round(residentMb(pid('api'))),
      postgresCpuPercent: cpu['postgres'] ?? 0,
      postgresConnections: await connections(ground.pool),
      requestsPerSecond: Number(((now - polls) / sampleSeconds).toFixed(1)),
    };
    polls = now;
    samples.push(sample);
    say(JSON.stringify(sample));
  }
  return samples;
}

/** Connections of clients to the cluster, this bench's own left out. */
async function connections(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ n: string }>(
    `select count(*) as n from pg_stat_activity where backend_type = 'client backend' and application_name like 'anneal%'`,
  );
  return Number(rows[0]?.n ?? 0);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
});
