import type { KnownJob } from './inbox';

/** Attempts the system makes at a job before a person is asked. */
export const mostAttempts = 3;

/** What to do about a job that did not succeed. */
export type Move = 'wait' | 'repeat' | 'retry' | 'ask';

/**
 * What the interpreter does about a job: nothing while it may still move (an unknown one waits for evidence or a person), the
 * same again when it was withdrawn before its start or is repeatable, what is left when it moves liquid, else a person decides.
 */
export function nextMove(job: KnownJob, facts: { readonly repeatable: boolean; readonly movesLiquid: boolean }): Move {
  if (job.state === 'withdrawn') return job.attempt < 2 * mostAttempts ? 'repeat' : 'ask';
  if (job.state !== 'failed') return 'wait';
  if (job.attempt >= mostAttempts) return 'ask';
  if (facts.movesLiquid) return 'retry';
  return facts.repeatable ? 'repeat' : 'ask';
}
