import { ApplicationFailure } from '@temporalio/common';
import type { ActivityExecuteInput, ActivityInboundCallsInterceptor, Next } from '@temporalio/worker';
import { isDomainError } from '../../errors/domain-error';

/** A refusal as Temporal carries it: its code is the failure type, repeating is useless. Anything else stays as it is. */
export function toFailure(error: unknown): unknown {
  if (!isDomainError(error)) return error;
  return ApplicationFailure.create({
    type: error.code,
    message: error.message,
    nonRetryable: true,
    details: [error.details],
    cause: error,
  });
}

/** Lets activities refuse with DomainErrors; whatever else they throw is a passing fault and is tried again. */
export const refusalsAreFinal = (): { inbound: ActivityInboundCallsInterceptor } => ({
  inbound: {
    async execute(
      input: ActivityExecuteInput,
      next: Next<ActivityInboundCallsInterceptor, 'execute'>,
    ): Promise<unknown> {
      try {
        return await next(input);
      } catch (error) {
        throw toFailure(error);
      }
    },
  },
});
