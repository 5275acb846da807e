import fc from 'fast-check';
import type { OperationStep, PlanStep } from '../../libs/protocol/protocol';
import { cutIntoBlocks, inPass, isSegment, mostPasses, segmentsOf, stepKeyOf } from './protocol-steps';
import { Scope } from './scope';

const operation = (id: string, forEach: string): OperationStep => ({
  id,
  operation: 'seal',
  forEach,
  labware: { plate: forEach },
  with: {},
});
const plan: PlanStep = { id: 'p', plan: 'assembly', inputs: {} };

describe('steps between decisions', () => {
  it('form one segment as long as they work on the same labware variable', () => {
    const steps = [operation('a', 'x'), operation('b', 'x'), operation('c', 'y'), plan, operation('d', 'y')];
    const segments = segmentsOf(steps).map((segment) =>
      isSegment(segment) ? segment.operations.map(({ id }) => id).join('') : segment.id,
    );
    expect(segments).toEqual(['ab', 'c', 'p', 'd']);
  });

  it('are cut into blocks that hold every step once, in order, and none too many', () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { maxLength: 60 }), fc.integer({ min: 1, max: 7 }), (steps, size) => {
        const blocks = cutIntoBlocks(steps, size);
        expect(blocks.flat()).toEqual(steps);
        expect(blocks.every(({ length }, n) => length === size || n === blocks.length - 1)).toBe(true);
        expect(blocks.every(({ length }) => length > 0)).toBe(true);
      }),
    );
  });

  it('refuse blocks without room', () => {
    expect(() => cutIntoBlocks([1], 0)).toThrow(RangeError);
  });
});

describe('a repeat', () => {
  it.each([
    [3, 3],
    [{ value: 2 }, 2],
    [0, undefined],
    [1.5, undefined],
    ['2', undefined],
    [{ campaign: '/build/attempts' }, undefined],
  ])('with max %j takes %j passes at most', (max, passes) => {
    expect(mostPasses(max)).toBe(passes);
  });

  it('numbers its passes in step keys', () => {
    const outside = { prefix: 'r2/build', pass: 1 };
    expect(stepKeyOf(inPass(outside, 'level1', 2), 'assembly')).toBe('r2/build/level1.2/assembly');
    expect(stepKeyOf(outside, 'store')).toBe('r2/build/store');
  });
});

describe('a scope', () => {
  const at = { prefix: 'r1/build', pass: 1 };

  it('makes a chain for each labware instance, each job needing the one before', () => {
    const scope = new Scope();
    scope.learn('p', { labware: { x: ['A', 'B'].map((key) => ({ key, barcode: key })) }, verdicts: {}, summary: '' });
    const chains = scope.chainsOf({ forEach: 'x', operations: [operation('a', 'x'), operation('b', 'x')] }, at);
    expect(chains.map((chain) => chain.map(({ stepKey, needs }) => [stepKey, ...needs]))).toEqual([
      [['r1/build/a/A'], ['r1/build/b/A', 'r1/build/a/A']],
      [['r1/build/a/B'], ['r1/build/b/B', 'r1/build/a/B']],
    ]);
    expect(chains[0]?.[0]?.priorStepKeys).toEqual({ a: 'r1/build/a', b: 'r1/build/b' });
  });

  it('runs once on labware no planner counts, and not at all when a planner made none', () => {
    const scope = new Scope();
    expect(scope.instances('stock')).toEqual(['stock']);
    scope.learn('p', { labware: { x: [] }, verdicts: {}, summary: '' });
    expect(scope.chainsOf({ forEach: 'x', operations: [operation('a', 'x')] }, at)).toEqual([]);
  });

  it('hides what an earlier pass said', () => {
    const scope = new Scope();
    for (const pass of [1, 2]) {
      scope.enter('p', `r1/build/level1.${pass}/p`);
      scope.learn('p', { labware: {}, verdicts: { done: pass === 2 ? 'yes' : 'no' }, summary: '' });
    }
    expect(scope.stepKeys).toEqual({ p: 'r1/build/level1.2/p' });
    expect(scope.verdict('p.done')).toBe('yes');
    expect(scope.verdict('q.done')).toBeUndefined();
  });
});
