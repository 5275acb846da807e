import * as fc from 'fast-check';
import type { Control } from '../campaign/campaign';
import { plateGrids } from '../labware/wells';
import { generatorFor } from '../random/generator';
import { ulToPl } from '../units/volume';
import type { MeasuredCulture } from './growth';
import type { AssayLayouts } from './plan-back-dilution';
import { dilutionUl, planBackDilution } from './plan-back-dilution';
import type { PlanScope } from './plan-scope';
import { layOut, layoutScore } from './plate-layout';

const scope: PlanScope = {
  campaign: 'demo',
  round: 1,
  stepKey: 'r1/test/measure.1/back-dilution',
  pass: 1,
  seed: 7,
  ids: { labwareId: (barcode) => `id:${barcode}`, sampleId: (labware, well) => `${labware}/${well}` },
};
const controls: Control[] = [
  { id: 'blank', kind: 'blank', wellsPerPlate: 4, bands: [] },
  { id: 'dark', kind: 'negative', sample: 'empty-vector', wellsPerPlate: 3, bands: [] },
  { id: 'reference', kind: 'reference', sample: 'two-colour', wellsPerPlate: 3, bands: [] },
];
const culture = (
  id: string,
  origin: { constructId?: string; code?: string },
  od: number | undefined = 4,
): MeasuredCulture => ({
  // prettier-ignore
  culture: {
    labwareId: 'starter',
    barcode: 'STARTER',
    kind: 'deepwell-96',
    well: 'A1',
    availablePl: ulToPl(480),
    sampleId: id,
    ...(origin.constructId ? { cloneId: `clone-${origin.constructId}` } : {}),
    ...origin,
  },
  labwareKey: 'STA1',
  odLabwareId: 'od',
  odWell: 'A1',
  od,
});
const controlCultures = [culture('n1', { code: 'empty-vector' }), culture('r1', { code: 'two-colour' }), culture('r2', { code: 'two-colour' })]; // prettier-ignore
const constructCultures = (constructs: number, replicates = 3): MeasuredCulture[] =>
  Array.from({ length: constructs * replicates }, (_, index) =>
    culture(`k${index}`, { constructId: `c${Math.floor(index / replicates)}` }),
  );
const stock = [
  { labwareId: 't', barcode: 'T', kind: 'reservoir-12', well: 'A3', code: 'assay-medium', availablePl: ulToPl(1e5) },
];
const plan = (cultures: readonly MeasuredCulture[], startOd = 0.05) =>
  planBackDilution({ scope, cultures, controls, wellsPerCulture: 1, startOd, stock });
const layoutsOf = (result: ReturnType<typeof plan>): AssayLayouts => result.values['layout'] as AssayLayouts;

describe('dilution', () => {
  it.each([
    [0.05, 4, 2.5, false],
    [0.05, 2.6, 3.8, false],
    [0.05, 8, 2, true],
    [0.05, 0.01, 100, true],
    [0.05, 0, 100, true],
    [1, 2, 100, false],
  ])('starts OD %p from a culture at OD %p with %p µL (clamped: %p)', (startOd, od, volumeUl, clamped) => {
    expect(dilutionUl(startOd, od)).toEqual({ volumeUl, clamped });
  });

  it('reaches the start OD within the step of the pipette wherever it is not clamped', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: 0.5, noNaN: true }),
        fc.double({ min: 0.1, max: 10, noNaN: true }),
        (startOd, od) => {
          // prettier-ignore
          const { volumeUl, clamped } = dilutionUl(startOd, od);
          expect(volumeUl).toBeGreaterThanOrEqual(2);
          expect(volumeUl).toBeLessThanOrEqual(100);
          if (!clamped) expect(Math.abs((volumeUl * od) / 200 - startOd)).toBeLessThanOrEqual((0.0501 * od) / 200);
        },
      ),
    );
  });
});

