import fc from 'fast-check';
import { Journal } from '../../apps/agent/journal';
import { JournalDamaged } from '../../apps/agent/journal-lines';
import type { AgentClock, AgentFiles } from '../../apps/agent/ports';
import type { LeasedJob } from '../../libs/device/job';
import { generatorFor } from '../../libs/random/generator';
import { UnsyncedFiles } from '../../libs/testing/unsynced-files';

const name = 'journal.jsonl';
const clock: AgentClock = {
  monotonicMs: () => 0,
  wallTime: () => '2026-03-02T08:00:00.000Z',
  pause: () => Promise.resolve(),
};
const opened = (files: AgentFiles, limits = {}): Promise<Journal> => Journal.open({ files, clock, ...limits });
const leased = (dispatchId: string, fencingToken: string, summary = ''): LeasedJob =>
  ({ protocolVersion: 1, dispatchId, jobId: dispatchId, fencingToken, spec: { summary } }) as LeasedJob;
const textOf = async (files: AgentFiles): Promise<string> => Buffer.from((await files.read(name)) ?? []).toString();
const outcome = { version: 1, result: 'succeeded', files: [] } as const;

describe('the journal of an agent', () => {
  it.each([
    ['a dispatch it has started', 'a', '12', /started here before/],
    ['a token below the highest it has seen', 'c', '9', /older than 11/],
    ['a token below the highest, compared as a number of any size', 'c', '10', /older than 11/],
  ])('refuses %s, after a restart too', async (_, id, token, reason) => {
    const files = new UnsyncedFiles();
    const journal = await opened(files);
    await journal.leased(leased('a', '10'));
    await journal.started('a', 1_000);
    await journal.leased(leased('b', '11'));
    expect(journal.refusalOf(leased(id, token))).toMatch(reason);
    expect((await opened(files.crash())).refusalOf(leased(id, token))).toMatch(reason);
  });

  it('compares tokens beyond what a number can hold', async () => {
    const journal = await opened(new UnsyncedFiles());
    await journal.leased(leased('a', '9007199254740993'));
    expect(journal.refusalOf(leased('b', '9007199254740992'))).toMatch(/older/);
    expect(journal.refusalOf(leased('b', '9007199254740994'))).toBeUndefined();
  });

  it('lets a dispatch that was leased but never started come again under a higher token', async () => {
    const journal = await opened(new UnsyncedFiles());
    await journal.leased(leased('a', '1'));
    await journal.settled('a', 'released');
    expect(journal.refusalOf(leased('a', '2'))).toBeUndefined();
  });

  it('finds open dispatches with how far they came, after a power cut too', async () => {
    const files = new UnsyncedFiles();
    const journal = await opened(files);
    for (const [id, token] of [['a', '1'], ['b', '2'], ['c', '3'], ['d', '4']] as const) await journal.leased(leased(id, token)); // prettier-ignore
    for (const id of ['b', 'c', 'd']) await journal.started(id, 700);
    await journal.ended('c', outcome);
    await journal.settled('d', 'accepted');
    const { open } = await opened(files.powerLoss(generatorFor('all synced')));
    expect(open.map((entry) => [entry.id, entry.leaseMs, entry.outcome?.result, entry.since])).toEqual([
      ['a', undefined, undefined, clock.wallTime()],
      ['b', 700, undefined, clock.wallTime()],
      ['c', 700, 'succeeded', clock.wallTime()],
    ]);
  });

  it('reads what an agent wrote before lines had checksums', async () => {
    const files = new UnsyncedFiles();
    await files.put(name, Buffer.from('{"e":"kept","highestToken":"6","started":["x"]}\n'));
    const journal = await opened(files);
    await journal.leased(leased('a', '7'));
    const again = await opened(files);
    expect(again.refusalOf(leased('x', '8'))).toMatch(/started here before/);
    expect(again.open).toMatchObject([{ id: 'a', token: '7' }]);
  });

  it('notes a second step only when the first is on the disk, so that a power cut tears one line at most', async () => {
    const files = new UnsyncedFiles();
    const journal = await opened(files);
    let unsynced = 0;
    const [append, sync] = [files.append.bind(files), files.sync.bind(files)];
    files.append = (file, bytes) => {
      unsynced++;
      expect(unsynced).toBe(1);
      return append(file, bytes);
    };
    files.sync = (file) => {
      unsynced = 0;
      return sync(file);
    };
    await Promise.all([journal.leased(leased('a', '1')), journal.started('a', 1), journal.ended('a', outcome), journal.settled('a', 'accepted')]); // prettier-ignore
    expect((await textOf(files)).split('\n')).toHaveLength(5);
  });
});

