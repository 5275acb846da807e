import { ValidationPipe } from '@nestjs/common';
import type { ValidationError } from '@nestjs/common';
import { DomainError } from '../../errors/domain-error';
import type { Finding } from '../../errors/domain-error';

/** Checks bodies and queries against their classes; unknown fields are refused, every finding is told at once. */
export function validationPipe(): ValidationPipe {
  return new ValidationPipe({
    whitelist: true,
    forbidNonWhitelisted: true,
    transform: true,
    exceptionFactory: (errors) => invalid(errors),
  });
}

/** The refusal for what class-validator found. */
export function invalid(errors: readonly ValidationError[]): DomainError {
  const findings = errors.flatMap((error) => findingsOf(error, ''));
  const [first] = findings;
  const summary = first ? `${first.pointer || '/'}: ${first.message}` : 'the request has the wrong form';
  return new DomainError(
    'document-invalid',
    findings.length > 1 ? `${summary} (and ${findings.length - 1} more)` : summary,
    {},
    findings,
  );
}

function findingsOf(error: ValidationError, path: string): Finding[] {
  const pointer = `${path}/${error.property.replaceAll('~', '~0').replaceAll('/', '~1')}`;
  const own = Object.entries(error.constraints ?? {}).map(([rule, message]) => ({
    pointer,
    code: rule === 'whitelistValidation' ? ('unknown-key' as const) : ('document-invalid' as const),
    message,
  }));
  return [...own, ...(error.children ?? []).flatMap((child) => findingsOf(child, pointer))];
}
