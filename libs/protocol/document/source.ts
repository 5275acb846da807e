import type { ErrorCode as YamlErrorCode, YAMLError } from 'yaml';
import { LineCounter, parseDocument } from 'yaml';
import type { Mistake } from './mistake';
import { mistake } from './mistake';
import { plainDocument } from './plain-value';
import type { Positions } from './positions';
import { decodeSource } from './source-bytes';
import { unstorableTexts } from './unstorable';

/** Syntax errors reported for one document; the later ones are usually echoes of the first. */
const maxSyntaxMistakes = 20;

/** A document as far as it could be read. */
export interface Source {
  readonly text: string;
  /** Plain values without nulls; undefined when nothing could be read. */
  readonly value: unknown;
  readonly positions: Positions;
  readonly mistakes: readonly Mistake[];
  readonly warnings: readonly Mistake[];
}

/**
 * Reads YAML 1.2 or JSON, and never throws: encoding, size, syntax, duplicate keys, nesting and aliases are reported, and whatever
 * could be understood is returned for further checks.
 */
export function readSource(source: Uint8Array | string): Source {
  const { text, mistakes } = decodeSource(source);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false, version: '1.2' });
  const plain = plainDocument(document, lines);
  const syntax = (error: YAMLError): Mistake => syntaxMistake(error, lines);
  return {
    text,
    value: plain.value,
    positions: plain.positions,
    mistakes: [
      ...mistakes,
      ...document.errors.slice(0, maxSyntaxMistakes).map(syntax),
      ...plain.mistakes,
      ...unstorableTexts(plain.value),
    ],
    warnings: document.warnings.map(syntax),
  };
}

/**
 * Leaves out what only a syntax error made seem missing: keys that are written in the text, but that the damaged structure hides.
 */
export function withoutHiddenKeys(found: readonly Mistake[], { text, mistakes }: Source): Mistake[] {
  if (!mistakes.some(({ code }) => code === 'document-syntax')) return [...found];
  return found.filter(({ code, pointer, found: what }) => {
    const isAbsent = code === 'missing-key' || (code === 'control-missing' && what === 'no controls');
    const key = pointer.slice(pointer.lastIndexOf('/') + 1).replace(/[^\w-]/g, '\\$&');
    return !isAbsent || !new RegExp(`(^|[\\s,{"'])${key}["']?\\s*:`, 'm').test(text);
  });
}

const hints: Partial<Record<YamlErrorCode, string>> = {
  BLOCK_AS_IMPLICIT_KEY: 'put a value that contains ": " in quotes, and indent with spaces',
  TAB_AS_INDENT: 'indent with spaces, not tabs',
  BAD_INDENT: 'check for a missing closing bracket or wrong indentation',
  BAD_SCALAR_START: 'put the value in quotes',
  BAD_ALIAS: 'write the value out',
  MISSING_CHAR: 'add the missing character',
  MULTILINE_IMPLICIT_KEY: 'close the quote or bracket of the line above',
  MULTIPLE_DOCS: 'remove "---": one file holds one document',
  UNEXPECTED_TOKEN: 'remove it, or put the value in quotes',
  TAG_RESOLVE_FAILED: 'remove the tag',
};

function syntaxMistake(error: YAMLError, lines: LineCounter): Mistake {
  const { line, col } = lines.linePos(error.pos[0]);
  const reason = `a syntax error (${error.message.replaceAll('\n', ' ')})`;
  const hint = hints[error.code] ?? 'check the YAML syntax here';
  return { ...mistake('document-syntax', '', 'valid YAML or JSON', reason, hint), line, column: col };
}
