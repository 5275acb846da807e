import { ApplicationFailure } from '@temporalio/common';
import { DomainError } from '../../errors/domain-error';
import { toFailure } from './refusals';

describe('an activity that fails', () => {
  it('with a refusal is not tried again; its code is the failure type', () => {
    const failure = toFailure(
      new DomainError('plan-impossible', 'no plate is left', { plates: 0 }),
    ) as ApplicationFailure;
    expect(failure).toBeInstanceOf(ApplicationFailure);
    expect(failure).toMatchObject({ type: 'plan-impossible', nonRetryable: true, message: 'no plate is left' });
    expect(failure.details).toEqual([{ plates: 0 }]);
  });

  it('with anything else is a passing fault', () => {
    const error = new Error('connection lost');
    expect(toFailure(error)).toBe(error);
  });
});
