import type { RoundKind } from '../stage.messages';

/** What the Learn stage found. */
export interface LearnResult {
  /** No further explore round is worth it. */
  readonly stop: boolean;
  /** Why it goes on or stops, in one sentence. */
  readonly reason: string;
  readonly best?: { readonly name: string; readonly score: number };
  /** Expected gain of another round, in the objective's unit. */
  readonly worth?: number;
  readonly nextKind: RoundKind;
}

/** The Learn stage's science. */
export interface LearnActivities {
  /** Fits all measurements of the campaign, stores the picks of the next round, or says why to stop. Idempotent per round. */
  learnRound(round: {
    readonly tenantId: string;
    readonly campaignId: string;
    readonly round: number;
    readonly kind: RoundKind;
  }): Promise<LearnResult>;
}
