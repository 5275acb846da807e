import type { Budget, StopRule } from '../campaign/campaign';
import type { CampaignHistory, FinishedRound } from './stop';
import { shouldStop } from './stop';

const budget: Budget = { maxRounds: 6, constructsPerRound: 20, confirmTop: 2, currency: 'GBP' };
const round = (n: number, bestScore?: number, constructsBuilt = 20): FinishedRound => ({
  round: n,
  ...(bestScore === undefined ? {} : { bestScore }),
  constructsProposed: 20,
  constructsBuilt,
});
const scores = (...values: (number | undefined)[]): CampaignHistory => ({
  rounds: values.map((value, i) => round(i + 1, value)),
});
const met: StopRule = { kind: 'objective-met', score: 10 };
const plateau: StopRule = { kind: 'plateau', rounds: 2, minGain: 0.5 };
const money: Budget = { ...budget, maxMinor: 10_000, perConstructMinor: 100 };

it.each<[string, StopRule[], Budget, CampaignHistory, string]>([
  ['goes on before anything was measured', [met, plateau], budget, { rounds: [] }, 'none'],
  ['goes on below the objective', [met], budget, scores(3, 9.9), 'none'],
  ['stops when the objective is met', [met], budget, scores(3, 10), 'objective-met'],
  ['stops when an earlier round met the objective', [met], budget, scores(11, 4), 'objective-met'],
  ['goes on while scores rise', [plateau], budget, scores(1, 2, 3), 'none'],
  ['stops on a plateau', [plateau], budget, scores(1, 3, 3.2, 3.4), 'plateau'],
  ['stops when later rounds are worse than the best so far', [plateau], budget, scores(5, 2, 4), 'plateau'],
  ['does not call two rounds a plateau of two', [plateau], budget, scores(3, 3), 'none'],
  ['goes on when the gain is exactly enough', [plateau], budget, scores(3, 3, 3.5), 'none'],
  ['does not see a plateau before the first value', [plateau], budget, scores(undefined, 3, 3), 'none'],
  ['stops after the last round even without a rule', [], budget, scores(1, 2, 3, 4, 5, 6), 'budget-exhausted'],
  ['stops after the last round', [{ kind: 'budget-exhausted' }], budget, scores(1, 2, 3, 4, 5, 6), 'budget-exhausted'],
  [
    'stops when the money does not pay another round',
    [{ kind: 'budget-exhausted' }],
    money,
    { ...scores(1), spentMinor: 8001 },
    'budget-exhausted',
  ],
  ['goes on when it just does', [{ kind: 'budget-exhausted' }], money, { ...scores(1), spentMinor: 8000 }, 'none'],
  [
    'lasts through the day of the deadline',
    [{ kind: 'budget-exhausted' }],
    { ...budget, deadline: '2026-03-01' },
    { ...scores(1), now: '2026-03-01T18:00:00Z' },
    'none',
  ],
  [
    'stops after the deadline',
    [{ kind: 'budget-exhausted' }],
    { ...budget, deadline: '2026-03-01' },
    { ...scores(1), now: '2026-03-02T00:00:00Z' },
    'budget-exhausted',
  ],
  [
    'stops when too few constructs were built',
    [{ kind: 'build-success-below', fraction: 0.5 }],
    budget,
    { rounds: [round(1, 1), round(2, 1, 9)] },
    'build-success-below',
  ],
  [
    'forgives an earlier bad round',
    [{ kind: 'build-success-below', fraction: 0.5 }],
    budget,
    { rounds: [round(1, 1, 2), round(2, 1, 10)] },
    'none',
  ],
  [
    'names the budget when it comes first',
    [{ kind: 'budget-exhausted' }, met],
    budget,
    scores(1, 2, 3, 4, 5, 12),
    'budget-exhausted',
  ],
  ['names the first rule that bites', [plateau, met], budget, scores(12, 12, 12), 'plateau'],
])('%s', (_, stopRules, limits, history, rule) => {
  const decision = shouldStop({ stopRules, budget: limits, history });
  expect(decision).toMatchObject({ rule, stop: rule !== 'none' });
  expect(decision.reason).not.toBe('');
});

it('reports the best score of all rounds', () => {
  expect(shouldStop({ stopRules: [met], budget, history: scores(11, 4) }).bestScore).toBe(11);
});
