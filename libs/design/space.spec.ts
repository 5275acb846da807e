import fc from 'fast-check';
import type { Library, Rule, Slot } from '../campaign/campaign';
import { designSpace, mainEffectParameters } from './space';

const slot = (id: string, count: number): Slot => ({
  id,
  role: 'SO:0000167',
  position: ['A', 'B'],
  options: Array.from({ length: count }, (_, level) => `${id}${level}`),
});
const libraryOf = (slots: readonly Slot[], rules: readonly Rule[] = []): Library => ({
  collection: { id: 'any', version: '1' },
  slots,
  rules,
  mustInclude: [],
});
const small = libraryOf([slot('a', 3), slot('b', 1), slot('c', 4)]);

describe('designSpace', () => {
  it('numbers the designs with the last slot fastest', () => {
    const space = designSpace(small);
    expect([space.size, space.radices]).toEqual([12, [3, 1, 4]]);
    expect([0, 1, 4, 11].map((index) => Object.values(space.designAt(index)).join(' '))).toEqual([
      ...['a0 b0 c0', 'a0 b0 c1', 'a1 b0 c0', 'a2 b0 c3'],
    ]);
  });

  it('turns an index into a design and back, in spaces far too large to list', () => {
    const space = designSpace(libraryOf(Array.from({ length: 10 }, (_, at) => slot(`s${at}x`, 30))));
    expect(space.size).toBe(30 ** 10);
    fc.assert(
      fc.property(fc.maxSafeNat(), (draw) => {
        const index = draw % space.size;
        expect(space.indexOf(space.designAt(index))).toBe(index);
      }),
    );
  });

  it('lets a rule bite only where every slot it names holds one of its parts', () => {
    const rule = { forbid: { a: ['a0', 'a1'], c: ['c3'] }, reason: 'toxic' };
    const space = designSpace(libraryOf(small.slots, [rule]));
    const forbidden = Array.from({ length: 12 }, (_, index) => index).filter((index) => !space.allowed(index));
    expect(forbidden).toEqual([3, 7]);
    expect(space.forbiddenBy(3)).toBe(rule);
    expect(space.countAllowed()).toBe(10);
  });

  it('counts the allowed designs of a large space exactly, overlapping rules included', () => {
    const rules = [
      { forbid: { a: ['a0'] }, reason: 'one' },
      { forbid: { b: ['b0', 'b1'] }, reason: 'two' },
      { forbid: { a: ['a0', 'a1'], c: ['c5'] }, reason: 'three' },
    ];
    const space = designSpace(libraryOf([slot('a', 40), slot('b', 300), slot('c', 200)], rules));
    // not (a0), not (b0, b1), and not (a1 with c5)
    expect(space.countAllowed()).toBe(39 * 298 * 200 - 298);
  });

  it.each([
    ['no slot', libraryOf([]), /no design/],
    ['a slot without option', libraryOf([slot('a', 0)]), /no design/],
    ['an option listed twice', libraryOf([{ ...slot('a', 1), options: ['x', 'x'] }]), /"x" is listed twice/],
    ['a rule on a missing slot', libraryOf([slot('a', 2)], [{ forbid: { z: [] }, reason: '' }]), /slot "z"/],
    ['a rule on a missing part', libraryOf([slot('a', 2)], [{ forbid: { a: ['aO'] }, reason: '' }]), /did you mean a0/],
    ['more designs than can be numbered', libraryOf(Array.from({ length: 9 }, (_, i) => slot(`s${i}`, 99))), /2\^53/],
  ])('refuses %s', (_, library, message) => expect(() => designSpace(library)).toThrow(message));

  it.each([-1, 12, 1.5])('refuses the index %d', (index) => {
    expect(() => designSpace(small).designAt(index)).toThrow(/expected 0 to 11/);
  });

  it('refuses a design with an empty slot or a part that is no option', () => {
    expect(() => designSpace(small).indexOf({ a: 'a0', b: 'b0' })).toThrow(/no slot "c"/);
    expect(() => designSpace(small).indexOf({ a: 'a0', b: 'b0', c: 'c9' })).toThrow(/not an option of slot c/);
  });

  it('counts the parameters of the main-effects model', () => expect(mainEffectParameters(small)).toBe(6));
});
