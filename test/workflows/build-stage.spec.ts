import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { WorkflowHandle } from '@temporalio/client';
import type { Protocol } from '../../libs/protocol/protocol';
import type { BuildActivities, Built, Planned, PlannerRun } from '../../workflows/build/build.activities';
import { jobsDecided, stageState, timersDue } from '../../workflows/device-work/device-work.messages';
import { steer } from '../../workflows/stage.messages';
import type { StageInput, StageOutcome } from '../../workflows/stage.messages';
import { FakeLab } from './fake-lab';
import { operation, plan, protocol, run } from './protocols';
import { taskQueue, temporalServer, whileWorking } from './temporal';
import { until } from './until';

// Servers start and two cores may be shared with others.
jest.setTimeout(120_000);

let server: TestWorkflowEnvironment;
beforeAll(async () => {
  server = await temporalServer();
});
afterAll(() => server.teardown());

const built: Built = { built: 3, failed: 1, fraction: 0.75, proceed: true };

/** A Build stage on a fake lab: what its planners say is given, everything else is real. */
class Stage {
  readonly lab: FakeLab;
  readonly planned: PlannerRun[] = [];
  handle!: WorkflowHandle<(input: StageInput) => Promise<StageOutcome<Built>>>;
  plans: (run: PlannerRun) => Planned = () => ({ labware: {}, verdicts: {}, summary: '' });

  constructor(private readonly steps: Protocol) {
    this.lab = new FakeLab(async (messages) => {
      await this.handle.signal('jobsSettled', messages);
    });
  }

  async run(during: (stage: Stage) => Promise<void>, input: Partial<StageInput> = {}): Promise<void> {
    const activities: BuildActivities = {
      loadProtocol: async () => this.steps,
      runPlanner: async (planner) => {
        this.planned.push(planner);
        return this.plans(planner);
      },
      planRetry: async () => ({ nothingLeft: true }),
      closeBuild: async () => built,
    };
    await whileWorking(server, { ...activities, ...this.lab.activities() }, async () => {
      this.handle = await server.client.workflow.start('buildStage', {
        workflowId: `build-${Math.random()}`,
        taskQueue,
        args: [{ ...stageInput, ...input }],
      });
      await during(this);
    });
  }

  result(): Promise<StageOutcome<Built>> {
    return this.handle.result();
  }

  queued(): (readonly string[])[] {
    return this.lab.calls.filter(({ name }) => name === 'queueBlock').map(({ stepKeys }) => stepKeys);
  }

  asked(name: string): number {
    return this.lab.calls.filter((call) => call.name === name).length;
  }
}

const stageInput: StageInput = {
  tenantId: 't',
  tenant: 'default',
  siteId: 's',
  site: 'main',
  campaignId: 'c',
  slug: 'demo',
  owner: 'ada',
  title: 'Demo',
  round: 1,
  kind: 'explore',
  paused: false,
  unhandled: [],
};

const keys = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `r1/build/s${from + index}/plate`);

