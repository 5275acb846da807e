import type { KnownJob } from './inbox';

/** Attempts the system makes at a job before a person is asked. */
export const mostAttempts = 3;

/** What to do about a job that did not succeed. */
export type Move = 'wait' | 'seek' | 'repeat' | 'retry' | 'salvage' | 'ask';

/** What a move is decided by, beside the job's state. */
export interface MoveFacts {
  /** Doing it twice harms nothing. */
  readonly repeatable: boolean;
  readonly movesLiquid: boolean;
  /** The time to wait for evidence about the present attempt is over. */
  readonly evidenceOver: boolean;
}

/**
 * What the interpreter does about a job: nothing while it may still move. An unknown one waits for evidence or a person; if it
 * is repeatable, only for a while. One withdrawn before its start is dispatched again. Of a failed one what is left is planned
 * when it moves liquid, the same is done again when it is repeatable, else a person decides. A person who said that it did not
 * happen has decided. A broken course of measurements that left a file is not measured again: the file is judged as it is.
 */
export function nextMove(job: KnownJob, facts: MoveFacts): Move {
  switch (job.state) {
    case 'withdrawn':
      if (job.attempt >= 2 * mostAttempts) return 'ask';
      return facts.movesLiquid ? 'retry' : 'repeat';
    case 'unknown':
      if (!facts.repeatable || job.attempt >= mostAttempts) return 'wait';
      return facts.evidenceOver ? 'repeat' : 'seek';
    case 'failed':
      if (job.partialFile) return 'salvage';
      if (job.verdict === 'did-not') return facts.movesLiquid ? 'retry' : 'repeat';
      if (job.attempt >= mostAttempts) return 'ask';
      if (facts.movesLiquid) return 'retry';
      return facts.repeatable ? 'repeat' : 'ask';
    default:
      return 'wait';
  }
}
