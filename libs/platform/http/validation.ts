import { ValidationPipe } from '@nestjs/common';
import type { ValidationError } from '@nestjs/common';
import { getMetadataStorage } from 'class-validator';
import { DomainError } from '../../errors/domain-error';
import type { Finding } from '../../errors/domain-error';

/** Checks bodies and queries against their classes; unknown fields are refused, every finding is told at once. */
export function validationPipe(): ValidationPipe {
  rememberRules();
  return new ValidationPipe({
    whitelist: true,
    forbidNonWhitelisted: true,
    transform: true,
    exceptionFactory: (errors) => invalid(errors),
  });
}

type RuleStorage = ReturnType<typeof getMetadataStorage>;
type Rules = ReturnType<RuleStorage['getTargetValidationMetadatas']>;

let remembered = false;

/**
 * Lets class-validator find the rules of a class once: it searches every class it knows, again for each object it checks. The
 * rules of a class are complete when it is defined, before anything is checked against it.
 */
function rememberRules(): void {
  if (remembered) return;
  remembered = true;
  const storage = getMetadataStorage();
  const find = storage.getTargetValidationMetadatas.bind(storage);
  const group = storage.groupByPropertyName.bind(storage);
  const found = new WeakMap<object, Map<string, Rules>>();
  const grouped = new WeakMap<Rules, ReturnType<typeof group>>();
  storage.getTargetValidationMetadatas = (target, schema, always, strictGroups, groups) => {
    const key = `${schema}/${always}/${strictGroups}/${groups?.join() ?? ''}`;
    const known = found.get(target) ?? new Map<string, Rules>();
    const rules = known.get(key) ?? find(target, schema, always, strictGroups, groups);
    found.set(target, known.set(key, rules));
    return rules;
  };
  storage.groupByPropertyName = (rules) => {
    const groups = grouped.get(rules) ?? group(rules);
    grouped.set(rules, groups);
    return groups;
  };
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
