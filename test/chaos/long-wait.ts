import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import { readMotions } from '../../apps/cli/stack/lab-truth';
import { scoreTransfers } from '../../apps/cli/stack/transfer-score';
import type { CampaignView } from '../../libs/report/campaign-view';
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
    await onDatabase(stack, holdTheClock);
    await stack.client().post('/v1/campaigns', {
      text: smallCampaign({ id: 'long-wait', protocol: 'plate-endpoint-aged', rounds: 1 }),
      contentType: 'text/yaml',
      idempotencyKey: 'long-wait',
    });
    const waits = await stack.until('long-wait', isWaiting, 240);
    let kills = 0;
    for (; kills < 2; kills++) {
      await stack.crashEverything();
      await pause(500);
      await stack.start();
    }
    const still = await stack.until('long-wait', isWaiting, 60);
    await onDatabase(stack, letTheClockGo);
    const view = await stack.until('long-wait', (seen) => seen.status === 'finished', 300);
    const report = await stack.report('long-wait');
    const { given, made } = await readMotions(stack.state().labUrl);
    const figures = {
      status: view.status,
      killsOfEverything: kills,
      waitedLabDays: 14,
      labDayWhenKilled: Number(waits.labDay.toFixed(2)),
      labDayAfterRestarts: Number(still.labDay.toFixed(2)),
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

/** The step behind the wait is queued, and not before fourteen days have passed. */
const isWaiting = (view: CampaignView): boolean =>
  view.waitingFor.some((line) => line.includes('/peel-starter/') && line.includes('not before'));

/** A virtual clock would jump over the wait within milliseconds: it is refused to go on once the step before the wait has ended. */
const holdTheClock = `
  create function stand_still() returns trigger language plpgsql as $$
  begin
    if exists (
      select 1 from dispatch d join job j on j.id = d.job_id
      where j.step_key like '%/rest-starter/%' and j.serves_job_id is null and d.state = 'succeeded') then
      raise exception 'the clock is held' using errcode = 'lock_not_available';
    end if;
    return new;
  end $$;
  create trigger stand_still before update on lab_clock for each row execute function stand_still();`;
const letTheClockGo = 'drop trigger stand_still on lab_clock';

async function onDatabase(stack: DevStack, sql: string): Promise<void> {
  const client = new Client({ connectionString: stack.state().databaseUrl });
  await client.connect();
  await client.query(sql).finally(() => client.end());
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(1);
});
