import type { OperatorService } from '@temporalio/client';
import { DomainError } from '../../errors/domain-error';

/** Numbers of the types in Temporal's operator service. */
const typeNumbers: Readonly<Record<string, number>> = {
  TEXT: 1,
  KEYWORD: 2,
  INT: 3,
  DOUBLE: 4,
  BOOL: 5,
  DATETIME: 6,
  KEYWORD_LIST: 7,
};

/** A search attribute by name and type, as `defineSearchAttributeKey` makes it. */
export interface SearchAttribute {
  readonly name: string;
  readonly type: string;
}

/**
 * Registers the search attributes a namespace lacks: a workflow that uses a missing one cannot start.
 * @throws DomainError `temporal-unavailable` when one exists with another type
 */
export async function ensureSearchAttributes(
  operator: OperatorService,
  namespace: string,
  wanted: readonly SearchAttribute[],
): Promise<void> {
  const { customAttributes } = await operator.listSearchAttributes({ namespace });
  const missing = wanted.filter(({ name }) => customAttributes?.[name] === undefined);
  const wrong = wanted.filter(
    ({ name, type }) => customAttributes?.[name] !== undefined && customAttributes[name] !== typeNumbers[type],
  );
  if (wrong.length > 0)
    throw new DomainError(
      'temporal-unavailable',
      `namespace ${namespace} has search attributes of another type than ${wrong.map(({ name, type }) => `${name} ${type}`).join(', ')}; use another namespace`,
    );
  if (missing.length === 0) return;
  const searchAttributes = Object.fromEntries(missing.map(({ name, type }) => [name, typeNumbers[type] ?? 0]));
  await operator.addSearchAttributes({ namespace, searchAttributes }).catch((error: unknown) => {
    // Another worker that starts now may have registered them.
    if (!String(error).includes('already exist')) throw error;
  });
}
