import { DomainError } from '../../libs/errors/domain-error';
import type { ErrorCode } from '../../libs/errors/catalogue';

/** How the SQL functions of device work answer: what happened, or why it was refused. */
export interface Answer {
  readonly status: string;
  readonly state?: string;
  readonly reason?: string;
  readonly [detail: string]: unknown;
}

const messages: Readonly<Record<string, (answer: Answer) => string>> = {
  'not-found': () => 'there is no such dispatch or device of this tenant',
  forbidden: () => 'only the device that holds the lease, or an operator, may do this',
  'token-superseded': ({ state }) =>
    `a later lease superseded this fencing token (the dispatch is ${state}): stop, and ask for work again`,
  'illegal-transition': ({ state }) => `the dispatch is ${state}, which does not allow this`,
  'not-leasable': ({ state, reason }) => `the device is ${state}${reason ? `: ${reason}` : ''}`,
  'not-cleared': ({ device, missing }) =>
    `${String(device)} is held until this is cleared, and named as cleared: ${(missing as string[]).join(', ')}`,
  'already-decided': ({ state }) => `the dispatch is settled as ${state}`,
  'upload-incomplete': () =>
    'files named by the outcome are not complete: send the missing chunks, then the outcome again',
};

/**
 * Turns a refusal of the SQL functions into an error; anything else passes.
 * @throws DomainError with the status as its code
 */
export function orRefuse<T extends Answer>(answer: T): T {
  const message = messages[answer.status];
  if (!message) return answer;
  const { status, ...details } = answer;
  throw new DomainError(status as ErrorCode, message(answer), details);
}
