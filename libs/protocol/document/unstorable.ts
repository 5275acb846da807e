import type { Mistake } from './mistake';
import { below, mistake, show } from './mistake';

/** Says whether a text holds what no record can keep: NUL, or half of a surrogate pair. */
export function isUnstorable(text: string): boolean {
  return text.includes('\u0000') || /\p{Surrogate}/u.test(text);
}

/** Texts and keys of a document that escapes have given a NUL or half a character. */
export function unstorableTexts(value: unknown, pointer = ''): Mistake[] {
  if (typeof value === 'string') return isUnstorable(value) ? [refuse(value, pointer)] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    isUnstorable(key) ? [refuse(key, pointer)] : unstorableTexts(inner, below(pointer, key)),
  );
}

const refuse = (text: string, pointer: string): Mistake =>
  mistake(
    'document-encoding',
    pointer,
    'printable text',
    `${show(text)} with a NUL or half a character`,
    'remove the escape',
  );
