/** One movement the lab really made, from its motion log. */
export interface LoggedTransfer {
  readonly dispatchId: string;
  readonly jobId: string;
  readonly ordinal: number;
}

/** A worklist the lab was given: the ordinals it asks for. */
export interface GivenWorklist {
  readonly dispatchId: string;
  readonly jobId: string;
  readonly ordinals: readonly number[];
}

export interface TransferScore {
  /** Transfers asked for, each once per job however many dispatches asked for it. */
  readonly transfersPlanned: number;
  /** Of those, the ones that happened at least once. */
  readonly transfersDone: number;
  /** Transfers that happened more than once. */
  readonly transfersDoubled: number;
  /** Transfers that happened without any worklist asking for them. */
  readonly transfersUnplanned: number;
}

/**
 * Compares what was asked for with what happened. A transfer is (job, ordinal): a retry of a job keeps the ordinals of what it
 * still has to do, so that doing one twice shows, whichever dispatch did it.
 */
export function scoreTransfers(given: readonly GivenWorklist[], made: readonly LoggedTransfer[]): TransferScore {
  const planned = new Set(
    given.flatMap((worklist) => worklist.ordinals.map((ordinal) => `${worklist.jobId}/${ordinal}`)),
  );
  const counts = new Map<string, number>();
  for (const { jobId, ordinal } of made) {
    const key = `${jobId}/${ordinal}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return {
    transfersPlanned: planned.size,
    transfersDone: [...counts.keys()].filter((key) => planned.has(key)).length,
    transfersDoubled: [...counts.values()].filter((count) => count > 1).length,
    transfersUnplanned: [...counts.keys()].filter((key) => !planned.has(key)).length,
  };
}
