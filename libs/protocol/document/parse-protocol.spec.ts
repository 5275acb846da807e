import fc from 'fast-check';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { shippedProtocols } from '../library/shipped';
import { parseProtocol } from './parse-protocol';

const golden = join(__dirname, '..', '..', '..', 'test', 'golden', 'protocol-mistakes');
const inputs = readdirSync(golden).filter((file) => !file.endsWith('.json'));
const twoLevel = shippedProtocols().find(({ id }) => id === 'golden-gate-two-level')?.sourceText as string;
const kinetic = shippedProtocols().find(({ id }) => id === 'plate-kinetic')?.sourceText as string;

describe('parseProtocol', () => {
  it.each(inputs)('reports exactly what is wrong in %s', (file) => {
    const expected: unknown = JSON.parse(readFileSync(join(golden, file.replace(/\.\w+$/, '.expected.json')), 'utf8'));
    const parsed = parseProtocol(readFileSync(join(golden, file)));
    const seen = (parsed.ok ? [] : parsed.findings).map(({ line, column, code, pointer, message, suggestion }) => {
      return { line, column, code, pointer, message, suggestion };
    });
    expect(seen).toEqual(expected);
  });

  it('lets two passes use the same step ids, but not see each other', () => {
    const text = twoLevel.replace('inputs: { from: assembly } }', 'inputs: { from: growth } }');
    const parsed = parseProtocol(text);
    expect(parsed.ok ? [] : parsed.findings.map(({ code, found }) => [code, found])).toEqual([
      ['unknown-reference', '"growth"'],
    ]);
  });

  it('warns of a plate heated without a seal, read through one, or peeled twice', () => {
    const text = kinetic
      .replace('id: seal-starter, operation: seal', 'id: seal-starter, operation: peel')
      .replace(', with: { seal: breathable }', '');
    const parsed = parseProtocol(text);
    expect(parsed.ok).toBe(true);
    expect(parsed.warnings.map(({ found }) => found)).toEqual([
      'starterPlate without a seal',
      'starterPlate without a seal',
      'starterPlate without a seal',
    ]);
  });

  it('warns of labware that no plan makes', () => {
    const text = kinetic.replace('labware:\n', 'labware:\n  - { id: spare, kind: pcr-96 }\n');
    expect(parseProtocol(text)).toMatchObject({ ok: true, warnings: [{ pointer: '/labware/0/id' }] });
  });

  it('never throws, whatever is cut out of a protocol or put in', () => {
    const edit = fc.tuple(
      fc.nat(twoLevel.length),
      fc.nat(60),
      fc.oneof(fc.string(), fc.constantFrom('- ', '}', '*a', '\t')),
    );
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
        const broken = edits.reduce((now, [at, cut, put]) => now.slice(0, at) + put + now.slice(at + cut), twoLevel);
        const parsed = parseProtocol(broken);
        return parsed.ok || (parsed.findings.length > 0 && parsed.findings.every(({ line }) => line !== undefined));
      }),
      { numRuns: 100 },
    );
    fc.assert(
      fc.property(fc.jsonValue(), (value) => !parseProtocol(JSON.stringify(value)).ok),
      { numRuns: 60 },
    );
  });
});
