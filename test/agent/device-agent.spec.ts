import { defaultDeadlines } from '../../apps/agent/adapters/deadlines';
import { AgentScene } from './agent-scene';
import { itsOutcome } from './counting-instrument';
import { problem } from './http-fake';

const said = (answer: { status: number; json?: unknown }) => ({
  status: answer.status,
  body: Buffer.from(JSON.stringify(answer.json ?? null)),
});
const refusal = (status: number, type: string) => said(problem(status, type) as { status: number; json?: unknown });

describe('an agent before the trigger', () => {
  it('hands the fencing token to the instrument with the trigger', async () => {
    const scene = new AgentScene(['a']);
    await scene.begin();
    await scene.settled();
    expect(scene.adapter.triggers).toEqual(['a']);
    expect(scene.adapter.tokens).toEqual(['1']);
    await scene.end();
  });

  it('does not trigger when it was paused for longer than its lease after the start, and says that nothing moved', async () => {
    const scene = new AgentScene(['a', 'b']);
    scene.between = async (request, send) => {
      const answer = await send(request);
      if (request.path.endsWith('a/start')) scene.clock.skip(300);
      return answer;
    };
    await scene.begin();
    await scene.settled();
    expect(scene.adapter.triggers).toEqual(['b']);
    expect(scene.api.dispatches[0]).toMatchObject({ state: 'failed', outcome: { problem: { code: 'never-started' } } });
    await scene.end();
  });

  it('counts the lease from when the start was asked for: one millisecond before its end it still triggers', async () => {
    const scene = new AgentScene(['a']);
    scene.between = async (request, send) => {
      if (request.path.endsWith('/start')) scene.clock.skip(299);
      return send(request);
    };
    await scene.begin();
    await scene.settled();
    expect(scene.adapter.triggers).toEqual(['a']);
    await scene.end();
  });

  it.each(['before', 'after'] as const)(
    'never triggers when the answer to its start is lost %s it was handled',
    async (moment) => {
      const scene = new AgentScene(['a']);
      let lost = 0;
      scene.between = async (request, send) => {
        if (!request.path.endsWith('/start') || lost++ > 0) return send(request);
        if (moment === 'after') await send(request);
        throw new Error('connection reset');
      };
      await scene.begin();
      await scene.settled();
      expect(scene.adapter.triggers).toEqual(moment === 'before' ? ['a'] : []);
      const [only] = scene.api.dispatches;
      expect([only?.state, only?.outcome?.problem?.code]).toEqual(moment === 'before' ? ['succeeded', undefined] : ['failed', 'never-started']); // prettier-ignore
      await scene.end();
    },
  );

  it('keeps its lease alive while the instrument takes longer than that to make ready', async () => {
    const scene = new AgentScene(['a']);
    const patience = new AbortController().signal;
    scene.adapter.staging = () => scene.clock.pause(5_000, patience);
    await scene.begin();
    await scene.clock.until(() => (scene.api.dispatches[0]?.heartbeats ?? 0) >= 10);
    await scene.settled();
    expect(scene.adapter.triggers).toEqual(['a']);
    await scene.end();
  });
});

