/** What the Test stage did. */
export interface Tested {
  /** Constructs with a value. */
  readonly measured: number;
  /** Constructs held because of a plate's controls. */
  readonly held: number;
  readonly wells: number;
}

/** The Test stage's science; its protocol and planners come from `build.activities.ts`. */
export interface TestActivities {
  /** Settles every construct of the round as measured or held. Idempotent. */
  closeTest(round: { readonly tenantId: string; readonly campaignId: string; readonly round: number }): Promise<Tested>;
}
