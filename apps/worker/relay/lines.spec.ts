import { Lines } from './lines';

/** Lines whose work ends when the test says so. */
function manual(width: number): { lines: Lines<string>; begun: string[][]; finish: () => Promise<void> } {
  const begun: string[][] = [];
  const ends: (() => void)[] = [];
  const lines = new Lines<string>(width, async (items) => {
    begun.push([...items]);
    await new Promise<void>((end) => ends.push(end));
  });
  const finish = async (): Promise<void> => {
    ends.shift()?.();
    await new Promise((next) => setImmediate(next));
  };
  return { lines, begun, finish };
}

describe('lines of messages', () => {
  it('gather what comes while one of the line is under way', async () => {
    const { lines, begun, finish } = manual(8);
    for (const item of ['a1', 'a2', 'a3']) lines.add('a', item);
    expect(begun).toEqual([['a1']]);
    await finish();
    expect(begun).toEqual([['a1'], ['a2', 'a3']]);
  });

  it('run side by side, up to the width', async () => {
    const { lines, begun, finish } = manual(2);
    for (const line of ['a', 'b', 'c']) lines.add(line, line);
    expect(begun.flat()).toEqual(['a', 'b']);
    await finish();
    expect(begun.flat()).toEqual(['a', 'b', 'c']);
  });

  it('are drained when the last has ended, or the time is up', async () => {
    const { lines, finish } = manual(1);
    lines.add('a', 'a1');
    await lines.drained(1);
    expect(lines.size).toBe(1);
    const drained = lines.drained(60_000);
    await finish();
    await drained;
    expect(lines.size).toBe(0);
  });
});
