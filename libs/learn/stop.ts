import type { Budget, StopRule } from '../campaign/campaign';

/** What the decision to go on knows of one finished round. */
export interface FinishedRound {
  readonly round: number;
  /** Best measured score of this round; undefined when nothing was measured. */
  readonly bestScore?: number;
  readonly constructsProposed: number;
  readonly constructsBuilt: number;
}

/** The campaign so far. */
export interface CampaignHistory {
  /** In order, the last finished round last. */
  readonly rounds: readonly FinishedRound[];
  /** Minor units of the budget's currency. */
  readonly spentMinor?: number;
  /** ISO date or date-time (lab time), compared with the budget's deadline. */
  readonly now?: string;
}

export interface StopQuestion {
  readonly stopRules: readonly StopRule[];
  readonly budget: Budget;
  readonly history: CampaignHistory;
}

/** Whether to stop, which rule says so, and a sentence for people. */
export interface StopDecision {
  readonly stop: boolean;
  readonly rule: StopRule['kind'] | 'none';
  readonly reason: string;
  /** Best measured score of all rounds. */
  readonly bestScore?: number;
}

/**
 * Decides after a round whether the campaign goes on. Rules are asked in their order and the first that bites is the reason;
 * the number of rounds is a limit of the budget and bites whether or not a rule names it.
 */
export function shouldStop({ stopRules, budget, history }: StopQuestion): StopDecision {
  const bestScore = bestUpTo(history, history.rounds.length);
  const best = bestScore === undefined ? {} : { bestScore };
  for (const rule of stopRules) {
    const reason = reasonOf(rule, budget, history, bestScore);
    if (reason) return { stop: true, rule: rule.kind, reason, ...best };
  }
  if (history.rounds.length >= budget.maxRounds) {
    return { stop: true, rule: 'budget-exhausted', reason: roundsUsed(budget, history), ...best };
  }
  return { stop: false, rule: 'none', reason: 'no stop rule bites', ...best };
}

function reasonOf(
  rule: StopRule,
  budget: Budget,
  history: CampaignHistory,
  bestScore: number | undefined,
): string | undefined {
  switch (rule.kind) {
    case 'objective-met':
      if (bestScore === undefined || bestScore < rule.score) return undefined;
      return `objective met: best score ${short(bestScore)} reached ${short(rule.score)}`;
    case 'plateau':
      return plateau(history, rule.rounds, rule.minGain);
    case 'budget-exhausted':
      return budgetExhausted(budget, history);
    case 'build-success-below':
      return buildFailed(history, rule.fraction);
  }
}

/** The best score gained less than `minGain` (in units of the score) over the last `rounds` rounds. */
function plateau(history: CampaignHistory, rounds: number, minGain: number): string | undefined {
  const finished = history.rounds.length;
  if (finished <= rounds) return undefined;
  const before = bestUpTo(history, finished - rounds);
  const after = bestUpTo(history, finished);
  if (before === undefined || after === undefined || after - before >= minGain) return undefined;
  return `plateau: the best score gained ${short(after - before)} in the last ${rounds} rounds, less than ${short(minGain)}`;
}

function budgetExhausted(budget: Budget, history: CampaignHistory): string | undefined {
  if (history.rounds.length >= budget.maxRounds) return roundsUsed(budget, history);
  if (budget.maxMinor !== undefined) {
    const left = budget.maxMinor - (history.spentMinor ?? 0);
    const needed = Math.max(1, budget.constructsPerRound * (budget.perConstructMinor ?? 0));
    if (left < needed)
      return `budget exhausted: ${left} ${budget.currency} minor units left, one round needs ${needed}`;
  }
  if (budget.deadline !== undefined && history.now !== undefined) {
    const past = Date.parse(history.now) > endOfDeadline(budget.deadline);
    if (past) return `budget exhausted: the deadline ${budget.deadline} has passed`;
  }
  return undefined;
}

/** A date lasts until its day is over; a date-time is exact. */
function endOfDeadline(deadline: string): number {
  const at = Date.parse(deadline);
  return /^\d{4}-\d{2}-\d{2}$/.test(deadline) ? at + 86_399_999 : at;
}

function buildFailed(history: CampaignHistory, fraction: number): string | undefined {
  const last = history.rounds.at(-1);
  if (!last || last.constructsProposed === 0) return undefined;
  const share = last.constructsBuilt / last.constructsProposed;
  if (share >= fraction) return undefined;
  return `build success ${last.constructsBuilt} of ${last.constructsProposed} in round ${last.round} is below ${short(fraction)}`;
}

function roundsUsed(budget: Budget, history: CampaignHistory): string {
  return `budget exhausted: ${history.rounds.length} of ${budget.maxRounds} rounds are done`;
}

function bestUpTo(history: CampaignHistory, rounds: number): number | undefined {
  const scores = history.rounds.slice(0, rounds).flatMap(({ bestScore }) => bestScore ?? []);
  return scores.length > 0 ? Math.max(...scores) : undefined;
}

function short(value: number): string {
  return Number(value.toPrecision(4)).toString();
}
