import type { DispatchStateSeen } from '../../libs/device/job';
import { nextMove } from './next-move';
import type { Move } from './next-move';

const liquid = { repeatable: false, movesLiquid: true, evidenceOver: false };
const harmless = { repeatable: true, movesLiquid: false, evidenceOver: false };
const delicate = { repeatable: false, movesLiquid: false, evidenceOver: false };

describe('the next move about a job', () => {
  it.each<[DispatchStateSeen, number, typeof liquid, Move]>([
    ['failed', 1, liquid, 'retry'],
    ['failed', 2, harmless, 'repeat'],
    ['failed', 1, delicate, 'ask'],
    ['failed', 3, liquid, 'ask'],
    ['failed', 3, harmless, 'ask'],
    ['unknown', 1, liquid, 'wait'],
    ['unknown', 1, delicate, 'wait'],
    ['unknown', 1, harmless, 'seek'],
    ['unknown', 1, { ...harmless, evidenceOver: true }, 'repeat'],
    ['unknown', 3, { ...harmless, evidenceOver: true }, 'wait'],
    ['withdrawn', 1, liquid, 'retry'],
    ['withdrawn', 1, delicate, 'repeat'],
    ['withdrawn', 6, delicate, 'ask'],
    ['started', 1, harmless, 'wait'],
    ['succeeded', 1, harmless, 'wait'],
  ])('in state %s at attempt %i with %j is to %s', (state, attempt, facts, move) => {
    expect(nextMove({ state, attempt }, facts)).toBe(move);
  });

  it.each([
    ['a person said it did not happen', { verdict: 'did-not' }, delicate, 'repeat'],
    ['a person said that the transfers did not happen', { verdict: 'did-not' }, liquid, 'retry'],
    ['a person said it happened partly', { verdict: 'partly' }, delicate, 'ask'],
    ['a course broke off and left a file', { partialFile: true }, delicate, 'salvage'],
  ] as const)('is decided when %s', (_what, known, facts, move) => {
    expect(nextMove({ state: 'failed', attempt: 3, ...known }, facts)).toBe(move);
  });
});
