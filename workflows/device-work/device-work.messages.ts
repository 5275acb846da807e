import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { JobSettled } from '../../libs/device/job';

/** Jobs of this stage that settled or became unknown; the relay sends what came meanwhile as one list. */
export const jobsSettled = defineSignal<[readonly JobSettled[]]>('jobsSettled');

/** What a person wants done about a job that failed for good. */
export interface JobDecided {
  /** Id of the outbox row. */
  readonly eventId: string;
  readonly stepKey: string;
  readonly attempt: number;
  /** `retry`: dispatch it again; `accept`: go on as if it had succeeded; `give-up`: the stage fails. */
  readonly action: 'retry' | 'accept' | 'give-up';
  readonly reason: string;
}

/** Decisions of people about failed jobs of this stage. */
export const jobsDecided = defineSignal<[readonly JobDecided[]]>('jobsDecided');

/** A lab timer of this stage came due. */
export interface TimerDue {
  /** Id of the outbox row. */
  readonly eventId: string;
  /** Key of the `lab_timer` row, the step key of the job it watches. */
  readonly key: string;
  readonly dueLabAt: string;
}

/** Lab timers of this stage that came due. */
export const timersDue = defineSignal<[readonly TimerDue[]]>('timersDue');

/** What a stage that interprets a protocol is doing. */
export interface StageState {
  readonly step: string;
  readonly paused: boolean;
  /** Jobs queued and not known to have succeeded, with what is known of them. */
  readonly open: Readonly<Record<string, string>>;
}

/** The state of a stage that interprets a protocol. */
export const stageState = defineQuery<StageState>('state');
