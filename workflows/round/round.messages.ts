import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { Gate } from '../campaign/campaign.messages';
import type { CampaignRef, RoundKind, StageName } from '../stage.messages';

/** Input of a round workflow. */
export interface RoundInput extends CampaignRef {
  readonly round: number;
  readonly kind: RoundKind;
  readonly paused: boolean;
  /** Stages that are in PostgreSQL already; they are not run again. */
  readonly completed: readonly StageName[];
  /** Gates inside the round at which a person must approve. */
  readonly gates: readonly Gate[];
  readonly unhandled: readonly string[];
}

/** What a round hands to its campaign; its facts are in PostgreSQL. */
export interface RoundOutcome {
  readonly unhandled: readonly string[];
}

/** A person approved a gate; sent by the campaign. */
export const gateApproved =
  defineSignal<[{ readonly gate: Gate; readonly eventIds: readonly string[] }]>('gateApproved');

/** What a round is doing. */
export interface RoundState {
  readonly round: number;
  readonly kind: RoundKind;
  readonly stage?: StageName;
  readonly waitingFor?: Gate;
  readonly paused: boolean;
}

/** The round's state. */
export const roundState = defineQuery<RoundState>('state');
