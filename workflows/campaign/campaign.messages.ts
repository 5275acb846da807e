import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { CampaignRef, RoundKind, StageName } from '../stage.messages';

/** Workflow type of a campaign, as the relay starts it. */
export const campaignWorkflowType = 'campaign';

/** Id of a campaign's workflow; ids of its rounds and stages begin with it. */
export const campaignWorkflowId = (tenant: string, slug: string): string => `campaign/${tenant}/${slug}`;

/** Id of a round's workflow. */
export const roundWorkflowId = (tenant: string, slug: string, round: number): string =>
  `${campaignWorkflowId(tenant, slug)}/r${round}`;

/** Id of a stage's workflow. */
export const stageWorkflowId = (tenant: string, slug: string, round: number, stage: StageName): string =>
  `${roundWorkflowId(tenant, slug, round)}/${stage}`;

/** Input of the campaign workflow; one run of it is one round. */
export interface CampaignInput extends CampaignRef {
  /** Grows when the campaign starts again from PostgreSQL. */
  readonly epoch: number;
  /** Ids of outbox rows whose consequences are still to be written down. */
  readonly unhandled: readonly string[];
  /** Ids of decisions that earlier runs have applied. */
  readonly handledDecisions: readonly string[];
  readonly paused?: boolean;
}

/** How a campaign ended. */
export interface CampaignOutcome {
  readonly status: 'finished' | 'aborted' | 'failed';
  readonly reason: string;
  readonly rounds: number;
}

/** Gates at which a round may wait for a person. */
export type Gate = 'next-round' | 'build-release';

/** A person's decision about the process, as the relay sends it. Its `updateId` is the decision's id. */
export interface Decision {
  readonly decisionId: string;
  /** Id of the outbox row that carries it. */
  readonly eventId: string;
  readonly kind: 'approve' | 'pause' | 'resume' | 'abort';
  readonly gate?: Gate;
  readonly reason: string;
  /** Name and roles of who decided. */
  readonly by: string;
  readonly roles: readonly string[];
}

/** What a decision did. */
export interface DecisionApplied {
  /** One line for people. */
  readonly effect: string;
  /** Round it applies to. */
  readonly round: number;
  /** It had been applied before; nothing happened. */
  readonly repeated?: true;
}

/** Applies a decision. The validator refuses with the code of a DomainError as failure type. */
export const decide = defineUpdate<DecisionApplied, [Decision]>('decide');

/** Sent by a round that has reached a gate. */
export const gateReached = defineSignal<[{ readonly gate: Gate; readonly round: number }]>('gateReached');

/** Sent by a round when a stage begins. */
export const stageBegan = defineSignal<[{ readonly stage: StageName; readonly round: number }]>('stageBegan');

/** What a campaign is doing. */
export interface CampaignState {
  readonly status: 'running' | 'paused' | 'aborting' | 'over';
  readonly epoch: number;
  readonly round: number;
  readonly kind?: RoundKind;
  readonly stage?: StageName;
  readonly waitingFor: readonly { readonly gate: Gate; readonly role: string }[];
  /** One line for people. */
  readonly line: string;
}

/** The campaign's state; stages and rounds answer a query of the same name. */
export const campaignState = defineQuery<CampaignState>('state');
