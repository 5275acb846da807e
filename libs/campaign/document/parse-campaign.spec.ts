import fc from 'fast-check';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Mistake } from '../../protocol/document/mistake';
import { campaignPointers } from '../../protocol/campaign-pointers';
import { exampleCampaigns, exampleCampaignText } from '../library/examples';
import { parseCampaign, shippedContext } from './parse-campaign';

const golden = join(__dirname, '..', '..', '..', 'test', 'golden', 'campaign-mistakes');
const context = shippedContext('2026-11-24');

/** The twenty classes of mistakes: the golden file and the code it must give. */
const classes = {
  syntax: 'document-syntax',
  type: 'wrong-type',
  unit: 'wrong-unit',
  'unknown-key': 'unknown-key',
  'duplicate-id': 'duplicate-id',
  'unknown-part': 'unknown-part',
  'incompatible-overhang': 'incompatible-overhang',
  'empty-space': 'empty-space',
  wells: 'plate-overflow',
  'rounds-times-batch': 'batch-exceeds-space',
  runs: 'too-few-runs',
  'control-missing': 'control-missing',
  'budget-arithmetic': 'budget-arithmetic',
  'unreachable-stop-rule': 'unreachable-stop-rule',
  'goal-without-value': 'goal-without-value',
  'bad-date': 'bad-date',
  'bad-version': 'bad-version',
  'over-limit': 'over-limit',
  'alias-bomb': 'document-alias-bomb',
  encoding: 'document-encoding',
} as const;

function findingsOf(source: Uint8Array | string): readonly Mistake[] {
  const parsed = parseCampaign(source, context);
  return parsed.ok ? [] : parsed.findings;
}

const inputs = readdirSync(golden).filter((file) => !file.endsWith('.json'));

