import { appendFileSync, existsSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lockDevice } from '../../apps/agent/device-lock';
import { Journal } from '../../apps/agent/journal';
import type { LeasedJob } from '../../libs/device/job';

const inFolder = (): string => mkdtempSync(join(tmpdir(), 'anneal-journal-'));
const leased = (dispatchId: string, fencingToken: string, summary = ''): LeasedJob =>
  ({ protocolVersion: 1, dispatchId, jobId: dispatchId, fencingToken, spec: { summary } }) as LeasedJob;

describe('the journal of an agent', () => {
  it.each([
    ['a dispatch it has started', 'a', '12', /started here before/],
    ['a token below the highest it has seen', 'c', '9', /older than 11/],
    ['a token below the highest, compared as a number of any size', 'c', '10', /older than 11/],
  ])('refuses %s, after a restart too', async (_, id, token, reason) => {
    const dir = inFolder();
    const journal = new Journal(dir);
    await journal.leased(leased('a', '10'));
    await journal.started('a', 1_000);
    await journal.leased(leased('b', '11'));
    expect(journal.refusalOf(leased(id, token))).toMatch(reason);
    journal.close();
    const again = new Journal(dir);
    expect(again.refusalOf(leased(id, token))).toMatch(reason);
    again.close();
  });

  it('compares tokens beyond what a number can hold', async () => {
    const journal = new Journal(inFolder());
    await journal.leased(leased('a', '9007199254740993'));
    expect(journal.refusalOf(leased('b', '9007199254740992'))).toMatch(/older/);
    expect(journal.refusalOf(leased('b', '9007199254740994'))).toBeUndefined();
    journal.close();
  });

  it('lets a dispatch that was leased but never started come again under a higher token', async () => {
    const journal = new Journal(inFolder());
    await journal.leased(leased('a', '1'));
    journal.settled('a', 'released');
    expect(journal.refusalOf(leased('a', '2'))).toBeUndefined();
    journal.close();
  });

  it('finds open dispatches with how far they came', async () => {
    const dir = inFolder();
    const journal = new Journal(dir);
    for (const [id, token] of [['a', '1'], ['b', '2'], ['c', '3'], ['d', '4']] as const) await journal.leased(leased(id, token)); // prettier-ignore
    for (const id of ['b', 'c', 'd']) await journal.started(id, 700);
    await journal.ended('c', { version: 1, result: 'succeeded', files: [] });
    journal.settled('d', 'accepted');
    journal.close();
    const open = new Journal(dir).open.map(({ id, leaseMs, outcome }) => [id, leaseMs, outcome?.result]);
    expect(open).toEqual([
      ['a', undefined, undefined],
      ['b', 700, undefined],
      ['c', 700, 'succeeded'],
    ]);
  });

  it('cuts off a line that was torn by a power cut, and writes on behind it', async () => {
    const dir = inFolder();
    const journal = new Journal(dir);
    await journal.leased(leased('a', '5'));
    journal.close();
    appendFileSync(join(dir, 'journal.jsonl'), '{"e":"started","id":"a","lea');
    const again = new Journal(dir);
    await again.leased(leased('b', '6'));
    again.close();
    expect(new Journal(dir).open.map(({ id, leaseMs }) => [id, leaseMs])).toEqual([
      ['a', undefined],
      ['b', undefined],
    ]);
  });

  it('forgets nothing that matters when it grows too long and is written anew', async () => {
    const dir = inFolder();
    const journal = new Journal(dir);
    await journal.leased(leased('old', '7', 'x'.repeat(5_000_000)));
    await journal.started('old', 100);
    journal.settled('old', 'accepted');
    await journal.leased(leased('open', '8'));
    await journal.started('open', 250);
    journal.close();
    const compacted = new Journal(dir);
    expect(statSync(join(dir, 'journal.jsonl')).size).toBeLessThan(1_000);
    compacted.close();
    const again = new Journal(dir);
    expect(again.refusalOf(leased('old', '9'))).toMatch(/started here before/);
    expect(again.refusalOf(leased('new', '7'))).toMatch(/older than 8/);
    expect(again.open).toMatchObject([{ id: 'open', token: '8', leaseMs: 250 }]);
    again.close();
  });
});

describe('the lock of a device', () => {
  it('belongs to one living process', () => {
    const path = join(inFolder(), 'lock');
    const unlock = lockDevice(path);
    expect(() => lockDevice(path)).toThrow(new RegExp(`held by process ${process.pid}`));
    unlock();
    lockDevice(path)();
    expect(existsSync(path)).toBe(false);
  });

  it.each([
    ['of a process that is gone', JSON.stringify({ pid: 4_194_000 })],
    ['of an earlier process with the same number', JSON.stringify({ pid: process.pid, began: 'before the last boot' })],
    ['torn in the middle', '{"pid":'],
  ])('is taken over when it is %s', (_, content) => {
    const path = join(inFolder(), 'lock');
    writeFileSync(path, content);
    const unlock = lockDevice(path);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ pid: process.pid });
    unlock();
  });
});
