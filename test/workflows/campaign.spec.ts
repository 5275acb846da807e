import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { DomainError } from '../../libs/errors/domain-error';
import { testDatabase } from '../../libs/testing/database';
import type { TestDatabase } from '../../libs/testing/database';
import { campaignState } from '../../workflows/campaign/campaign.messages';
import { CampaignLab } from './campaign-lab';
import { temporalServer } from './temporal';
import { until } from './until';

// Servers start and two cores may be shared with others.
jest.setTimeout(120_000);

let server: TestWorkflowEnvironment;
let db: TestDatabase;
beforeAll(async () => {
  [server, db] = await Promise.all([temporalServer(), testDatabase()]);
});
afterAll(async () => {
  await server.teardown();
  await db.close();
});

const unhandled = 'select count(*)::int as n from outbox where handled_at is null';
const approval = (gate: 'next-round' | 'build-release') => [{ gate, role: 'pi', auto: false } as const];

describe('a campaign', () => {
  it('explores until Learn stops, confirms the best, and leaves no message unconfirmed', async () => {
    const lab = new CampaignLab(db);
    lab.learn = (round) => ({
      stop: round === 2,
      reason: round === 2 ? 'good enough' : 'go on',
      nextKind: round === 2 ? 'confirm' : 'explore',
      best: { name: `c${round}`, score: round },
    });
    await lab.on(server, async () => {
      const id = await lab.submit({ slug: 'explores', maxRounds: 5 });
      await lab.over('explores');
      expect(lab.ran).toEqual([
        ...['design r1', 'build r1', 'test r1', 'learn r1'],
        ...['design r2', 'build r2', 'test r2', 'learn r2'],
        ...['design r3', 'test r3', 'learn r3'],
      ]);
      expect(await lab.one('select status, outcome, progress from campaign where id = $1', [id])).toMatchObject({
        status: 'finished',
        outcome: { reason: 'good enough' },
        progress: { best: { name: 'c3', score: 3 } },
      });
      const rounds =
        'select array_agg(kind || $2 || status order by number) as rounds from round where campaign_id = $1';
      expect(await lab.one(rounds, [id, ' '])).toEqual({
        rounds: ['explore finished', 'explore finished', 'confirm finished'],
      });
      expect(await lab.one(unhandled)).toEqual({ n: 0 });
    });
  });

  it('shows people where it stands in Temporal itself', async () => {
    const lab = new CampaignLab(db);
    lab.lab.verdict = (key) => (key.startsWith('r1/build/s2') ? 'never' : 'succeeded');
    await lab.on(server, async () => {
      const id = await lab.submit({ slug: 'shown', maxRounds: 1, confirmTop: 0 });
      await until(() => lab.lab.jobs.get('r1/build/s1/plate')?.state === 'succeeded');
      const handle = server.client.workflow.getHandle('campaign/default/shown');
      expect(await handle.query(campaignState)).toMatchObject({ status: 'running', round: 1, stage: 'build' });
      const stage = await server.client.workflow.getHandle('campaign/default/shown/r1/build').describe();
      expect(await stage.staticSummary()).toBe('shown: build, round 1');
      expect(stage.searchAttributes).toMatchObject({ CampaignId: [id], Stage: ['build'], Round: [1], Site: ['main'] });
      lab.lab.settle('r1/build/s2/plate', 'succeeded');
      await lab.over('shown');
      await until(async () => (await handle.describe()).status.name === 'COMPLETED');
      const closed = await handle.describe();
      expect(closed.searchAttributes).toMatchObject({ Outcome: ['finished'], Owner: ['scientist'] });
      expect(closed.searchAttributes['Deadline']).toBeDefined();
    });
  });

  it('fails with the reason and an incident when a stage fails, and withdraws nothing silently', async () => {
    const lab = new CampaignLab(db);
    lab.science = {
      loadProtocol: () => Promise.reject(new DomainError('protocol-invalid', 'step "seal" names no labware')),
    };
    await lab.on(server, async () => {
      const id = await lab.submit({ slug: 'fails' });
      await lab.over('fails');
      expect(await lab.one('select status, outcome from campaign where id = $1', [id])).toEqual({
        status: 'failed',
        outcome: { reason: 'step "seal" names no labware', code: 'protocol-invalid' },
      });
      expect(await lab.one('select kind, subject from incident where campaign_id = $1', [id])).toEqual({
        kind: 'campaign-failed',
        subject: 'fails',
      });
      expect(await lab.one('select status from round where campaign_id = $1', [id])).toEqual({ status: 'failed' });
    });
  });
});