describe('a stage on its protocol', () => {
  it('queues blocks of five, one ahead, and hears only of their ends', async () => {
    const stage = new Stage(protocol(...run(17)));
    await stage.run(async () => {
      expect((await stage.result()).result).toEqual(built);
    });
    expect(stage.queued()).toEqual([keys(1, 10), keys(11, 15), keys(16, 17)]);
    expect(stage.lab.told).toHaveLength(4);
  });

  it('confirms every message once, or hands it back', async () => {
    const stage = new Stage(protocol(...run(12)));
    let outcome: StageOutcome<Built> | undefined;
    await stage.run(
      async () => {
        outcome = await stage.result();
      },
      { unhandled: ['start'] },
    );
    expect([...stage.lab.confirmed, ...(outcome?.unhandled ?? [])].sort()).toEqual(['start', ...stage.lab.told].sort());
    expect(stage.lab.calls[0]).toMatchObject({ name: 'queueBlock', handled: ['start'] });
    expect(outcome?.unhandled).toEqual([stage.lab.told.at(-1)]);
  });

  it('runs the instances of a labware variable side by side', async () => {
    const stage = new Stage(protocol(plan('p', 'assembly'), ...run(7)));
    stage.plans = () => plates('A', 'B');
    stage.lab.verdict = (key) => (key === 'r1/build/s2/A' ? 'never' : 'succeeded');
    await stage.run(async () => {
      await until(() => stage.lab.jobs.get('r1/build/s7/B')?.state === 'succeeded');
      stage.lab.settle('r1/build/s2/A', 'succeeded');
      await stage.result();
    });
    expect(stage.queued()[0]).toHaveLength(14);
  });

  it('rests when a branch ends while another one waits', async () => {
    const stage = new Stage(protocol(plan('p', 'assembly'), ...run(2)));
    stage.plans = () => plates('A', 'B');
    stage.lab.verdict = (key) => (key.endsWith('/A') ? 'never' : 'succeeded');
    await stage.run(async () => {
      await until(() => stage.asked('rest') === 1);
      stage.lab.settle('r1/build/s1/A', 'succeeded');
      stage.lab.settle('r1/build/s2/A', 'succeeded');
      await stage.result();
    });
    expect(stage.lab.confirmed).toEqual([stage.lab.told[0]]);
  });

  it('stays under 4,000 events with 300 steps', async () => {
    const stage = new Stage(protocol(...run(300)));
    await stage.run(async () => {
      await stage.result();
      const { historyLength } = await stage.handle.describe();
      expect(historyLength).toBeLessThan(600);
    });
  });

  it('plans between runs, tells planners of earlier steps, and repeats until the verdict is yes', async () => {
    const stage = new Stage(
      protocol(
        {
          id: 'level1',
          repeat: [plan('assembly', 'assembly'), ...run(2), plan('check', 'check')],
          until: 'check.done',
          max: 5,
        },
        {
          id: 'choice',
          verdict: 'check.done',
          cases: { yes: [operation('end', 'store')], no: [operation('no', 'store')] },
        },
      ),
    );
    stage.plans = ({ planner, pass }) => ({
      ...plates(`P${pass}`),
      ...(planner === 'check' ? { verdicts: { done: pass === 2 ? 'yes' : 'no' } } : {}),
    });
    await stage.run(async () => {
      await stage.result();
    });
    expect(stage.planned.map(({ stepKey }) => stepKey)).toEqual([
      'r1/build/level1.1/assembly',
      'r1/build/level1.1/check',
      'r1/build/level1.2/assembly',
      'r1/build/level1.2/check',
    ]);
    expect(stage.planned[3]?.priorStepKeys).toMatchObject({
      assembly: 'r1/build/level1.2/assembly',
      s1: 'r1/build/level1.2/s1',
      check: 'r1/build/level1.1/check',
    });
    expect(stage.queued().at(-1)).toEqual(['r1/build/end/P2']);
  });

  it('fails with the code of the refusal when a protocol cannot be interpreted', async () => {
    const stage = new Stage(protocol({ id: 'level1', repeat: run(1), until: 'check.done', max: { campaign: '/x' } }));
    await stage.run(async () => {
      await expect(stage.result()).rejects.toMatchObject({ cause: { type: 'protocol-invalid' } });
    });
  });
});

