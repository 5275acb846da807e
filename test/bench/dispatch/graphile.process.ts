import { Logger, run } from 'graphile-worker';
import { machineMs } from './clock';
import type { FleetReport } from './robots.process';

const reportEveryMs = 100;

/** graphile-worker beside ours: LISTEN and its own poll as they come; a task does nothing but say when it began. */
async function main(): Promise<void> {
  const [connectionString, concurrency] = process.argv.slice(2) as [string, string];
  const jobs: FleetReport['jobs'][number][] = [];
  const runner = await run({
    connectionString,
    concurrency: Number(concurrency),
    maxPoolSize: Number(concurrency) + 2,
    noHandleSignals: true,
    logger: new Logger(() => () => undefined),
    taskList: {
      bench: (payload, { job }) => {
        const now = machineMs();
        const { key } = payload as { key: string };
        jobs.push({ key, dispatchId: job.id, device: 'graphile', askedAt: now, heldAt: now, settledAt: now });
      },
    },
  });
  setInterval(() => {
    if (jobs.length > 0)
      process.send?.({ fleet: 'graphile', jobs: jobs.splice(0), troubles: [] }, undefined, undefined, () => undefined);
  }, reportEveryMs);
  process.on('disconnect', () => void runner.stop().finally(() => process.exit(0)));
  process.send?.({ fleet: 'graphile', jobs: [], troubles: [] });
}

main().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exit(1);
});
