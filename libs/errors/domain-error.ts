import type { ErrorCode } from './catalogue';

/** One thing that is wrong with a document: where it is, what was expected, what was found, what to do. */
export interface Finding {
  /** JSON pointer into the document, e.g. `/library/slots/0/options/2`. */
  readonly pointer: string;
  readonly code: ErrorCode;
  readonly message: string;
  /** 1-based position in the source text, when there is one. */
  readonly line?: number;
  readonly column?: number;
  /** What would repair it, e.g. `did you mean "J23100_AB"?` */
  readonly suggestion?: string;
}

/**
 * A refusal: the request cannot be done as it stands and repeating it will not help.
 * Its code is the RFC 9457 problem `type`, the Temporal failure type (non-retryable) and the log field.
 */
export class DomainError extends Error {
  override readonly name = 'DomainError';

  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly details: Readonly<Record<string, unknown>> = {},
    readonly findings: readonly Finding[] = [],
  ) {
    super(message);
  }
}

/** Says whether a value is a refusal, across module copies. */
export function isDomainError(value: unknown): value is DomainError {
  return value instanceof Error && value.name === 'DomainError' && 'code' in value;
}
