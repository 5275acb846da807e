import { setTimeout as pause } from 'node:timers/promises';
import { readMotions } from '../../apps/cli/stack/lab-truth';
import { scoreTransfers } from '../../apps/cli/stack/transfer-score';
import { DevStack } from './dev-stack';
import { longWaitProtocol, smallCampaign } from './small-campaign';

/** A protocol with a wait of fourteen lab days; everything is killed in the middle of it, twice, and started again. */
async function main(): Promise<void> {
  const began = Date.now();
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const stack = new DevStack(say);
  try {
    await stack.start();
    await stack.client().post('/v1/protocols', { text: longWaitProtocol(), contentType: 'text/yaml' });
    await stack.client().post('/v1/campaigns', {
      text: smallCampaign({ id: 'long-wait', protocol: 'plate-endpoint-aged', rounds: 1 }),
      contentType: 'text/yaml',
      idempotencyKey: 'long-wait',
    });
    await stack.until('long-wait', (view) => view.stage === 'test' && view.round === 1, 240);
    const before = await waitBegins(stack);
    let kills = 0;
    for (; kills < 2; kills++) {
      await stack.crashEverything();
      await pause(500);
      await stack.start();
    }
    const view = await stack.until('long-wait', (seen) => seen.status === 'finished', 300);
    const report = await stack.report('long-wait');
    const { given, made } = await readMotions(stack.state().labUrl);
    const figures = {
      status: view.status,
      killsOfEverything: kills,
      waitedLabDays: 14,
      labDayWhenKilled: before,
      labDays: Number(report.campaign.labDays.toFixed(2)),
      constructsMeasured: view.constructsMeasured,
      ...scoreTransfers(given, made),
      seconds: Number(((Date.now() - began) / 1000).toFixed(1)),
    };
    process.stdout.write(`${JSON.stringify(figures)}\n`);
    const fine = figures.transfersDoubled === 0 && figures.transfersDone === figures.transfersPlanned;
    process.exitCode = fine && report.campaign.labDays > 14 ? 0 : 1;
  } finally {
    await stack.end();
  }
}

/** Stops the lab's clock by stopping the lab in mid-wait. @returns lab day at which the wait was seen */
async function waitBegins(stack: DevStack): Promise<number> {
  const waits = await stack.until(
    'long-wait',
    (view) => view.waitingFor.some((line) => /not before|on hold/.test(line)) || view.status === 'finished',
    240,
  );
  if (waits.status === 'finished') throw new Error('the campaign ended before the wait was seen');
  return waits.labDay;
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(1);
});
