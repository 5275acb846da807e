import * as fc from 'fast-check';
import { growth, transformation } from '../../apps/virtual-lab/physics/constants';
import { heatShock, pickColony, plate, visibleColonies } from '../../apps/virtual-lab/physics/colonies';
import { channelPerOd, expressionAtLoad, growthAtLoad, Phenotypes } from '../../apps/virtual-lab/physics/expression';
import { cycleGoldenGate, femtomoles, nanograms } from '../../apps/virtual-lab/physics/golden-gate';
import { densityOf, keepWarm, logistic } from '../../apps/virtual-lab/physics/growth';
import { controlPlasmids, Plasmids } from '../../apps/virtual-lab/physics/plasmids';
import type { Well } from '../../apps/virtual-lab/physics/well';
import { draw, emptyWell, pour } from '../../apps/virtual-lab/physics/well';
import { findPart, loadCollection } from '../../libs/dna/collections/collection';
import { findEnzyme } from '../../libs/dna/enzymes';
import { assembleGoldenGate } from '../../libs/dna/golden-gate';

const collection = loadCollection('cidar-moclo', '1');
const plasmids = new Plasmids(collection);
const phenotypes = new Phenotypes(plasmids);
const hourMs = 3_600_000;
const sequence = (id: string): string => findPart(collection, id).sequence;
const keyOf = (id: string): string => plasmids.keyOf(sequence(id));
const gfpUnit = ['DVK_AE', 'J23106_AB', 'B0034m_BC', 'E0040m_CD', 'B0015_DE'];
const assembled = (ids: readonly string[]): string =>
  assembleGoldenGate(ids.map((id) => findPart(collection, id)), findEnzyme('BsaI')).products[0]?.sequence as string; // prettier-ignore

/** 20 fmol of each plasmid in 10 µL, a fifth of it master mix. */
function pot(ids: readonly string[], mix = 'golden-gate-mix-BsaI'): Well {
  const dna = Object.fromEntries(ids.map((id) => [keyOf(id), nanograms(20, sequence(id).length)]));
  return { ...emptyWell(), volumePl: 10e6, liquids: { water: 8e6, [mix]: 2e6 }, dna };
}

const keyed = (well: string, stepKey = 'r1/build/x', count = 1) => ({ barcode: 'PLATE', well, stepKey, count });

describe('liquid', () => {
  it('moves every component in proportion and loses nothing', () => {
    const amount = fc.double({ min: 0, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e9 }),
        fc.integer({ min: 1, max: 1e9 }),
        amount,
        amount,
        (held, asked, ng, cells) => {
          const from: Well = {
            ...emptyWell(),
            volumePl: held,
            liquids: { water: held },
            dna: { p: ng },
            cells: { p: cells },
          };
          const to = emptyWell();
          pour(to, draw(from, asked));
          const taken = Math.min(held, asked);
          expect(to.volumePl).toBe(taken);
          expect(from.volumePl).toBe(held - taken);
          expect((to.dna.p ?? 0) + (from.dna.p ?? 0)).toBeCloseTo(ng, 4);
          expect(to.cells.p ?? 0).toBeCloseTo((cells * taken) / held, 4);
        },
      ),
    );
  });
});

describe('a Golden Gate reaction', () => {
  const wells = Array.from({ length: 300 }, (_, at) => `W${at}`);

  it('makes the plasmid its inputs assemble to, from the scarcest of them', () => {
    const product = plasmids.keyOf(assembled(gfpUnit));
    const fmol = wells.map((name) => {
      const well = pot(gfpUnit);
      cycleGoldenGate(well, plasmids, 1, keyed(name), true);
      return femtomoles(well.dna[product] ?? 0, plasmids.sequenceOf(product).length);
    });
    const made = fmol.filter((amount) => amount > 0);
    expect(made.length / fmol.length).toBeCloseTo(0.97, 1);
    expect(made.reduce((sum, amount) => sum + amount, 0) / made.length).toBeCloseTo(20 * 0.35, 0);
    expect(Math.max(...made)).toBeLessThanOrEqual(20);
  });

  it.each([
    ['without master mix', gfpUnit, 'buffer'],
    ['with the enzyme of the other level', gfpUnit, 'golden-gate-mix-BbsI'],
    ['without its terminator', gfpUnit.slice(0, 4), 'golden-gate-mix-BsaI'],
    ['without its vector', gfpUnit.slice(1), 'golden-gate-mix-BsaI'],
  ])('makes nothing %s', (_, ids, mix) => {
    const well = pot(ids, mix);
    const before = { ...well.dna };
    cycleGoldenGate(well, plasmids, 1, keyed('A1'), true);
    expect(well.dna).toEqual(before);
  });

  it('makes another plasmid when the pot holds another part', () => {
    const well = pot(gfpUnit.map((id) => (id === 'E0040m_CD' ? 'E1010m_CD' : id)));
    cycleGoldenGate(well, plasmids, 1, keyed('A1'), true);
    expect(Object.keys(well.dna)).not.toContain(plasmids.keyOf(assembled(gfpUnit)));
    expect(phenotypes.of(Object.keys(well.dna).find((key) => !plasmids.isVector(key)) as string).rfuPerOd).toHaveProperty('RFP'); // prettier-ignore
  });

  it('yields less when the plate was not sealed', () => {
    const [sealed, open] = [pot(gfpUnit), pot(gfpUnit)];
    cycleGoldenGate(sealed, plasmids, 1, keyed('A1'), true);
    cycleGoldenGate(open, plasmids, 1, keyed('A1'), false);
    const product = plasmids.keyOf(assembled(gfpUnit));
    expect(open.dna[product]).toBeLessThan((sealed.dna[product] as number) * 0.5);
  });
});

