import { editDistance, nearestNames } from '../../dna/names';
import type { ErrorCode } from '../../errors/catalogue';
import type { Finding } from '../../errors/domain-error';

/** A finding about a document that keeps what was expected and what was found apart from the sentence. */
export interface Mistake extends Finding {
  readonly expected: string;
  readonly found: string;
}

/** A mistake at a JSON pointer; its line and column are added when the pointer is looked up in the source. */
export function mistake(
  code: ErrorCode,
  pointer: string,
  expected: string,
  found: string,
  suggestion?: string,
): Mistake {
  const message = `expected ${expected}, found ${found}`;
  return { pointer, code, message, expected, found, ...(suggestion === undefined ? {} : { suggestion }) };
}

/** A JSON pointer (RFC 6901) below another one. */
export function below(pointer: string, ...keys: readonly (string | number)[]): string {
  return keys.reduce<string>(
    (path, key) => `${path}/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`,
    pointer,
  );
}

/** A value as people would write it, cut to 60 characters. */
export function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value) && value.length > 4) return `a list of ${value.length}`;
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

/** At most eight names in quotes, the rest counted. */
export function listed(names: readonly string[]): string {
  if (names.length === 0) return 'none';
  const shown = names.slice(0, 8).map((name) => `"${name}"`);
  return names.length > 8 ? `${shown.join(', ')} and ${names.length - 8} more` : shown.join(', ');
}

/** Suggests the nearest known name when it is near enough to be meant, else lists what there is. */
export function didYouMean(name: string, known: readonly string[]): string {
  const [nearest] = nearestNames(name, known, 1);
  if (nearest !== undefined && isNear(name, nearest)) return `did you mean "${nearest}"?`;
  if (known.length === 1) return `use "${known[0]}"`;
  return known.length === 0 ? 'remove it' : `use one of ${listed(known)}`;
}

function isNear(name: string, nearest: string): boolean {
  const [a, b] = [name.toLowerCase(), nearest.toLowerCase()];
  return editDistance(a, b) <= Math.max(1, Math.floor(Math.max(a.length, b.length) / 3)) || b.startsWith(a);
}
