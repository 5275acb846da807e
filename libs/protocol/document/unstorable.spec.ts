import { isUnstorable, unstorableTexts } from './unstorable';
import { parseProtocol } from './parse-protocol';

describe('texts no record can keep', () => {
  it.each([
    ['a NUL', 'a\u0000b', true],
    ['half a surrogate pair', 'a\ud800b', true],
    ['a whole surrogate pair', 'a🧬b', false],
    ['plain text', 'µl', false],
  ])('knows %s', (_name, text, unstorable) => expect(isUnstorable(text)).toBe(unstorable));

  it('finds them deep inside, with their pointer', () => {
    expect(unstorableTexts({ a: [{ b: 'x\u0000' }] })).toMatchObject([
      { pointer: '/a/0/b', code: 'document-encoding' },
    ]);
  });

  it('refuses a document whose escapes make one', () => {
    const parsed = parseProtocol('schema: anneal-protocol/v1\ntitle: "a\\0b"\n');
    expect(parsed.ok ? [] : parsed.findings).toEqual(
      expect.arrayContaining([expect.objectContaining({ code: 'document-encoding', pointer: '/title', line: 2 })]),
    );
  });
});