describe('parseCampaign', () => {
  it.each(inputs)('reports exactly what is wrong in %s', (file) => {
    const expected: unknown = JSON.parse(readFileSync(join(golden, file.replace(/\.\w+$/, '.expected.json')), 'utf8'));
    const found = findingsOf(readFileSync(join(golden, file)));
    const seen = found.map(({ line, column, code, pointer, message, suggestion }) => {
      return { line, column, code, pointer, message, suggestion };
    });
    expect(seen).toEqual(expected);
  });

  it.each(Object.entries(classes))('knows the class of mistakes %s by the code %s', (name, code) => {
    const file = inputs.find((input) => input.replace(/\.\w+$/, '') === name) as string;
    expect(findingsOf(readFileSync(join(golden, file))).map((found) => found.code)).toContain(code);
  });

  it('reports all twenty classes of one file at once', () => {
    const codes = new Set(findingsOf(readFileSync(join(golden, 'all-twenty.yaml'))).map(({ code }) => code));
    expect([...codes].sort()).toEqual(Object.values(classes).sort());
  });

  it.each(exampleCampaigns)('accepts the example %s without a warning', (name) => {
    expect(parseCampaign(exampleCampaignText(name), context)).toMatchObject({ ok: true, warnings: [] });
  });

  it('fills in every default of a short file', () => {
    const parsed = parseCampaign(exampleCampaignText('single-unit'), context);
    expect(parsed).toMatchObject({
      ok: true,
      campaign: {
        title: 'The brightest green from one unit',
        assembly: {
          standard: { id: 'cidar-moclo', version: '1' },
          reactions: [{ level: 1, method: 'golden-gate', inputs: [] }],
        },
        host: { marker: 'kanamycin' },
        build: { protocol: { id: 'golden-gate-one-level', version: '1' }, attempts: 2 },
        assay: { readouts: [{ unit: 'RFU/OD' }], startOd: 0.05 },
        replication: { clonesPerDesign: 1, culturesPerClone: 3, wellsPerCulture: 1 },
        selection: { first: { strategy: 'maximin' }, later: { strategy: 'bayesian', acquisition: 'auto' } },
        stop: [],
        approvals: [],
        seed: 1,
      },
    });
  });

  it('keeps money in minor units, roles as terms and enzymes by their canonical names', () => {
    const text = exampleCampaignText('demo').replaceAll('enzyme: BsaI', 'enzyme: bsai-hfv2');
    expect(parseCampaign(text, context)).toMatchObject({
      ok: true,
      campaign: {
        budget: { maxMinor: 240_000, perConstructMinor: 2_500 },
        library: { slots: [{ role: 'SO:0000167', position: ['A', 'B'] }, {}, {}, {}, {}, {}, {}, {}] },
        assembly: { reactions: [{ enzyme: 'BsaI' }, { enzyme: 'BsaI' }, { enzyme: 'BbsI', level: 2 }] },
      },
    });
  });

  it('reads JSON as it reads YAML', () => {
    const yaml = parseCampaign(exampleCampaignText('demo'), context);
    if (!yaml.ok) throw new Error('the demo is refused');
    const json = JSON.stringify(yaml.document, null, '\t');
    expect(parseCampaign(json, context)).toMatchObject({ ok: true, campaign: yaml.campaign });
  });

  it('accepts a byte order mark and Windows line ends', () => {
    const text = `\ufeff${exampleCampaignText('single-unit').replaceAll('\n', '\r\n')}`;
    expect(parseCampaign(new TextEncoder().encode(text), context).ok).toBe(true);
  });

  it('offers every value of the campaign that protocols may point to', () => {
    const parsed = parseCampaign(exampleCampaignText('demo'), context);
    if (!parsed.ok) throw new Error('the demo is refused');
    const at = (pointer: string): unknown =>
      pointer
        .split('/')
        .slice(1)
        .reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], parsed.campaign);
    expect(campaignPointers.filter((pointer) => at(pointer) === undefined)).toEqual([]);
  });

  it('warns of parts with a site inside and of markers that select nothing', () => {
    const text = exampleCampaignText('single-unit')
      .replace('J23103_AB', 'R0063_AB')
      .replace('backbone: DVK_AE', 'backbone: DVA_AE');
    const parsed = parseCampaign(text, context);
    expect(parsed.ok).toBe(true);
    expect(parsed.warnings.map(({ code, line, found }) => [code, line, found])).toEqual([
      ['assembly-refused', 11, '3 in "R0063_AB"'],
      ['incompatible-part', 20, 'ampicillin on both "DVA_AE" and "J23100_AB"'],
    ]);
  });

  it('refuses a document above 256 KiB, one that nests without end, and an empty one', () => {
    expect(findingsOf('#'.repeat(300_000)).map(({ code }) => code)).toEqual(['document-too-large']);
    expect(findingsOf(`deep: ${'['.repeat(5_000)}`).map(({ code }) => code)).toContain('over-limit');
    expect(findingsOf('')).toMatchObject([{ code: 'missing-key', line: 1, column: 1 }]);
  });

  it('takes keys with any characters, in a damaged file too', () => {
    const text = exampleCampaignText('single-unit').replace('id: rbs', 'id: "(["') + 'approvals: [\n';
    const found = findingsOf(text.replace('assembly:', '  mustInclude: [{ "(": x }]\nassembly:'));
    expect(found.map(({ code }) => code)).toEqual(expect.arrayContaining(['document-syntax', 'unknown-reference']));
  });

  it('never throws, and says for every mistake where it is, what was expected, what was found and what to do', () => {
    const text = exampleCampaignText('demo');
    const edit = fc.tuple(
      fc.nat(text.length),
      fc.nat(12),
      fc.oneof(fc.string(), fc.constantFrom('\t', '[', '}', '&a', '*a', ': ', '- ', '"', '\n', '\ud800', 'null', '-1')),
    );
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 5 }), (edits) => {
        const broken = edits.reduce((now, [at, cut, put]) => now.slice(0, at) + put + now.slice(at + cut), text);
        const parsed = parseCampaign(broken, context);
        const lines = parsed.sourceText.split(/\r\n|\n|\r/).length;
        for (const found of parsed.ok ? parsed.warnings : parsed.findings) {
          expect(found.line).toBeGreaterThanOrEqual(1);
          expect(found.line).toBeLessThanOrEqual(lines);
          expect(found.column).toBeGreaterThanOrEqual(1);
          expect(found.message).toBe(`expected ${found.expected}, found ${found.found}`);
          expect(found.suggestion).toMatch(/\S/);
        }
        return parsed.ok || parsed.findings.length > 0;
      }),
      { numRuns: 80 },
    );
  });

  it('never throws on arbitrary bytes or JSON values', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => !parseCampaign(bytes, context).ok));
    fc.assert(
      fc.property(fc.jsonValue(), (value) => !parseCampaign(JSON.stringify(value), context).ok),
      { numRuns: 60 },
    );
  });
});