describe('a job that does not succeed', () => {
  it('is repeated when that harms nothing', async () => {
    const stage = new Stage(protocol(...run(6)));
    stage.lab.verdict = (key, attempt) => (key === keys(3, 3)[0] && attempt === 1 ? 'failed' : 'succeeded');
    await stage.run(async () => {
      await stage.result();
    });
    expect(stage.lab.jobs.get('r1/build/s3/plate')?.attempt).toBe(2);
    expect(stage.asked('repeatJob')).toBe(1);
  });

  it('is planned anew from the ledger when it moves liquid', async () => {
    const stage = new Stage(protocol(...run(3, 'transfer')));
    stage.lab.verdict = (key, attempt) => (key === keys(2, 2)[0] && attempt < 3 ? 'failed' : 'succeeded');
    await stage.run(async () => {
      await stage.result();
    });
    expect(stage.asked('retryJob')).toBe(2);
  });

  it.each([
    ['retry', 'repeatJob'],
    ['accept', 'acceptJob'],
  ] as const)('waits for a person when it must not be repeated; the answer "%s" is obeyed', async (action, call) => {
    const stage = new Stage(protocol(...run(3, 'purify')));
    stage.lab.unrepeatable.add('purify');
    stage.lab.verdict = (key, attempt) => (key === keys(2, 2)[0] && attempt === 1 ? 'failed' : 'succeeded');
    await stage.run(async () => {
      await until(() => stage.asked('askPerson') === 1);
      await answer(stage, action);
      await stage.result();
    });
    expect(stage.asked(call)).toBe(1);
  });

  it('fails the stage and withdraws what is open when a person gives it up', async () => {
    const stage = new Stage(protocol(...run(3, 'purify')));
    stage.lab.unrepeatable.add('purify');
    stage.lab.verdict = (key) => (key === keys(2, 2)[0] ? 'failed' : 'succeeded');
    await stage.run(async () => {
      await until(() => stage.asked('askPerson') === 1);
      await answer(stage, 'give-up');
      await expect(stage.result()).rejects.toMatchObject({ cause: { type: 'stage-failed' } });
    });
    expect(stage.lab.calls.at(-1)?.name).toBe('withdrawJobs');
    expect(stage.lab.calls.at(-1)?.stepKeys).toContain('r1/build/s3/plate');
  });

  it('asks a person after three attempts', async () => {
    const stage = new Stage(protocol(...run(1)));
    stage.lab.verdict = () => 'failed';
    await stage.run(async () => {
      await until(() => stage.asked('askPerson') === 1);
      await stage.handle.terminate();
    });
    expect(stage.lab.jobs.get('r1/build/s1/plate')?.attempt).toBe(3);
  });

  it('stays unknown until somebody knows, and the stage rests meanwhile', async () => {
    const stage = new Stage(protocol(...run(3, 'transfer')));
    stage.lab.verdict = (key) => (key === keys(2, 2)[0] ? 'unknown' : 'succeeded');
    await stage.run(async () => {
      await until(() => stage.asked('rest') === 1);
      stage.lab.settle('r1/build/s2/plate', 'succeeded');
      await stage.result();
    });
    expect(stage.asked('retryJob')).toBe(0);
  });

  it('is repeated when no evidence came in time, if that harms nothing', async () => {
    const stage = new Stage(protocol(...run(2, 'read-plate')));
    stage.lab.verdict = (key, attempt) => (key === keys(1, 1)[0] && attempt === 1 ? 'unknown' : 'succeeded');
    await stage.run(async () => {
      await until(() => stage.asked('awaitEvidence') === 1);
      const key = 'evidence/1/r1/build/s1/plate';
      await stage.handle.signal(timersDue, [{ eventId: 'timer', key, dueLabAt: '2026-01-05T08:10:00Z' }]);
      await stage.result();
    });
    expect(stage.asked('repeatJob')).toBe(1);
    expect(stage.lab.confirmed).toContain('timer');
  });

  it('is done again without another question when a person says that it did not happen', async () => {
    const stage = new Stage(protocol(...run(3, 'purify')));
    stage.lab.unrepeatable.add('purify');
    stage.lab.verdict = (key, attempt) => (key === keys(2, 2)[0] && attempt === 1 ? 'unknown' : 'succeeded');
    await stage.run(async () => {
      await until(() => stage.asked('rest') === 1);
      stage.lab.settle('r1/build/s2/plate', 'failed', { verdict: 'did-not' });
      await stage.result();
    });
    expect([stage.asked('repeatJob'), stage.asked('askPerson')]).toEqual([1, 0]);
  });

  it('is left to a person when its window is over, once, and done again when that person says that it did not happen', async () => {
    const stage = new Stage(protocol(...run(2, 'read-plate')));
    stage.lab.windowOver = true;
    stage.lab.verdict = (key, attempt) => (key === keys(1, 1)[0] && attempt === 1 ? 'unknown' : 'succeeded');
    await stage.run(async () => {
      await until(() => stage.asked('awaitEvidence') === 1);
      const key = 'evidence/1/r1/build/s1/plate';
      await stage.handle.signal(timersDue, [{ eventId: 'timer', key, dueLabAt: '2026-01-05T08:10:00Z' }]);
      await until(() => stage.asked('askPerson') === 1);
      stage.lab.settle('r1/build/s1/plate', 'failed', { verdict: 'did-not' });
      await stage.result();
    });
    expect([stage.asked('refusedRepeat'), stage.asked('askPerson'), stage.asked('repeatJob')]).toEqual([1, 1, 1]);
  });

  it('counts as done when it was a course of measurements that broke off and left a file', async () => {
    const stage = new Stage(protocol(...run(2, 'read-plate')));
    stage.lab.unrepeatable.add('read-plate');
    stage.lab.verdict = (key) => (key === keys(1, 1)[0] ? 'never' : 'succeeded');
    await stage.run(async () => {
      await until(() => stage.lab.jobs.has('r1/build/s1/plate'));
      stage.lab.settle('r1/build/s1/plate', 'failed', { partialFile: true });
      await stage.result();
    });
    expect([stage.asked('acceptJob'), stage.asked('askPerson'), stage.asked('repeatJob')]).toEqual([1, 0, 0]);
  });

  it('has one effect when its message comes twice', async () => {
    const stage = new Stage(protocol(...run(2)));
    stage.lab.verdict = (key, attempt) =>
      key === keys(1, 1)[0] && attempt === 1 ? 'failed' : key === keys(1, 1)[0] ? 'never' : 'succeeded';
    await stage.run(async () => {
      await until(() => stage.asked('repeatJob') === 1);
      await stage.lab.repeatLastMessage();
      stage.lab.settle('r1/build/s1/plate', 'succeeded');
      await stage.result();
    });
    expect(stage.asked('repeatJob')).toBe(1);
    expect(new Set(stage.lab.confirmed).size).toBe(stage.lab.confirmed.length);
  });
});

