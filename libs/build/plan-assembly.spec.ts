import * as fc from 'fast-check';
import { findLabwareKind } from '../labware/kinds';
import type { WantedReaction } from './plan-assembly';
import { dnaFmol, dnaVolumePl, dropPl, planAssembly } from './plan-assembly';
import type { PlanScope } from './plan-scope';
import type { StockWell } from './source-well';

const scope: PlanScope = {
  campaign: 'demo',
  round: 1,
  stepKey: 'r1/build/level1.1/assembly',
  pass: 1,
  seed: 7,
  ids: { labwareId: (barcode) => `id:${barcode}`, sampleId: (labware, well) => `${labware}/${well}` },
};

const stockWell = (code: string, well: string, availablePl = 1e9, concentrationNgPerUl?: number): StockWell => ({
  labwareId: 'stock',
  barcode: 'STOCK',
  kind: 'echo-384',
  well,
  code,
  availablePl,
  ...(concentrationNgPerUl === undefined ? {} : { concentrationNgPerUl }),
});
const reagents = [stockWell('golden-gate-mix-BsaI', 'A1'), stockWell('water', 'A2')];
const parts = ['p1', 'p2', 'v'].map((code, index) => stockWell(code, `B${index + 1}`, 1e9, 50));
const reaction = (index: number, change: Partial<WantedReaction> = {}): WantedReaction => ({
  constructId: `c${String(index).padStart(3, '0')}`,
  name: `construct ${index}`,
  enzyme: 'BsaI',
  volumeUl: 5,
  fmolPerPart: 12.5,
  inputs: [
    { code: 'p1', lengthBp: 2_200 },
    { code: 'p2', lengthBp: 2_900 },
    { code: 'v', lengthBp: 3_100 },
  ],
  ...change,
});
const reactions = (count: number): WantedReaction[] => Array.from({ length: count }, (_, index) => reaction(index));
const plan = (wanted: readonly WantedReaction[], stock = [...parts, ...reagents], seed = 7) =>
  planAssembly({ scope: { ...scope, seed }, wanted, stock, inStock: 0 });

describe('DNA volumes', () => {
  it('takes 0.36 µL of a 2.2 kb plasmid at 50 ng/µL for 12.5 fmol', () => {
    // 12.5 fmol · 650 g/mol · 2200 bp = 17.875 ng; / 50 ng/µL = 357.5 nL, a whole number of drops.
    expect(dnaVolumePl(12.5, 2_200, 50)).toBe(357_500);
  });

  it('is whole drops, at least one, and within half a drop of the amount', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: 200, noNaN: true }),
        fc.integer({ min: 200, max: 20_000 }),
        fc.double({ min: 1, max: 500, noNaN: true }),
        (fmol, lengthBp, concentration) => {
          const volumePl = dnaVolumePl(fmol, lengthBp, concentration);
          expect(volumePl % dropPl).toBe(0);
          expect(volumePl).toBeGreaterThanOrEqual(dropPl);
          const halfDrop = dnaFmol(dropPl / 2, lengthBp, concentration);
          if (volumePl > dropPl) expect(Math.abs(dnaFmol(volumePl, lengthBp, concentration) - fmol)).toBeLessThanOrEqual(halfDrop * 1.0001); // prettier-ignore
        },
      ),
    );
  });
});