describe('colonies', () => {
  const product = plasmids.keyOf(assembled(gfpUnit));
  const shocked = (name: string, ng: number): Well => {
    const well: Well = { ...emptyWell(), volumePl: 22e6, liquids: { 'competent-cells': 20e6 }, dna: { [product]: ng } };
    heatShock(well, 1, keyed(name));
    return well;
  };

  it('appear by Poisson around what the DNA, the cells and the plated share say', () => {
    const counts = Array.from({ length: 400 }, (_, at) => {
      const region = emptyWell();
      plate(region, draw(shocked(`W${at}`, 3), 5e6), plasmids, 1, keyed(`W${at}`));
      region.warmMs = 16 * hourMs;
      return visibleColonies(region);
    });
    const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
    const expected = transformation.mostPerUl * 20 * (3 / (3 + transformation.halfNg)) * (5 / 22);
    expect(Math.abs(mean - expected)).toBeLessThan(0.08 * expected);
    expect(new Set(counts).size).toBeGreaterThan(10);
  });

  it('carry a changed base at the stated rate, and are no other plasmid otherwise', () => {
    const region = emptyWell();
    plate(region, { volumePl: 5e6, liquids: {}, dna: {}, cells: { [product]: 4_000 } }, plasmids, 1, keyed('A1'));
    const wrong = (region.colonies ?? []).filter((key) => key !== product);
    expect(wrong.length / (region.colonies?.length ?? 1)).toBeCloseTo(transformation.pointMutation, 1);
    const [first] = wrong as [string];
    const [a, b] = [plasmids.sequenceOf(first), plasmids.sequenceOf(product)];
    expect([...a].filter((base, at) => base !== b[at])).toHaveLength(1);
  });

  it('are seen only after a night at 37 °C, and picked once each', () => {
    const region = emptyWell();
    plate(region, { volumePl: 5e6, liquids: {}, dna: {}, cells: { [product]: 3 } }, plasmids, 5, keyed('A1'));
    region.warmMs = 2 * hourMs;
    expect(pickColony(region, 5, keyed('B1'))).toBeUndefined();
    region.warmMs = 16 * hourMs;
    const count = visibleColonies(region);
    for (let at = 0; at < count; at++) expect(pickColony(region, 5, keyed(`B${at}`))).toBeDefined();
    expect(pickColony(region, 5, keyed('B99'))).toBeUndefined();
  });

  it('do not come from DNA without cells or cells without DNA', () => {
    const bare: Well = { ...emptyWell(), volumePl: 20e6, liquids: { 'competent-cells': 20e6 } };
    heatShock(bare, 1, keyed('A1'));
    expect(bare.cells).toEqual({});
    const naked: Well = { ...emptyWell(), volumePl: 2e6, liquids: { water: 2e6 }, dna: { [product]: 5 } };
    heatShock(naked, 1, keyed('A1'));
    expect(naked.cells).toEqual({});
  });
});

