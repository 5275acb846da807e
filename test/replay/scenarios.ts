import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { TestDatabase } from '../../libs/testing/database';
import { CampaignLab } from '../workflows/campaign-lab';
import { until } from '../workflows/until';

/** Keeps the run of a workflow under a name. */
export type Record = (workflowId: string, name: string, runId?: string) => Promise<void>;

const both = [
  { gate: 'next-round', role: 'pi', auto: false },
  { gate: 'build-release', role: 'pi', auto: false },
] as const;

/** A campaign with everything people and robots do to it, recorded while it waits and after it has ended. */
export async function eventful(server: TestWorkflowEnvironment, db: TestDatabase, record: Record): Promise<void> {
  const lab = new CampaignLab(db);
  const id = 'campaign/default/eventful';
  lab.lab.verdict = (key, attempt) => {
    if (key === 'r1/build/s2/plate' && attempt === 1) return 'failed';
    return key === 'r1/build/s3/plate' && attempt === 1 ? 'unknown' : 'succeeded';
  };
  await lab.on(server, async () => {
    await lab.submit({ slug: 'eventful', approvals: both, confirmTop: 1 });
    await until(async () => (await waitsAt(lab, 'eventful')) === 'build-release');
    await record(`${id}/r1`, 'round-at-gate');
    const { runId } = await server.client.workflow.getHandle(id).describe();
    await lab.decide('eventful', { kind: 'approve', gate: 'build-release' });
    await until(() => lab.lab.calls.some(({ name }) => name === 'awaitEvidence'));
    await record(`${id}/r1/build`, 'build-with-unknown-job');
    await lab.decide('eventful', { kind: 'pause' });
    lab.lab.settle('r1/build/s3/plate', 'succeeded');
    await lab.decide('eventful', { kind: 'resume' });
    await until(async () => (await waitsAt(lab, 'eventful')) === 'next-round');
    await record(id, 'campaign-at-gate');
    await record(id, 'campaign-continued', runId);
    for (const stage of ['', '/design', '/build', '/test', '/learn'])
      await record(`${id}/r1${stage}`, `${stage.slice(1) || 'round'}-finished`);
    await lab.decide('eventful', { kind: 'approve', gate: 'next-round' });
    await until(async () => (await waitsAt(lab, 'eventful')) === 'build-release');
    await lab.decide('eventful', { kind: 'approve', gate: 'build-release' });
    await until(async () => (await waitsAt(lab, 'eventful')) === 'next-round');
    await lab.decide('eventful', { kind: 'approve', gate: 'next-round' });
    await lab.over('eventful');
    await closed(server, id);
    await record(id, 'campaign-finished');
  });
}

/** A campaign that is aborted in the middle of its Build stage. */
export async function aborted(server: TestWorkflowEnvironment, db: TestDatabase, record: Record): Promise<void> {
  const lab = new CampaignLab(db);
  const id = 'campaign/default/given-up';
  lab.lab.verdict = (key) => (key === 'r1/build/s3/plate' ? 'never' : 'succeeded');
  await lab.on(server, async () => {
    await lab.submit({ slug: 'given-up' });
    await until(() => lab.lab.jobs.get('r1/build/s2/plate')?.state === 'succeeded');
    await lab.decide('given-up', { kind: 'abort' });
    await lab.over('given-up');
    await closed(server, id);
    await record(id, 'campaign-aborted');
    await record(`${id}/r1`, 'round-aborted');
    await record(`${id}/r1/build`, 'build-aborted');
  });
}

async function waitsAt(lab: CampaignLab, slug: string): Promise<unknown> {
  const sql = `select progress -> 'waitingForApproval' -> 0 ->> 'gate' as gate from campaign where slug = $1`;
  return (await lab.one(sql, [slug]))?.['gate'];
}

const closed = (server: TestWorkflowEnvironment, workflowId: string): Promise<void> =>
  until(async () => (await server.client.workflow.getHandle(workflowId).describe()).status.name !== 'RUNNING');
