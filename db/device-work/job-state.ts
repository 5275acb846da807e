import type { DispatchState } from '../../libs/device/transitions';

/** A job as the workflow that asked for it sees it: the state is that of its latest dispatch. */
export interface JobState {
  readonly stepKey: string;
  readonly jobId: string;
  readonly dispatchId: string;
  /** Of the latest dispatch, counted from 1. */
  readonly attempt: number;
  readonly state: DispatchState;
  /** What went wrong, for people. */
  readonly problem?: string;
}

/** A row of the SQL function `job_states`. */
export type JobStateRow = Omit<JobState, 'problem'> & { readonly problem: string | null };

/** Drops the empty problem of a row. */
export const toJobState = ({ problem, ...state }: JobStateRow): JobState =>
  problem === null ? state : { ...state, problem };