describe('assembly plan', () => {
  it('fills every reaction to its volume in whole drops, with every input once', () => {
    const { labware, worklists } = plan(reactions(120));
    const plates = labware['assemblyPlate'] ?? [];
    expect(plates.map(({ key }) => key)).toEqual(['ASM1', 'ASM2']);
    for (const plate of plates) {
      const { transfers, products } = worklists['reactions']?.[plate.key] ?? { transfers: [], products: [] };
      expect(transfers.map(({ ordinal }) => ordinal)).toEqual(transfers.map((_, index) => index + 1));
      expect(new Set(products.map(({ well }) => well)).size).toBe(products.length);
      for (const { well } of products) {
        const into = transfers.filter(({ toWell }) => toWell === well);
        expect(into.reduce((sum, { volumePl }) => sum + volumePl, 0)).toBe(5_000_000);
        expect(into.every(({ volumePl }) => volumePl % dropPl === 0)).toBe(true);
        expect(into.map(({ fromWell }) => fromWell).sort()).toEqual(['A1', 'A2', 'B1', 'B2', 'B3']);
      }
    }
    const made = Object.values(worklists['reactions'] ?? {}).flatMap(({ products }) => products);
    expect(made.map(({ constructId }) => constructId).sort()).toEqual(reactions(120).map(({ constructId }) => constructId)); // prettier-ignore
  });

  it('gives the same plan for the same seed, whatever the order asked in, and another for another seed', () => {
    const wanted = reactions(30);
    expect(plan([...wanted].reverse())).toEqual(plan(wanted));
    expect(plan(wanted, undefined, 8).worklists).not.toEqual(plan(wanted).worklists);
  });

  it('says that nothing is to be built, with no plate', () => {
    expect(plan([])).toMatchObject({ labware: { assemblyPlate: [] }, verdicts: { anythingToBuild: 'no' } });
  });

  it('never takes more from a well than it has', () => {
    const dosePl = dnaVolumePl(12.5, 2_200, 50);
    const two = [1, 2].map((copy) => stockWell('p1', `C${copy}`, 3 * dosePl, 50));
    const stock = [...parts.slice(1), ...reagents, ...two];
    const { worklists } = plan(reactions(6), stock);
    const taken = worklists['reactions']?.['ASM1']?.transfers.filter(({ fromWell }) => fromWell.startsWith('C')) ?? [];
    expect(taken.filter(({ fromWell }) => fromWell === 'C1')).toHaveLength(3);
    expect(() => plan(reactions(7), stock)).toThrow(/Not enough "p1".*refill/);
  });

  it('prefers the most concentrated copy of a part', () => {
    const stock = [...parts, ...reagents, stockWell('p1', 'D1', 1e9, 100)];
    const from = plan(reactions(1), stock).worklists['reactions']?.['ASM1']?.transfers.map(({ fromWell }) => fromWell);
    expect(from).toContain('D1');
    expect(from).not.toContain('B1');
  });

  it.each([
    ['a part is not in the lab', [...parts.slice(1), ...reagents], {}, /No stock of "p1"; 2 reactions/],
    ['the DNA exceeds the reaction', undefined, { fmolPerPart: 100 }, /lower fmolPerPart/],
    ['there is no master mix of the enzyme', undefined, { enzyme: 'BbsI' }, /golden-gate-mix-BbsI/],
  ])('refuses when %s', (_, stock, change, message) => {
    const wanted = [reaction(1, change), reaction(2, change)];
    expect(() => plan(wanted, stock)).toThrow(message as RegExp);
  });

  it('keeps barcodes within 32 characters and distinct between steps that make the same kind of plate', () => {
    const named = (campaign: string, stepKey: string, pass: number): string | undefined =>
      planAssembly({ scope: { ...scope, campaign, stepKey, pass }, wanted: reactions(1), stock: [...parts, ...reagents], inStock: 0 }).labware['assemblyPlate']?.[0]?.barcode; // prettier-ignore
    const long = 'a-campaign-with-a-very-long-name-indeed';
    const barcodes = [
      named('demo', 'r1/build/level1.1/assembly', 1),
      named('demo', 'r1/build/level2.1/assembly', 1),
      named('demo', 'r1/build/level1.2/assembly', 2),
      named(long, 'r1/build/level1.1/assembly', 1),
      named(`${long}-2`, 'r1/build/level1.1/assembly', 1),
    ];
    expect(new Set(barcodes).size).toBe(barcodes.length);
    for (const barcode of barcodes) expect(barcode).toMatch(/^[A-Z0-9-]{1,32}$/);
  });

  it('uses a plate whose kind it names', () => {
    expect(findLabwareKind(plan(reactions(1)).labware['assemblyPlate']?.[0]?.kind ?? '')).toMatchObject({ rows: 8 });
  });
});
