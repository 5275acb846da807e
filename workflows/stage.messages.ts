import { defineSignal } from '@temporalio/workflow';

/** The four stages of a round, in order. */
export const stageNames = ['design', 'build', 'test', 'learn'] as const;

/** One of the four stages. */
export type StageName = (typeof stageNames)[number];

/** Whether a round looks for better constructs or measures the best again. */
export type RoundKind = 'explore' | 'confirm';

/** Which campaign; the part of every workflow input that never changes. */
export interface CampaignRef {
  readonly tenantId: string;
  /** Tenant slug. */
  readonly tenant: string;
  readonly siteId: string;
  /** Site slug. */
  readonly site: string;
  readonly campaignId: string;
  readonly slug: string;
  /** Name of the person who submitted it. */
  readonly owner: string;
  readonly title: string;
  /** ISO date of the budget's deadline. */
  readonly deadline?: string;
}

/** Input of a stage workflow. */
export interface StageInput extends CampaignRef {
  readonly round: number;
  readonly kind: RoundKind;
  readonly paused: boolean;
  /** Ids of outbox rows that this stage confirms when it first waits, or hands back. */
  readonly unhandled: readonly string[];
}

/** What a stage hands to its round. */
export interface StageOutcome<Result> {
  readonly result: Result;
  /** Ids of outbox rows the stage could not confirm: it never waited again. */
  readonly unhandled: readonly string[];
}

/** Pause or resume, forwarded from campaign to round to stage. */
export interface Steering {
  readonly paused: boolean;
  /** Ids of outbox rows to confirm when its consequences are written down. */
  readonly eventIds: readonly string[];
}

/** Tells a running round or stage to pause or to go on. */
export const steer = defineSignal<[Steering]>('steer');
