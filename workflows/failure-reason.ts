import { ApplicationFailure } from '@temporalio/workflow';

/** Why a stage failed, for people: message and code of the innermost cause. */
export function failureReason(error: unknown): { message: string; code: string } {
  let reason = { message: error instanceof Error ? error.message : String(error), code: 'stage-failed' };
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const code = cause instanceof ApplicationFailure ? cause.type : undefined;
    reason = { message: cause.message || reason.message, code: code ?? reason.code };
  }
  return reason;
}
