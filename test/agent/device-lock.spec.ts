import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lockDevice } from '../../apps/agent/device-lock';

const inFolder = (): string => mkdtempSync(join(tmpdir(), 'anneal-lock-'));

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
