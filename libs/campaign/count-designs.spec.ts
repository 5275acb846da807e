import fc from 'fast-check';
import { countAll, countAllowed, isForbidden } from './count-designs';

const slotIds = ['a', 'b', 'c'];
const parts = ['1', '2', '3', '4'];
const options = fc
  .tuple(...slotIds.map(() => fc.subarray(parts, { minLength: 1 })))
  .map((each) => new Map(slotIds.map((slot, at) => [slot, each[at] as string[]])));
const rule = fc
  .tuple(fc.subarray(slotIds, { minLength: 1 }), fc.infiniteStream(fc.subarray(parts, { minLength: 1 })))
  .map(([slots, stream]) => Object.fromEntries(slots.map((slot) => [slot, stream.next().value as string[]])));

describe('countAllowed', () => {
  it('equals counting one by one', () => {
    fc.assert(
      fc.property(options, fc.array(rule, { maxLength: 5 }), (space, rules) => {
        let count = 0;
        for (const a of space.get('a') ?? [])
          for (const b of space.get('b') ?? [])
            for (const c of space.get('c') ?? []) if (!rules.some((each) => isForbidden({ a, b, c }, each))) count++;
        expect(countAllowed(space, rules)).toBe(count);
      }),
    );
  });

  it('counts a library of a billion designs under a rule', () => {
    const many = Array.from({ length: 1000 }, (_, at) => `p${at}`);
    const space = new Map(slotIds.map((slot) => [slot, many]));
    expect(countAll(space)).toBe(1e9);
    expect(countAllowed(space, [{ a: ['p1', 'p2'], b: ['p3'] }])).toBe(1e9 - 2 * 1000);
  });

  it('has no design without slots', () => {
    expect(countAllowed(new Map(), [])).toBe(0);
  });
});