describe('an agent with results the api does not take', () => {
  it('keeps an outcome for as long as the api is away, over its own death, and calls it an error after the time it was told', async () => {
    const scene = new AgentScene(['a']);
    scene.api.leaseMs = 3_600_000;
    let away = true;
    scene.between = (request, send) =>
      away && /uploads|outcome/.test(request.path) ? Promise.resolve(refusal(503, 'away')) : send(request);
    await scene.begin({ heartbeatMs: 1_800_000, bufferForMs: 3_600_000 });
    await scene.clock.until(() => scene.agent.status.open[0]?.phase === 'ended');
    const began = scene.clock.wallTime();
    scene.files = scene.files.crash();
    await scene.begin({ heartbeatMs: 1_800_000, bufferForMs: 3_600_000 });
    await scene.clock.until(
      () => scene.logged.some((line) => line.startsWith('error: the result of a has waited')),
      300_000_000,
    );
    expect(Date.parse(scene.clock.wallTime()) - Date.parse(began)).toBeGreaterThanOrEqual(3_600_000 - 1_000);
    expect(scene.agent.status).toMatchObject({ bufferedFiles: 1, oldestBufferedAt: began, takingWork: false });
    away = false;
    await scene.settled();
    expect(scene.api.dispatches[0]?.outcome).toEqual(itsOutcome);
    await scene.clock.until(() => scene.agent.status.bufferedFiles === 0);
    expect(scene.adapter.triggers).toEqual(['a']);
    await scene.end();
  });

  it('takes no more work while its buffer is full, and says so', async () => {
    const scene = new AgentScene(['a']);
    let full: string | undefined = 'results that wait for the api take 2048 MiB of 2048 MiB';
    await scene.begin({ room: () => Promise.resolve(full) });
    await scene.clock.until(() => scene.clock.monotonicMs() > 60_000);
    expect(scene.agent.status).toMatchObject({ takingWork: false, reason: full });
    expect(scene.api.dispatches[0]?.state).toBe('queued');
    full = undefined;
    await scene.settled();
    await scene.end();
  });

  it('reports from memory what a full disk does not take', async () => {
    const scene = new AgentScene(['a']);
    scene.between = (request, send) => {
      if (request.path.endsWith('/outcome')) scene.files.full = false;
      return send(request);
    };
    await scene.begin();
    const put = scene.files.put.bind(scene.files);
    scene.files.put = (name, bytes) =>
      name.startsWith('files/') ? Promise.reject(new Error('ENOSPC')) : put(name, bytes);
    await scene.settled();
    expect(scene.api.dispatches[0]?.outcome).toEqual(itsOutcome);
    expect(scene.logged.join()).toMatch(/not on the disk yet: Error: ENOSPC/);
    await scene.end();
  });

  it('sets aside with its files what the api refuses for good, and goes on with the next', async () => {
    const scene = new AgentScene(['a', 'b']);
    scene.between = (request, send) => {
      if (!request.path.endsWith('a/outcome')) return send(request);
      Object.assign(scene.api.dispatches[0] as object, { state: 'failed' });
      return Promise.resolve(refusal(422, 'document-invalid'));
    };
    await scene.begin();
    await scene.settled();
    expect(scene.agent.status).toMatchObject({ refusedOutcomes: 1 });
    const names = (await scene.files.list()).map(({ name }) => name).sort();
    expect(names).toEqual(['journal.jsonl', `refused/${itsOutcome.files[0]?.sha256}`, 'refused/a.json']);
    const record = JSON.parse(Buffer.from((await scene.files.read('refused/a.json')) ?? []).toString()) as object;
    expect(record).toMatchObject({ dispatchId: 'a', refusal: '422 document-invalid: document-invalid', outcome: itsOutcome }); // prettier-ignore
    await scene.end();
  });

  it('does not report a file that arrives changed from the instrument', async () => {
    const scene = new AgentScene(['a']);
    const whole = scene.adapter.file;
    scene.adapter.file = whole.slice(1);
    await scene.begin();
    await scene.clock.until(() => scene.logged.some((line) => line.includes('cannot be had')));
    expect(scene.api.uploaded.size).toBe(0);
    scene.adapter.file = whole;
    await scene.settled();
    expect([...scene.api.uploaded.values()]).toEqual([whole]);
    await scene.end();
  });
});