describe('people decide', () => {
  it('waits at a gate before the next round until somebody who may approves', async () => {
    const lab = new CampaignLab(db);
    await lab.on(server, async () => {
      const id = await lab.submit({ slug: 'gated', approvals: approval('next-round'), confirmTop: 0 });
      await until(async () => {
        const row = await lab.one(`select progress -> 'waitingForApproval' as gates from campaign where id = $1`, [id]);
        return row?.['gates'] !== null;
      });
      expect(lab.ran.at(-1)).toBe('learn r1');
      expect(await lab.one(unhandled)).toEqual({ n: 0 });
      expect(await lab.decide('gated', { kind: 'approve', gate: 'build-release' })).toMatch(/^already-decided: /);
      expect(await lab.decide('gated', { kind: 'approve', gate: 'lunch' })).toMatch(/^unknown-reference: /);
      expect(await lab.decide('gated', { kind: 'approve', gate: 'next-round' }, 'operator')).toMatch(/^forbidden: /);
      expect(await lab.decide('gated', { kind: 'approve', gate: 'next-round' })).toBe('applied');
      await lab.over('gated');
      expect(lab.ran.filter((stage) => stage.startsWith('build'))).toEqual(['build r1', 'build r2']);
      expect(await lab.one(unhandled)).toEqual({ n: 0 });
    });
  });

  it('waits inside the round before anything is built', async () => {
    const lab = new CampaignLab(db);
    await lab.on(server, async () => {
      await lab.submit({ slug: 'released', approvals: approval('build-release'), maxRounds: 1, confirmTop: 0 });
      await until(async () => (await lab.one(unhandled))?.['n'] === 0 && lab.ran.length === 1);
      expect(lab.ran).toEqual(['design r1']);
      expect(await lab.decide('released', { kind: 'approve', gate: 'build-release' })).toBe('applied');
      await lab.over('released');
      expect(await lab.status('released')).toBe('finished');
    });
  });

  it('pauses and resumes; nothing is queued in between', async () => {
    const lab = new CampaignLab(db);
    lab.lab.verdict = (key) => (key.startsWith('r1/build/s6') ? 'never' : 'succeeded');
    await lab.on(server, async () => {
      await lab.submit({ slug: 'paused', maxRounds: 1, confirmTop: 0 });
      await until(() => lab.lab.jobs.get('r1/build/s5/plate')?.state === 'succeeded');
      expect(await lab.decide('paused', { kind: 'resume' })).toMatch(/^already-decided: /);
      expect(await lab.decide('paused', { kind: 'pause' })).toBe('applied');
      expect(await lab.status('paused')).toBe('paused');
      await until(async () => (await lab.one(unhandled))?.['n'] === 0);
      lab.lab.settle('r1/build/s6/plate', 'succeeded');
      await until(() => lab.ran.at(-1) === 'build r1');
      await until(async () => (await lab.one(unhandled))?.['n'] === 0);
      expect([...lab.lab.jobs.keys()].some((key) => key.startsWith('r1/test'))).toBe(false);
      expect(await lab.decide('paused', { kind: 'resume' })).toBe('applied');
      await lab.over('paused');
      expect(await lab.status('paused')).toBe('finished');
    });
  });

  it('aborts: open jobs are withdrawn, and nothing can be decided afterwards', async () => {
    const lab = new CampaignLab(db);
    lab.lab.verdict = (key) => (key.startsWith('r1/build/s3') ? 'never' : 'succeeded');
    await lab.on(server, async () => {
      const id = await lab.submit({ slug: 'aborted' });
      await until(() => lab.lab.jobs.get('r1/build/s2/plate')?.state === 'succeeded');
      expect(await lab.decide('aborted', { kind: 'abort' })).toBe('applied');
      await lab.over('aborted');
      expect(lab.lab.jobs.get('r1/build/s4/plate')?.state).toBe('withdrawn');
      expect(await lab.one('select status, outcome from campaign where id = $1', [id])).toEqual({
        status: 'aborted',
        outcome: { reason: 'test' },
      });
      await expect(lab.decide('aborted', { kind: 'pause' })).rejects.toMatchObject({ code: 'campaign-over' });
      expect(await lab.one(unhandled)).toEqual({ n: 0 });
    });
  });
});
