import type { DispatchStateSeen, FailureFacts } from '../../libs/device/job';
import type { OperationStep } from '../../libs/protocol/protocol';
import type { StageName } from '../stage.messages';

/** Which stage of which campaign an activity works for. */
export interface StageRef {
  readonly tenantId: string;
  readonly siteId: string;
  readonly campaignId: string;
  readonly round: number;
  readonly stage: StageName;
}

/** One operation on one labware instance: a job to be. */
export interface OperationRun {
  /** `r2/build/level1.1/dispense/<labware key>` */
  readonly stepKey: string;
  readonly step: OperationStep;
  /** Key of the instance of `step.forEach` it runs for. */
  readonly labwareKey: string;
  /** Step ids in scope → step keys, of plans and of operations (without labware key); inner passes hide outer ones. */
  readonly priorStepKeys: Readonly<Record<string, string>>;
  /** Step keys of jobs that must succeed first. */
  readonly needs: readonly string[];
  /** Last of its block: its success is told to the workflow. */
  readonly tellsSuccess: boolean;
}

/** What a workflow knows of a job. */
export interface JobSeen extends FailureFacts {
  readonly stepKey: string;
  readonly jobId: string;
  readonly attempt: number;
  readonly state: DispatchStateSeen;
  readonly problem?: string;
  /** Doing it twice harms nothing. */
  readonly repeatable: boolean;
  /** It has a worklist: a retry is planned from what the ledger says. */
  readonly movesLiquid: boolean;
}

/** What to do about a failed job, and which messages are handled by it. */
export interface JobRef extends StageRef {
  readonly stepKey: string;
  /** The attempt that failed or was withdrawn. */
  readonly attempt: number;
  readonly handledEventIds: readonly string[];
  /** A person decided it: the window in which the system may repeat by itself does not matter. */
  readonly decided?: true;
}

/** Key of the lab timer that ends the wait for evidence about an attempt. */
export const evidenceTimer = (stepKey: string, attempt: number): string => `evidence/${attempt}/${stepKey}`;

/** Device work as stage workflows ask for it. All are local activities: short, idempotent transactions in PostgreSQL. */
export interface DeviceWorkActivities {
  /** Queues operations in one transaction and confirms messages; answers the present state of each, new or not. */
  queueBlock(
    block: StageRef & {
      readonly blockKey: string;
      readonly operations: readonly OperationRun[];
      readonly handledEventIds: readonly string[];
    },
  ): Promise<JobSeen[]>;
  /** Dispatches a job again with the same content; refused outside its window unless a person decided it. */
  repeatJob(job: JobRef): Promise<JobSeen>;
  /** Plans the transfers that are left and dispatches them; releases the successors when nothing is left to do. */
  retryJob(job: JobRef): Promise<JobSeen>;
  /** Goes on as if a failed job had succeeded: releases its successors. */
  acceptJob(job: JobRef & { readonly reason: string }): Promise<JobSeen>;
  /** Withdraws jobs that have not started. */
  withdrawJobs(
    jobs: StageRef & {
      readonly stepKeys: readonly string[];
      readonly reason: string;
      readonly handledEventIds: readonly string[];
    },
  ): Promise<void>;
  /** Confirms messages by which nothing is to be queued. */
  rest(messages: StageRef & { readonly handledEventIds: readonly string[] }): Promise<void>;
  /** Sets the lab timer that ends the wait for evidence about an unknown attempt, and confirms messages. */
  awaitEvidence(job: JobRef): Promise<void>;
  /**
   * Opens an incident about a job that needs a person, once per job and attempt, and confirms messages. About an unknown one
   * there is an incident already: it says the message, too.
   */
  askPerson(job: JobRef & { readonly message: string }): Promise<void>;
  /** Opens an incident about a job that has not started in time, once per timer, and confirms the timer's message. */
  reportOverdue(
    timer: StageRef & { readonly key: string; readonly dueLabAt: string; readonly handledEventIds: readonly string[] },
  ): Promise<void>;
}
