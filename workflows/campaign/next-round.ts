import type { CampaignProgress } from './campaign.activities';
import type { RoundKind, StageName } from '../stage.messages';

/** The round to run next, or why there is none. */
export type NextRound =
  | {
      readonly number: number;
      readonly kind: RoundKind;
      /** Stages that are done already: the round was begun before. */
      readonly completed: readonly StageName[];
      /** No row of the round exists yet. */
      readonly fresh: boolean;
    }
  | { readonly finished: string };

/**
 * What comes after the rounds PostgreSQL knows: the open one is gone on with; explore rounds follow one another until Learn
 * stops or the budget's rounds are used; then the best are measured once more.
 */
export function nextRound({ rounds, maxRounds, confirmTop }: CampaignProgress): NextRound {
  const last = rounds.at(-1);
  if (!last) return { number: 1, kind: 'explore', completed: [], fresh: true };
  if (last.status === 'running')
    return { number: last.number, kind: last.kind, completed: last.completed, fresh: false };
  const explored = rounds.filter(({ kind }) => kind === 'explore');
  const learned = explored.at(-1)?.learned;
  const why = learned?.stop ? learned.reason : `all ${explored.length} explore rounds are done`;
  if (last.kind === 'confirm') return { finished: why };
  const enough = learned?.stop === true || learned?.nextKind === 'confirm' || explored.length >= maxRounds;
  const number = last.number + 1;
  if (!enough) return { number, kind: 'explore', completed: [], fresh: true };
  return confirmTop > 0 ? { number, kind: 'confirm', completed: [], fresh: true } : { finished: why };
}
