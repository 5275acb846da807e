import type { ValidationOptions } from 'class-validator';
import { ValidateBy } from 'class-validator';
import type { ErrorCode } from '../../errors/catalogue';
import { parseDuration } from '../../units/lab-time';

/** What a constraint adds to its finding: a code of its own, a better description of what is expected, a suggestion. */
export interface ConstraintContext {
  readonly code?: ErrorCode;
  readonly expected?: string;
  readonly suggestion?: string;
}

/** Validation options that carry a context. */
export const saying = (context: ConstraintContext, options: ValidationOptions = {}): ValidationOptions => ({
  ...options,
  context,
});

/** A limit of this installation rather than of the field. */
export const limit = saying({ code: 'over-limit' });

/** A duration as text: `90s`, `20min`, `16h`, `1.5h`, `14d`. */
export function IsDuration(): PropertyDecorator {
  const context: ConstraintContext = {
    code: 'wrong-unit',
    expected: 'a duration such as "16h", "30min" or "45s"',
    suggestion: 'write a number followed by s, min, h or d, e.g. 16h',
  };
  const validate = (value: unknown): boolean => typeof value === 'string' && parseDuration(value) !== undefined;
  return ValidateBy({ name: 'isDuration', validator: { validate } }, saying(context));
}

/** A day of the calendar as `2027-03-31`. */
export function IsCalendarDate(): PropertyDecorator {
  const context: ConstraintContext = {
    code: 'bad-date',
    expected: 'a day of the calendar as year-month-day, e.g. "2027-03-31"',
    suggestion: 'write it as YYYY-MM-DD',
  };
  return ValidateBy({ name: 'isCalendarDate', validator: { validate: isCalendarDate } }, saying(context));
}

/** Says whether a value is a real day written `YYYY-MM-DD`. */
export function isCalendarDate(value: unknown): value is string {
  if (typeof value !== 'string' || !/^\d{4}-\d{2}-\d{2}$/.test(value)) return false;
  const day = new Date(`${value}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(value);
}

/** A version as quoted text: `"1"`. */
export function IsVersion(): PropertyDecorator {
  const context: ConstraintContext = { code: 'bad-version', expected: 'a version as quoted text, e.g. "1"' };
  const validate = (value: unknown): boolean => typeof value === 'string' && /^\d+(\.\d+){0,2}$/.test(value);
  return ValidateBy({ name: 'isVersion', validator: { validate } }, saying(context));
}

/** An id: letters, digits, `_`, `-`, at most 64, starting with a letter or digit. */
export function IsId(): PropertyDecorator {
  const context: ConstraintContext = {
    expected: 'an id of letters, digits, "_" and "-", at most 64 long',
    suggestion: 'shorten it and replace other characters by "-"',
  };
  const validate = (value: unknown): boolean => typeof value === 'string' && /^[A-Za-z0-9][\w-]{0,63}$/.test(value);
  return ValidateBy({ name: 'isId', validator: { validate } }, saying(context));
}
