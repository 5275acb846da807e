import type { Gate } from './campaign.messages';
import type { RoundKind, StageName } from '../stage.messages';

/** What Learn says at the end of a round. */
export interface Learned {
  readonly stop: boolean;
  readonly reason: string;
  readonly nextKind: RoundKind;
}

/** A round as PostgreSQL knows it. */
export interface RoundProgress {
  readonly number: number;
  readonly kind: RoundKind;
  readonly status: 'running' | 'finished' | 'aborted' | 'failed';
  /** Stages whose result is stored. */
  readonly completed: readonly StageName[];
  /** Result of its learn stage, when there is one. */
  readonly learned?: Learned;
}

/** Where a campaign stands, read when a run of its workflow begins. */
export interface CampaignProgress {
  readonly status: 'submitted' | 'running' | 'paused' | 'finished' | 'aborted' | 'failed';
  readonly maxRounds: number;
  /** Constructs measured again at the end; 0: no confirm round. */
  readonly confirmTop: number;
  /** Gates at which a person must approve, with the role that may. */
  readonly gates: readonly { readonly gate: Gate; readonly role: string }[];
  /** Gates approved already, by round. */
  readonly approved: readonly { readonly gate: Gate; readonly round: number }[];
  readonly rounds: readonly RoundProgress[];
}

/** Facts about the campaign's process. Short, idempotent transactions in PostgreSQL. */
export interface CampaignActivities {
  loadProgress(campaign: { readonly campaignId: string }): Promise<CampaignProgress>;
  /** Makes the round's row, pins its protocols and makes it the current one. */
  openRound(round: { readonly campaignId: string; readonly round: number; readonly kind: RoundKind }): Promise<void>;
  /** Makes a stage the current one. */
  beginStage(stage: { readonly campaignId: string; readonly round: number; readonly stage: StageName }): Promise<void>;
  /** Stores a stage's result: a campaign that starts again does not run the stage again. */
  recordStage(stage: {
    readonly campaignId: string;
    readonly round: number;
    readonly stage: StageName;
    readonly result: unknown;
  }): Promise<void>;
  closeRound(round: {
    readonly campaignId: string;
    readonly round: number;
    readonly status: 'finished' | 'aborted' | 'failed';
    readonly reason: string;
  }): Promise<void>;
  /** Says that a person must approve, and confirms messages. */
  openGate(gate: {
    readonly campaignId: string;
    readonly round: number;
    readonly gate: Gate;
    readonly handledEventIds: readonly string[];
  }): Promise<void>;
  /** The gate waits no longer. */
  passGate(gate: { readonly campaignId: string; readonly round: number; readonly gate: Gate }): Promise<void>;
  /** Pauses (nothing is leased any more) or resumes, and confirms messages. */
  setPaused(campaign: {
    readonly campaignId: string;
    readonly paused: boolean;
    readonly reason: string;
    readonly handledEventIds: readonly string[];
  }): Promise<void>;
  /** Confirms messages by which nothing changes. */
  confirmMessages(messages: { readonly handledEventIds: readonly string[] }): Promise<void>;
  /** Ends the campaign: status, outcome, open jobs withdrawn, messages confirmed; an incident when it failed. */
  closeCampaign(campaign: {
    readonly campaignId: string;
    readonly status: 'finished' | 'aborted' | 'failed';
    readonly reason: string;
    /** Code of the refusal that made it fail. */
    readonly code?: string;
    readonly handledEventIds: readonly string[];
  }): Promise<void>;
}
