import { generatorFor } from '../random/generator';
import type { FirstRoundRequest } from './first-round';
import { chooseFirstRound } from './first-round';
import { designSpace } from './space';
import { library } from './two-colour.fixture';

const space = designSpace(library);
const request = (changes: Partial<FirstRoundRequest> = {}): FirstRoundRequest => ({
  space,
  count: 24,
  strategy: 'maximin',
  mustInclude: [],
  feasible: () => true,
  generator: generatorFor('round', 1),
  ...changes,
});
const distance = (a: number, b: number): number => {
  const other = space.levelsAt(b);
  return space.levelsAt(a).filter((level, slot) => level !== other[slot]).length;
};
const meanNearest = (indices: readonly number[]): number =>
  indices.reduce((sum, a) => sum + Math.min(...indices.filter((b) => b !== a).map((b) => distance(a, b))), 0) /
  indices.length;

describe('chooseFirstRound', () => {
  it.each(['maximin', 'random'] as const)(
    '%s chooses distinct feasible designs, the same ones for a seed',
    (strategy) => {
      const feasible = (index: number): boolean => index % 3 !== 0;
      const chosen = chooseFirstRound(request({ strategy, feasible }));
      expect(new Set(chosen).size).toBe(24);
      expect(chosen.every(feasible)).toBe(true);
      expect(chooseFirstRound(request({ strategy, feasible }))).toEqual(chosen);
      expect(chooseFirstRound(request({ strategy, feasible, generator: generatorFor('round', 2) }))).not.toEqual(
        chosen,
      );
    },
  );

  it.each([1, 2, 3, 4])('spreads designs wider than chance (seed %i)', (seed) => {
    const generator = () => generatorFor('round', seed);
    const spread = chooseFirstRound(request({ generator: generator() }));
    const random = chooseFirstRound(request({ strategy: 'random', generator: generator() }));
    expect(meanNearest(spread)).toBeGreaterThan(meanNearest(random));
  });

  it('uses the options of every slot nearly equally often', () => {
    const chosen = chooseFirstRound(request()).map((index) => space.levelsAt(index));
    space.radices.forEach((radix, slot) => {
      const uses = Array.from(
        { length: radix },
        (_, level) => chosen.filter((levels) => levels[slot] === level).length,
      );
      expect(Math.max(...uses) - Math.min(...uses)).toBeLessThanOrEqual(2);
    });
  });

  it('begins with the designs that must be included and keeps away from them', () => {
    const mustInclude = [space.designAt(7), space.designAt(100)];
    const chosen = chooseFirstRound(request({ mustInclude, count: 3 }));
    expect(chosen.slice(0, 2)).toEqual([7, 100]);
    expect(distance(chosen[2] as number, 7)).toBeGreaterThanOrEqual(3);
  });

  it('respects the rules of the library', () => {
    const rules = [{ forbid: { P1: ['J23100_AB', 'J23102_AB', 'J23103_AB', 'J23106_AB'] }, reason: 'none' }];
    const ruled = designSpace({ ...library, rules });
    const chosen = chooseFirstRound(request({ space: ruled }));
    expect(chosen.every((index) => ruled.designAt(index)['P1'] === 'R0063_AB')).toBe(true);
  });

  it('samples a space too large to list', () => {
    const huge = designSpace({
      ...library,
      slots: Array.from({ length: 8 }, (_, at) => ({
        ...(library.slots[0] as (typeof library.slots)[number]),
        id: `s${at}`,
        options: Array.from({ length: 50 }, (_unused, level) => `o${level}`),
      })),
    });
    const chosen = chooseFirstRound(request({ space: huge, count: 10 }));
    expect(new Set(chosen).size).toBe(10);
  });

  it.each([
    ['more designs than are feasible', { count: 5, feasible: (index: number) => index < 4 }, 'batch-exceeds-space'],
    [
      'a round shorter than what it must include',
      { count: 1, mustInclude: [7, 8].map(space.designAt) },
      'too-few-runs',
    ],
    [
      'a required design that cannot be built',
      { mustInclude: [space.designAt(7)], feasible: () => false },
      'design-impossible',
    ],
  ])('refuses %s', (_, changes, code) => {
    expect(() => chooseFirstRound(request(changes))).toThrow(expect.objectContaining({ code }));
  });
});
