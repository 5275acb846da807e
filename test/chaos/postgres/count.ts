import type { Client } from '@temporalio/client';
import type { Pool } from 'pg';
import { insist } from '../kills/patience';
import type { StageRun } from './stage-runs';
import type { RobotCount, StageRobot } from './stage-robot';
import { serialOf } from './stage-robot';

/** One device result as PostgreSQL has it. */
interface StoredResult {
  readonly campaignId: string;
  readonly jobId: string;
  readonly dispatchId: string;
  readonly dispatches: number;
  readonly state: string;
  readonly serial: string | null;
  readonly settledEvents: number;
}

/** What came of everything. */
export interface Counted {
  /** Workflows that completed exactly once, with their result. */
  readonly completed: number;
  /** Device results that are in PostgreSQL, once, word for word. */
  readonly results: number;
  /** Jobs triggered or acknowledged more than once, results settled twice, workflows run twice. */
  readonly doubled: number;
  /** Workflows without a result, jobs without theirs or with another, messages never sent. */
  readonly lost: number;
  /** The first of what is wrong, in words. */
  readonly findings: readonly string[];
}

/** Waits until the outbox is empty, then holds workflows, robots and PostgreSQL against each other. */
export async function count(
  pool: Pool,
  client: Client,
  runs: readonly StageRun[],
  robots: readonly StageRobot[],
): Promise<Counted> {
  const doubled: string[] = [];
  const lost: string[] = [];
  const unsent = await unsentMessages(pool);
  if (unsent > 0) lost.push(`${unsent} messages were never sent`);
  for (const robot of robots) lost.push(...robot.oddities);
  const stored = await storedResults(pool);
  let results = 0;
  for (const { slug, campaignId } of runs) {
    const mine = stored.get(campaignId) ?? [];
    const [one] = mine;
    if (!one) lost.push(`${slug} has no job`);
    else if (mine.length > 1) doubled.push(`${slug} has ${mine.length} jobs`);
    else if (isRight(one, robots, doubled, lost)) results++;
  }
  const executions = await executionsOf(client, runs);
  if (executions.all > runs.length) doubled.push(`${executions.all - runs.length} stage workflows ran more than once`);
  const completed = runs.filter(({ outcome }) => outcome?.result !== undefined).length;
  if (executions.completed < runs.length) lost.push(`${runs.length - executions.completed} did not complete`);
  return {
    completed: Math.min(completed, executions.completed),
    results,
    doubled: doubled.length,
    lost: lost.length,
    findings: [...doubled, ...lost].slice(0, 50),
  };
}

function isRight(one: StoredResult, robots: readonly StageRobot[], doubled: string[], lost: string[]): boolean {
  const counts = robots.flatMap((robot): readonly RobotCount[] => {
    const known = robot.counts.get(one.jobId);
    return known ? [known] : [];
  });
  const sum = (pick: (count: RobotCount) => number): number => counts.reduce((total, each) => total + pick(each), 0);
  const [triggers, acknowledged] = [sum((each) => each.triggers), sum((each) => each.acknowledged)];
  const before = doubled.length + lost.length;
  if (triggers > 1) doubled.push(`job ${one.jobId} was triggered ${triggers} times`);
  if (acknowledged > 1) doubled.push(`job ${one.jobId} was acknowledged ${acknowledged} times`);
  if (one.settledEvents > 1) doubled.push(`job ${one.jobId} was settled ${one.settledEvents} times`);
  if (acknowledged < 1) lost.push(`job ${one.jobId} was acknowledged by nobody`);
  if (one.dispatches !== 1 || one.state !== 'succeeded' || one.serial !== serialOf(one.dispatchId, 1))
    lost.push(`job ${one.jobId} is ${one.state} after ${one.dispatches} dispatches, its result is ${one.serial}`);
  return doubled.length + lost.length === before;
}

async function storedResults(pool: Pool): Promise<Map<string, StoredResult[]>> {
  const { rows } = await insist(pool, (asked) =>
    asked.query<StoredResult>(
      `select distinct on (j.id) j.campaign_id as "campaignId", j.id as "jobId", d.id as "dispatchId", d.state,
         d.outcome -> 'facts' ->> 'serial' as serial, (select count(*)::int from dispatch x where x.job_id = j.id) as dispatches,
         (select count(*)::int from event e where e.stream = 'job/' || j.id
            and e.kind in ('jobSucceeded', 'jobFailed', 'unknownResolvedHappened', 'unknownResolvedNot')) as "settledEvents"
       from job j join dispatch d on d.job_id = j.id where j.serves_job_id is null and j.campaign_id is not null
       order by j.id, d.attempt desc`,
    ),
  );
  const byCampaign = new Map<string, StoredResult[]>();
  for (const row of rows) byCampaign.set(row.campaignId, [...(byCampaign.get(row.campaignId) ?? []), row]);
  return byCampaign;
}

/** Messages still unsent after the relay had a minute of peace. */
async function unsentMessages(pool: Pool): Promise<number> {
  const until = performance.now() + 60_000;
  for (;;) {
    const { rows } = await insist(pool, (asked) =>
      asked.query<{ unsent: number }>('select count(*)::int as unsent from outbox where sent_at is null'),
    );
    const unsent = rows[0]?.unsent ?? 0;
    if (unsent === 0 || performance.now() > until) return unsent;
    await new Promise((next) => setTimeout(next, 200));
  }
}

/** Executions of stage workflows in Temporal; its list lags a little behind. */
async function executionsOf(client: Client, runs: readonly StageRun[]): Promise<{ all: number; completed: number }> {
  const until = performance.now() + 30_000;
  for (;;) {
    const all = (await client.workflow.count(`WorkflowType = 'buildStage'`)).count;
    const query = `WorkflowType = 'buildStage' AND ExecutionStatus = 'Completed'`;
    const completed = (await client.workflow.count(query)).count;
    if ((all >= runs.length && completed >= runs.length) || performance.now() > until) return { all, completed };
    await new Promise((next) => setTimeout(next, 500));
  }
}
