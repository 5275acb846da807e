import type { RoundKind } from '../stage.messages';

/** What the Design stage did. */
export interface Designed {
  /** Designs frozen for this round. */
  readonly designs: number;
  /** Candidates refused by the screen. */
  readonly refused: number;
  /** One line for people. */
  readonly summary: string;
}

/** The Design stage's science. */
export interface DesignActivities {
  /**
   * Freezes the designs of a round: the first from the library, later ones from what Learn picked, a confirm round's from the
   * best measured. Idempotent per round.
   */
  chooseDesigns(round: {
    readonly tenantId: string;
    readonly campaignId: string;
    readonly round: number;
    readonly kind: RoundKind;
  }): Promise<Designed>;
}