describe('an agent and the condition of its instrument', () => {
  it('asks for no work while somebody else uses the instrument, and tells the api of each change once', async () => {
    const scene = new AgentScene(['a']);
    scene.adapter.now = { condition: 'busy-foreign', message: 'a run from the touchscreen' };
    await scene.begin();
    await scene.clock.until(() => scene.clock.monotonicMs() > 60_000);
    expect(scene.agent.status).toMatchObject({ takingWork: false, reason: 'somebody else uses the instrument: a run from the touchscreen' }); // prettier-ignore
    scene.adapter.now = { condition: 'ready' };
    await scene.settled();
    expect(scene.api.conditions).toEqual([
      { condition: 'busy-foreign', message: 'a run from the touchscreen' },
      { condition: 'ready' },
    ]);
    await scene.end();
  });

  it('runs the self-test the api asks for, tells how it went, and gets work again', async () => {
    const scene = new AgentScene(['a']);
    scene.api.wantsSelfTest = true;
    await scene.begin();
    await scene.settled();
    expect(scene.api.selfTests).toEqual([{ result: 'passed', message: 'lamp and filters are well' }]);
    await scene.end();
  });

  it('looks again at a dispatch its instrument could not tell of, and reports what it finds', async () => {
    const scene = new AgentScene(['a']);
    scene.adapter.says = { state: 'running' };
    await scene.begin();
    await scene.clock.until(() => scene.adapter.triggers.length === 1);
    scene.files = scene.files.crash();
    await scene.end();
    scene.adapter.says = { state: 'unknown' };
    await scene.begin();
    await scene.clock.until(() => scene.agent.status.open[0]?.unclear === true);
    scene.api.deviceDied();
    scene.adapter.says = { state: 'done', outcome: itsOutcome };
    await scene.settled();
    expect(scene.api.dispatches[0]?.outcome).toEqual(itsOutcome);
    await scene.end();
  });

  it('waits for no adapter call beyond its deadline', async () => {
    const scene = new AgentScene(['a', 'b']);
    scene.adapter.staging = () => (scene.api.dispatches[0]?.state === 'succeeded' ? Promise.resolve() : new Promise(() => undefined)); // prettier-ignore
    await scene.begin({ deadlines: { ...defaultDeadlines, stageMs: 2_000 } });
    await scene.clock.until(() => scene.logged.some((line) => /did not answer stage within 2000 ms/.test(line)));
    scene.adapter.staging = () => Promise.resolve();
    await scene.settled();
    await scene.end();
  });
});

describe('an agent that is stopped', () => {
  it('gives an unstarted lease back', async () => {
    const scene = new AgentScene(['a']);
    scene.adapter.staging = () => {
      scene.agent.stop();
      return Promise.resolve();
    };
    await scene.begin();
    await scene.end();
    expect(scene.api.dispatches[0]?.state).toBe('queued');
    expect(scene.adapter.triggers).toEqual([]);
  });

  it('leaves a running instrument alone and finds it again at its next start', async () => {
    const scene = new AgentScene(['a']);
    scene.adapter.says = { state: 'running' };
    await scene.begin();
    await scene.clock.until(() => scene.adapter.triggers.length === 1);
    await scene.end();
    expect(scene.api.dispatches[0]?.state).toBe('started');
    scene.adapter.says = { state: 'done', outcome: itsOutcome };
    await scene.begin();
    await scene.settled();
    expect(scene.logged.join()).toMatch(/found .*"phase":"started"/);
    expect(scene.adapter.triggers).toEqual(['a']);
    await scene.end();
  });

  it.each([
    ['finishes reporting what is done', 5_000, 'succeeded'],
    ['gives up reporting at its bound, and keeps the result', 60_000, 'started'],
  ])('%s', async (_, awayMs, state) => {
    const scene = new AgentScene(['a']);
    let backAt = Infinity;
    scene.between = (request, send) =>
      /uploads|outcome/.test(request.path) && scene.clock.monotonicMs() < backAt
        ? Promise.resolve(refusal(503, 'away'))
        : send(request);
    await scene.begin({ stopWithinMs: 10_000 });
    await scene.clock.until(() => scene.agent.status.open[0]?.phase === 'ended');
    const stoppedAt = scene.clock.monotonicMs();
    backAt = stoppedAt + awayMs;
    await scene.end();
    expect(scene.clock.monotonicMs() - stoppedAt).toBeLessThanOrEqual(15_000);
    expect(scene.api.dispatches[0]?.state).toBe(state);
    expect(scene.agent.status.bufferedFiles).toBe(state === 'succeeded' ? 0 : 1);
  });
});
