import { ValidateBy } from 'class-validator';
import { saying } from '../../protocol/document/decorators';

/** A campaign's short name: lower-case letters, digits and `-`, 2 to 48 long. */
export function IsSlug(): PropertyDecorator {
  const context = {
    expected: 'a short name of lower-case letters, digits and "-", 2 to 48 long',
    suggestion: 'e.g. gfp-tuning-2026',
  };
  const validate = (value: unknown): boolean =>
    typeof value === 'string' && /^[a-z0-9][a-z0-9-]{0,46}[a-z0-9]$/.test(value);
  return ValidateBy({ name: 'isSlug', validator: { validate } }, saying(context));
}