describe('back-dilution plan', () => {
  const result = plan([...constructCultures(24), ...controlCultures]);
  const [layout] = Object.values(layoutsOf(result)) as [AssayLayouts[string]];

  it('puts 24 constructs in triplicate and all controls on one plate', () => {
    const roles = Object.values(layout.wells).map(({ role }) => role);
    const count = (role: string): number => roles.filter((each) => each === role).length;
    expect(result.labware['assayPlate']).toHaveLength(1);
    expect(['sample', 'blank', 'negative', 'reference'].map(count)).toEqual([72, 4, 3, 3]);
  });

  it('fills every well to 200 µL and blanks with medium alone', () => {
    const { transfers } = result.worklists['dilute']?.['ASY1'] ?? { transfers: [] };
    for (const [well, { role }] of Object.entries(layout.wells)) {
      const into = transfers.filter(({ toWell }) => toWell === well);
      expect(into.reduce((sum, { volumePl }) => sum + volumePl, 0)).toBe(ulToPl(200));
      expect(into).toHaveLength(role === 'blank' ? 1 : 2);
    }
  });

  it('scores better than random layouts and says so', () => {
    expect(layout.score).toBeLessThan(layout.randomScore);
  });

  it('keeps replicates of a construct from touching', () => {
    const byConstruct = new Map<string, string[]>();
    for (const [well, { constructId }] of Object.entries(layout.wells)) {
      if (constructId) byConstruct.set(constructId, [...(byConstruct.get(constructId) ?? []), well]);
    }
    for (const wells of byConstruct.values()) {
      const items = wells.map(() => ({ group: 'x', control: true }));
      expect(layoutScore(items, wells, plateGrids[96])).toBeLessThan(3);
    }
  });

  it('spreads the replicates of a construct over the plates when there are several', () => {
    const layouts = Object.values(layoutsOf(plan([...constructCultures(40), ...controlCultures])));
    expect(layouts).toHaveLength(2);
    const plates = layouts.map(({ wells }) => new Set(Object.values(wells).map(({ constructId }) => constructId)));
    for (let index = 0; index < 40; index++) expect(plates.every((plate) => plate.has(`c${index}`))).toBe(true);
    for (const { wells } of layouts) expect(Object.values(wells).filter(({ role }) => role === 'blank')).toHaveLength(4); // prettier-ignore
  });

  it('leaves out cultures that did not grow or were not read, and reports them and what was clamped', () => {
    const cultures = [
      culture('dead', { constructId: 'c1' }, 0.1),
      { ...culture('unread', { constructId: 'c2' }), od: undefined },
      culture('dense', { constructId: 'c3' }, 20),
      ...controlCultures,
    ];
    const { values } = plan(cultures);
    expect(values).toMatchObject({
      notGrown: ['dead', 'unread'],
      grownConstructs: ['c3'],
      notGrownConstructs: ['c1', 'c2'],
      clamps: [{ cultureId: 'dense', volumeUl: 2, startOd: 0.2 }],
    });
  });

  it('plans nothing when no construct grew', () => {
    expect(plan(controlCultures).labware['assayPlate']).toEqual([]);
  });

  it('refuses without a culture of a control', () => {
    const refused = (): unknown => plan([...constructCultures(1), ...controlCultures.slice(1)]);
    expect(refused).toThrow(expect.objectContaining({ code: 'control-missing' }));
  });

  it('is the same for the same seed, whatever order the cultures come in', () => {
    const cultures = [...constructCultures(5), ...controlCultures];
    expect(plan([...cultures].reverse()).values['layout']).toEqual(plan(cultures).values['layout']);
  });
});

describe('layout', () => {
  it('uses distinct wells and refuses more items than wells', () => {
    const items = Array.from({ length: 96 }, (_, index) => ({ group: `g${index % 32}`, control: false }));
    const { wells } = layOut(items, plateGrids[96], generatorFor('x'));
    expect(new Set(wells).size).toBe(96);
    expect(() => layOut([...items, ...items], plateGrids[96], generatorFor('x'))).toThrow(/192 wells/);
  });
});