describe('the journal after damage', () => {
  it.each([
    ['half a line', '0123456789abcdef {"e":"started","id":"a","lea'],
    ['half a line of an earlier form', '{"e":"started","id":"a","lea'],
    ['a line whose middle was never written', `0123456789abcdef {"e":"star${'\0'.repeat(20)}\n`],
    ['nothing but zeros', '\0'.repeat(80)],
  ])('cuts off %s at its end, writes on behind it, and doubts the dispatch it may have been about', async (_, end) => {
    const files = new UnsyncedFiles();
    await (await opened(files)).leased(leased('a', '5'));
    await files.append(name, Buffer.from(end));
    const again = await opened(files);
    expect(again.open).toMatchObject([{ id: 'a', doubtful: true }]);
    await again.leased(leased('b', '6'));
    const last = await opened(files.crash());
    expect(last.open.map(({ id, leaseMs }) => [id, leaseMs])).toEqual([
      ['a', undefined],
      ['b', undefined],
    ]);
  });

  it.each([
    ['changed by one letter', (line: string) => line.replace('"b"', '"x"')],
    ['half gone', (line: string) => line.slice(0, line.length / 2)],
    ['zeros', (line: string) => '\0'.repeat(line.length)],
  ])('refuses to start, and says what to do, when a line in the middle is %s', async (_, spoil) => {
    const files = new UnsyncedFiles();
    const journal = await opened(files);
    await journal.leased(leased('a', '5'));
    await journal.leased(leased('b', '6'));
    await journal.started('b', 1);
    const lines = (await textOf(files)).split('\n');
    await files.put(name, Buffer.from([lines[0], spoil(lines[1] as string), lines[2], ''].join('\n')));
    await expect(opened(files)).rejects.toThrow(JournalDamaged);
    await expect(opened(files)).rejects.toThrow(/line 2 .* by hand, then move journal.jsonl/);
  });

  it('writes nothing behind a line that the disk did not take', async () => {
    const files = new UnsyncedFiles();
    const journal = await opened(files);
    await journal.leased(leased('a', '5'));
    files.full = true;
    await expect(journal.started('a', 1)).rejects.toThrow(/cannot be written/);
    files.full = false;
    await expect(journal.settled('a', 'accepted')).rejects.toThrow(/cannot be written/);
    expect((await opened(files.crash())).open).toMatchObject([{ id: 'a', doubtful: true }]);
  });

  it('never forgets what resolved before the power went, wherever it went', async () => {
    const step = fc.constantFrom('leased', 'started', 'ended', 'settled', 'power');
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.string(), async (steps, seed) => {
        const rng = generatorFor('power', seed);
        let files = new UnsyncedFiles();
        let journal = await opened(files, { compactAboveBytes: 600 });
        const started: string[] = [];
        let [token, sure] = [0, 0];
        for (const each of steps) {
          const latest = journal.open.at(-1);
          if (each === 'leased') await journal.leased(leased(`d${++token}`, String((sure = token))));
          if (each === 'started' && latest) started.push(await journal.started(latest.id, 1).then(() => latest.id));
          if (each === 'ended' && latest) await journal.ended(latest.id, outcome);
          if (each === 'settled' && latest) await journal.settled(latest.id, 'accepted');
          if (each !== 'power') continue;
          const unfinished = journal.leased(leased(`d${++token}`, String(token)));
          for (let microtasks = rng.below(8); microtasks > 0; microtasks--) await Promise.resolve();
          files = files.powerLoss(rng);
          await unfinished;
          const before = journal.open.slice(0, -1).map(({ id }) => id);
          journal = await opened(files, { compactAboveBytes: 600 });
          expect(journal.open.map(({ id }) => id).slice(0, before.length)).toEqual(before);
          for (const id of started) expect(journal.refusalOf(leased(id, '99999'))).toMatch(/started here before/);
          if (sure > 0) expect(journal.refusalOf(leased('new', String(sure - 1)))).toMatch(/older/);
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('the journal in the long run', () => {
  it('forgets nothing that matters when it grows too long and is written anew', async () => {
    const files = new UnsyncedFiles();
    const journal = await opened(files);
    await journal.leased(leased('old', '7', 'x'.repeat(5_000_000)));
    await journal.started('old', 100);
    await journal.settled('old', 'accepted');
    expect((await textOf(files)).length).toBeLessThan(1_000);
    await journal.leased(leased('open', '8'));
    await journal.started('open', 250);
    const again = await opened(files.crash());
    expect(again.refusalOf(leased('old', '9'))).toMatch(/started here before/);
    expect(again.refusalOf(leased('new', '7'))).toMatch(/older than 8/);
    expect(again.open).toMatchObject([{ id: 'open', token: '8', leaseMs: 250 }]);
  });

  it('stays as long as the ids it keeps, and fences older dispatches by their tokens', async () => {
    const files = new UnsyncedFiles();
    const journal = await opened(files, { keepStarted: 10, compactAboveBytes: 2_000 });
    for (let token = 1; token <= 300; token++) {
      await journal.leased(leased(`d${token}`, String(token)));
      await journal.started(`d${token}`, 1);
      await journal.settled(`d${token}`, 'accepted');
    }
    expect((await textOf(files)).length).toBeLessThan(4_000);
    const again = await opened(files, { keepStarted: 10, compactAboveBytes: 2_000 });
    expect(again.refusalOf(leased('d300', '301'))).toMatch(/started here before/);
    expect(again.refusalOf(leased('d1', '1'))).toMatch(/older than 300/);
  });
});
