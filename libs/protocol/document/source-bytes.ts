import type { Mistake } from './mistake';
import { mistake } from './mistake';

/** Largest document that is read, in bytes. */
export const maxDocumentBytes = 256 * 1024;

/** Text of a document, and what is wrong with its bytes. */
export interface DecodedSource {
  readonly text: string;
  readonly mistakes: readonly Mistake[];
}

const saveAsUtf8 = 'save the file as UTF-8';

/**
 * Decodes a document: UTF-8, with or without byte order mark. Whatever is wrong with the bytes is reported and decoding goes on
 * leniently, so that the rest of the document can still be checked. Above the size limit the text is empty.
 */
export function decodeSource(source: Uint8Array | string): DecodedSource {
  const bytes = typeof source === 'string' ? new TextEncoder().encode(source) : source;
  if (bytes.length > maxDocumentBytes) {
    const expected = `a document of at most ${maxDocumentBytes / 1024} KiB`;
    const found = `${Math.ceil(bytes.length / 1024)} KiB`;
    const hint = 'move data out of the document: it names parts by id, it does not contain them';
    return { text: '', mistakes: [at(mistake('document-too-large', '', expected, found, hint), 1, 1)] };
  }
  const utf16 = utf16Of(bytes);
  if (utf16) return decodeUtf16(bytes, utf16);
  const text = new TextDecoder('utf-8').decode(bytes);
  const wrongAt = firstWrongByte(bytes);
  const mistakes = wrongAt === undefined ? [] : [wrongByte(bytes, wrongAt)];
  return { text, mistakes: [...mistakes, ...controlCharacters(text)] };
}

function decodeUtf16(bytes: Uint8Array, endian: 'le' | 'be'): DecodedSource {
  const found = `UTF-16 (${endian === 'le' ? 'little' : 'big'} endian)`;
  const text = new TextDecoder(`utf-16${endian}`).decode(bytes);
  return { text, mistakes: [at(mistake('document-encoding', '', 'UTF-8', found, saveAsUtf8), 1, 1)] };
}

/** UTF-16 by its byte order mark, or by a zero byte beside an ASCII first character. */
function utf16Of(bytes: Uint8Array): 'le' | 'be' | undefined {
  const [a, b] = bytes;
  if (a === undefined || b === undefined) return undefined;
  if ((a === 0xff && b === 0xfe) || (a !== 0 && b === 0)) return 'le';
  if ((a === 0xfe && b === 0xff) || (a === 0 && b !== 0)) return 'be';
  return undefined;
}

/** Index of the first byte that is not well-formed UTF-8, found by bisection over prefixes of a streaming decoder. */
function firstWrongByte(bytes: Uint8Array): number | undefined {
  const wellFormed = (length: number, stream: boolean): boolean => {
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, length), { stream });
      return true;
    } catch {
      return false;
    }
  };
  if (wellFormed(bytes.length, false)) return undefined;
  let [good, bad] = [0, bytes.length];
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (wellFormed(middle, true)) good = middle;
    else bad = middle;
  }
  return good;
}

function wrongByte(bytes: Uint8Array, index: number): Mistake {
  const before = new TextDecoder('utf-8').decode(bytes.subarray(0, index)).split('\n');
  const value = (bytes[index] as number).toString(16).toUpperCase().padStart(2, '0');
  const latin1 = new TextDecoder('windows-1252').decode(bytes.subarray(index, index + 1));
  const found = `byte 0x${value} ("${latin1}" in Windows-1252)`;
  const [line, column] = [before.length, (before[before.length - 1] ?? '').length + 1];
  return at(mistake('document-encoding', '', 'UTF-8', found, saveAsUtf8), line, column);
}

function controlCharacters(text: string): Mistake[] {
  const index = text.search(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/);
  if (index < 0) return [];
  const before = text.slice(0, index).split('\n');
  const found = `the control character U+${text.charCodeAt(index).toString(16).toUpperCase().padStart(4, '0')}`;
  const position = [before.length, (before[before.length - 1] ?? '').length + 1] as const;
  return [at(mistake('document-encoding', '', 'printable text', found, 'delete it'), ...position)];
}

const at = (found: Mistake, line: number, column: number): Mistake => ({ ...found, line, column });