describe('people steer a stage', () => {
  it('queues nothing more while it is paused, and goes on when it is resumed', async () => {
    const stage = new Stage(protocol(...run(12)));
    stage.lab.verdict = (key) => (key === keys(5, 5)[0] ? 'never' : 'succeeded');
    await stage.run(async () => {
      await until(() => stage.lab.jobs.get('r1/build/s4/plate')?.state === 'succeeded');
      await stage.handle.signal(steer, { paused: true, eventIds: ['pause'] });
      await until(() => stage.lab.confirmed.includes('pause'));
      stage.lab.settle('r1/build/s5/plate', 'succeeded');
      await until(() => stage.lab.confirmed.includes(stage.lab.told[0] ?? ''));
      expect(stage.queued()).toHaveLength(1);
      expect(await stage.handle.query(stageState)).toMatchObject({ paused: true });
      await stage.handle.signal(steer, { paused: false, eventIds: ['resume'] });
      await stage.result();
    });
    expect(stage.queued()).toHaveLength(2);
    expect(stage.lab.calls.find(({ handled }) => handled.includes('resume'))?.name).toBe('queueBlock');
  });

  it('withdraws what has not started when it is cancelled', async () => {
    const stage = new Stage(protocol(...run(12)));
    stage.lab.verdict = (key) => (key === keys(3, 3)[0] ? 'never' : 'succeeded');
    await stage.run(async () => {
      await until(() => stage.lab.jobs.get('r1/build/s2/plate')?.state === 'succeeded');
      await stage.handle.cancel();
      await expect(stage.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } });
    });
    const withdrawn = stage.lab.calls.at(-1);
    expect(withdrawn?.name).toBe('withdrawJobs');
    expect(withdrawn?.stepKeys).toEqual(expect.arrayContaining(keys(3, 10)));
  });
});

function plates(...names: string[]): Planned {
  return { labware: { plate: names.map((key) => ({ key, barcode: key })) }, verdicts: {}, summary: '' };
}

const answer = (stage: Stage, action: 'retry' | 'accept' | 'give-up'): Promise<void> =>
  stage.handle.signal(jobsDecided, [
    { eventId: 'answer', stepKey: 'r1/build/s2/plate', attempt: 1, action, reason: 'looked at it' },
  ]);
