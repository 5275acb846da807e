import fc from 'fast-check';
import { findPart, loadCollection } from './collections/collection';
import { digestToInsert } from './digest';
import { findEnzyme } from './enzymes';
import type { Genotype, TranscriptionUnit } from './genotype';
import { readGenotype } from './genotype';
import { assembleGoldenGate } from './golden-gate';
import { reverseComplement } from './sequence';

const collection = loadCollection('cidar-moclo', '1');
const part = (id: string) => findPart(collection, id);
const assemble = (ids: readonly string[]) => assembleGoldenGate(ids.map(part), findEnzyme('BsaI')).products;
const red = assemble(['J23102_AB', 'BCD2_BC', 'E1010m_CD', 'B0015_DE', 'DVK_AE']);
const green = assemble(['J23106_EB', 'B0034m_BC', 'E0040m_CD', 'B0015_DF', 'DVK_EF']);
const [plasmid] = assembleGoldenGate([...red, ...green, part('DVA_AF')], findEnzyme('BbsI')).products;
const sequence = plasmid?.sequence ?? '';

const idsOf = ({ promoter, rbs, cds, terminator }: TranscriptionUnit): (string | null)[] =>
  [promoter, rbs, cds, terminator].map((match) => match?.part ?? null);
const unitsOf = ({ units }: Genotype): (string | null)[][] => units.map(idsOf);
const expectedUnits = [
  ['J23102_AB', 'BCD2_BC', 'E1010m_CD', 'B0015_DE'],
  ['J23106_EB', 'B0034m_BC', 'E0040m_CD', 'B0015_DF'],
];
const changed: Readonly<Record<string, string>> = { A: 'C', C: 'A', G: 'T', T: 'G' };
const mutate = (text: string, at: number): string => text.slice(0, at) + changed[text[at] ?? ''] + text.slice(at + 1);

describe('readGenotype', () => {
  it('reads both units and the vector from any rotation of either strand', () => {
    fc.assert(
      fc.property(fc.nat(sequence.length - 1), fc.boolean(), (by, other) => {
        const turned = sequence.slice(by) + sequence.slice(0, by);
        const genotype = readGenotype(other ? reverseComplement(turned) : turned, collection);
        expect(unitsOf(genotype)).toEqual(expectedUnits);
        expect(genotype.units.every(({ intact }) => intact)).toBe(true);
        expect(genotype.backbone).toMatchObject({ part: 'DVA_AF', state: 'intact' });
        expect(genotype.unexplained).toEqual([]);
      }),
      { numRuns: 50 },
    );
  });

  it.each(['promoter', 'rbs', 'cds', 'terminator'] as const)('reports a point mutation in the %s as damage', (slot) => {
    const healthy = readGenotype(sequence, collection).units[1]?.[slot];
    const middle = Math.floor(((healthy?.start ?? 0) + (healthy?.end ?? 0)) / 2);
    const genotype = readGenotype(mutate(sequence, middle), collection);
    expect(unitsOf(genotype)).toEqual(expectedUnits);
    expect(genotype.units.map(({ intact }) => intact)).toEqual([true, false]);
    expect(genotype.units[1]?.[slot]).toMatchObject({ state: 'damaged', changes: 1 });
  });

  it.each([
    ['one base deleted', (text: string) => text.slice(0, 400) + text.slice(401), 1],
    ['a hundred bases deleted', (text: string) => text.slice(0, 400) + text.slice(500), 100],
    ['ten bases inserted', (text: string) => `${text.slice(0, 400)}ACGTTGCATT${text.slice(400)}`, 10],
  ])('reports %s in a coding sequence as damage', (_, spoil, changes) => {
    const genotype = readGenotype(spoil(sequence), collection);
    expect(unitsOf(genotype)).toEqual(expectedUnits);
    expect(genotype.units[0]?.cds).toMatchObject({ part: 'E1010m_CD', state: 'damaged', changes });
  });

  it('leaves the place of a missing part empty', () => {
    const { start = 0, end = 0 } = readGenotype(sequence, collection).units[0]?.rbs ?? {};
    const genotype = readGenotype(sequence.slice(0, start + 4) + sequence.slice(end), collection);
    expect(genotype.units[0]).toMatchObject({ rbs: null, intact: false, cds: { part: 'E1010m_CD' } });
  });

  it('finds no unit in an empty vector, and says which stretch it cannot explain', () => {
    const { units, backbone, unexplained } = readGenotype(part('DVA_AF').sequence, collection);
    expect(units).toEqual([]);
    expect(backbone?.part).toBe('DVA_AF');
    expect(unexplained).toEqual([{ start: 41, end: 539 }]);
  });

  it('explains nothing of foreign DNA', () => {
    expect(readGenotype('ACGT'.repeat(100), collection)).toEqual({
      units: [],
      backbone: null,
      unexplained: [{ start: 0, end: 400 }],
    });
  });

  it('recognises every part that can be released, by its own id', () => {
    const released = collection.parts.filter(({ role, id }) => role !== 'SO:0000755' && id !== 'R0063_AB');
    for (const { id, sequence: text, topology } of released) {
      const { left, insert, right } = digestToInsert({ name: id, sequence: text, topology }, findEnzyme('BsaI'));
      const padded = `${left}${insert}${right}${'ACGGTTCA'.repeat(20)}`;
      expect(unitsOf(readGenotype(padded, collection)).flat()).toContain(id);
    }
  });
});