describe('growth', () => {
  const empty = plasmids.keyOf(controlPlasmids(collection)['empty-vector'] as string);
  const culture = (name: string, liquids: Record<string, number> = { medium: 1e9 }) => ({
    barcode: 'C',
    wellName: name,
    kind: 'deepwell-96',
    well: {
      ...emptyWell(),
      volumePl: 1e9,
      liquids,
      cells: { [empty]: 1e6 },
      origin: { stepKey: 's', count: 1 },
    } as Well,
  });
  const odAfter = (name: string, ...hours: readonly number[]): number => {
    const grown = culture(name);
    for (const h of hours) keepWarm(grown, h * hourMs, phenotypes, 1);
    return densityOf(grown.well);
  };

  it.each([
    ['in one piece or several', [16], [4, 8, 4]],
    ['from the first to the last hour of a hold', [12], [24]],
    ['however long it waits in the hold', [16], [16, 4]],
  ])('saturates the same %s', (_, one, other) => {
    for (const name of ['A1', 'B7', 'H12']) expect(odAfter(name, ...other)).toBeCloseTo(odAfter(name, ...one), 9);
  });

  it('falls to half when it is kept warm for longer than a day', () => {
    expect(odAfter('A1', 25)).toBeCloseTo(odAfter('A1', 16) * growth.spoiledDensityShare, 9);
  });

  it('follows the logistic before it saturates', () => {
    expect(logistic(0.01, 4, 1, 0)).toBeCloseTo(0.01, 12);
    expect(logistic(0.01, 4, 1, 2 * hourMs) / 0.01).toBeCloseTo(Math.exp(2), 0);
    expect(logistic(0.01, 4, 1, 100 * hourMs)).toBeCloseTo(4, 6);
    expect(odAfter('A1', 2)).toBeLessThan(odAfter('A1', 6));
  });

  it.each([
    ['without medium', { water: 1e9 }],
    ['in glycerol', { medium: 5e8, 'glycerol-50': 5e8 }],
  ])('does not happen %s', (_, liquids) => {
    const still = culture('A1', liquids);
    const before = densityOf(still.well);
    keepWarm(still, 16 * hourMs, phenotypes, 1);
    expect(densityOf(still.well)).toBe(before);
  });

  it('fails in about one well of fifty', () => {
    const dead = Array.from({ length: 1_000 }, (_, at) => odAfter(`W${at}`, 16)).filter((od) => od < 0.1);
    expect(dead.length / 1_000).toBeCloseTo(growth.deadCulture, 1);
    expect(dead.length).toBeGreaterThan(5);
  });
});

describe('expression', () => {
  const gfp = { wavelengthNm: 485, emissionNm: 520 };
  const rfp = { wavelengthNm: 584, emissionNm: 607 };
  const unit = (promoter: string, rbs: string): string =>
    plasmids.keyOf(assembled(['DVK_AE', promoter, rbs, 'E0040m_CD', 'B0015_DE']));

  it.each([
    ['a stronger promoter', ['J23116_AB', 'B0032m_BC'], ['J23106_AB', 'B0032m_BC']],
    ['a stronger ribosome binding site', ['J23116_AB', 'B0032m_BC'], ['J23116_AB', 'B0034m_BC']],
  ] as const)('rises with %s while the load is small', (_, weak, strong) => {
    const value = ([promoter, rbs]: readonly [string, string]): number => channelPerOd(phenotypes.of(unit(promoter, rbs)), gfp); // prettier-ignore
    expect(value(strong)).toBeGreaterThan(1.3 * value(weak));
  });

  it('costs growth, and the more the stronger', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 5, noNaN: true }),
        fc.double({ min: 0.01, max: 5, noNaN: true }),
        (load, more) => {
          expect(growthAtLoad(load + more)).toBeLessThan(growthAtLoad(load));
          expect(expressionAtLoad(load + more)).toBeLessThan(expressionAtLoad(load));
        },
      ),
    );
    expect(growthAtLoad(0)).toBe(growth.ratePerH);
  });

  it('has its best output at a medium load, not at the strongest parts', () => {
    const output = (load: number): number => load * expressionAtLoad(load);
    const loads = Array.from({ length: 200 }, (_, at) => 0.01 * (at + 1));
    const best = loads.reduce((a, b) => (output(b) > output(a) ? b : a));
    expect(best).toBeGreaterThan(0.2);
    expect(best).toBeLessThan(1);
    expect(output(2)).toBeLessThan(0.6 * output(best));
  });

  it('shows each protein in its own channel only', () => {
    const reference = phenotypes.of(plasmids.keyOf(controlPlasmids(collection)['reference-two-colour'] as string));
    const dark = phenotypes.of(plasmids.keyOf(controlPlasmids(collection)['empty-vector'] as string));
    expect(channelPerOd(dark, gfp)).toBe(channelPerOd(dark, rfp));
    expect(channelPerOd(reference, gfp)).toBeGreaterThan(5 * channelPerOd(dark, gfp));
    expect(channelPerOd(reference, rfp)).toBeGreaterThan(5 * channelPerOd(dark, rfp));
    expect(channelPerOd(phenotypes.of(unit('J23106_AB', 'B0034m_BC')), rfp)).toBe(channelPerOd(dark, rfp));
  });

  it('is dark when the coding sequence is damaged, though it still burdens', () => {
    const intact = unit('J23106_AB', 'B0034m_BC');
    const cds = plasmids.genotypeOf(intact).units[0]?.cds;
    const at = (cds?.start ?? 0) + 300;
    const text = plasmids.sequenceOf(intact);
    const broken = plasmids.keyOf(text.slice(0, at) + (text[at] === 'A' ? 'C' : 'A') + text.slice(at + 1));
    expect(phenotypes.of(broken).rfuPerOd).toEqual({});
    expect(phenotypes.of(broken).growthPerH).toBeCloseTo(phenotypes.of(intact).growthPerH, 2);
  });
});
