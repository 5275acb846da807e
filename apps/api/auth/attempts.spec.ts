import { Attempts } from './attempts';

describe('attempts', () => {
  let now = 0;
  let attempts: Attempts;
  beforeEach(() => {
    now = 5_000;
    attempts = new Attempts({ perAddress: 2, overall: 3, windowMs: 1_000 }, () => now);
  });

  it('makes an address wait for the end of the window after its failures', () => {
    attempts.failed('a');
    expect(attempts.waitMs('a')).toBe(0);
    now += 400;
    attempts.failed('a');
    expect([attempts.waitMs('a'), attempts.waitMs('b')]).toEqual([600, 0]);
    now += 600;
    expect(attempts.waitMs('a')).toBe(0);
  });

  it('makes everyone wait when many addresses fail', () => {
    for (const address of ['a', 'b', 'c']) attempts.failed(address);
    expect(attempts.waitMs('d')).toBe(1_000);
  });

  it('begins each window without failures', () => {
    attempts.failed('a');
    now += 1_000;
    attempts.failed('a');
    expect(attempts.waitMs('a')).toBe(0);
  });
});
