import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { readMotions } from '../../apps/cli/stack/lab-truth';
import { scoreTransfers } from '../../apps/cli/stack/transfer-score';
import { DevStack } from './dev-stack';
import { smallCampaign } from './small-campaign';

/** Temporal's database is deleted in the middle of a campaign: the campaign goes on from PostgreSQL and repeats nothing. */
async function main(): Promise<void> {
  const began = Date.now();
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const stack = new DevStack(say);
  try {
    await stack.start();
    await stack.client().post('/v1/campaigns', {
      text: smallCampaign({ id: 'temporal-lost' }),
      contentType: 'text/yaml',
      idempotencyKey: 'temporal-lost',
    });
    const lost = await stack.until('temporal-lost', (view) => view.round === 1 && view.jobs.done >= 8, 240);
    await stack.crashEverything();
    rmSync(join(stack.dataDir, 'temporal'), { recursive: true, force: true });
    say(`Temporal's database is gone, in ${lost.stage} of round ${lost.round}, after ${lost.jobs.done} jobs`);
    await pause(500);
    await stack.start();
    const view = await stack.until('temporal-lost', (seen) => seen.status === 'finished', 300);
    const report = await stack.report('temporal-lost');
    const { given, made } = await readMotions(stack.state().labUrl);
    const figures = {
      status: view.status,
      lostInStage: lost.stage,
      lostAfterJobs: lost.jobs.done,
      rounds: report.rounds.length,
      constructsMeasured: view.constructsMeasured,
      ...scoreTransfers(given, made),
      seconds: Number(((Date.now() - began) / 1000).toFixed(1)),
    };
    process.stdout.write(`${JSON.stringify(figures)}\n`);
    process.exitCode = figures.transfersDoubled === 0 && figures.transfersDone === figures.transfersPlanned ? 0 : 1;
  } finally {
    await stack.end();
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(1);
});
