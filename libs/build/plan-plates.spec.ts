import type { PlannedLabware, PlanResult } from '../protocol/protocol';
import { findLabwareKind } from '../labware/kinds';
import { parseWell } from '../labware/wells';
import { ulToPl } from '../units/volume';
import { planOdCheck } from './plan-od-check';
import { planPicking } from './plan-picking';
import { planPlating } from './plan-plating';
import type { PlanScope } from './plan-scope';
import { planStarterCultures } from './plan-starter-cultures';
import { planStocks } from './plan-stocks';
import { planTransformation } from './plan-transformation';
import type { SampleWell, StockWell } from './source-well';
import { WorklistBuilder } from './worklist-builder';
import { wellsByColumn } from '../labware/wells';

const scope: PlanScope = {
  campaign: 'demo',
  round: 2,
  stepKey: 'r2/build/level1.1/step',
  pass: 1,
  seed: 7,
  ids: { labwareId: (barcode) => `id:${barcode}`, sampleId: (labware, well) => `${labware}/${well}` },
};
const trough = (code: string, well: string): StockWell => ({
  labwareId: 'trough',
  barcode: 'TROUGH',
  kind: 'reservoir-12',
  well,
  code,
  availablePl: ulToPl(200_000),
});
const stock = ['competent-cells', 'medium', 'glycerol-50', 'control-a'].map((code, i) => trough(code, `A${i + 1}`));
const samples = (count: number, kind = 'pcr-96', perPlate = 96): SampleWell[] =>
  Array.from({ length: count }, (_, index) => ({
    labwareId: `plate${Math.floor(index / perPlate)}`,
    barcode: `PLATE${Math.floor(index / perPlate)}`,
    kind,
    well: wellsByColumn(findLabwareKind(kind))[index % perPlate] as string,
    availablePl: ulToPl(500),
    sampleId: `s${index}`,
    constructId: `c${index}`,
    cloneId: `clone${index}`,
  }));

const plans: [string, PlanResult][] = [
  ['transformation', planTransformation({ scope, reactions: samples(100), stock })],
  ['plating', planPlating({ scope, transformations: samples(100) })],
  ['picking', planPicking({ scope, regions: samples(60, 'agar-48', 48), stock, coloniesPerRegion: 2, labelOf: (id) => id })], // prettier-ignore
  ['od-check', planOdCheck({ scope, cultures: samples(120, 'deepwell-96', 94), stock })],
  ['glycerol stocks', planStocks({ scope, kind: 'glycerol', cultures: samples(100, 'deepwell-96', 94), stock })],
  ['minipreps', planStocks({ scope, kind: 'miniprep', cultures: samples(100, 'deepwell-96', 94), stock })],
  ['starter cultures', planStarterCultures({ scope, clones: samples(40, 'storage-96'), controls: [], stock, replication: { clonesPerDesign: 1, culturesPerClone: 3, wellsPerCulture: 1 } })], // prettier-ignore
];

const labwareOf = (plan: PlanResult): PlannedLabware[] => Object.values(plan.labware).flat();
const worklistsInto = (plan: PlanResult, key: string) => Object.values(plan.worklists).map((byKey) => byKey[key]);

describe.each(plans)('%s plan', (_, plan) => {
  it('has unique plates, one worklist for each, and ordinals from 1', () => {
    const plates = labwareOf(plan);
    expect(new Set(plates.map(({ barcode }) => barcode)).size).toBe(plates.length);
    for (const { key, labwareId } of plates) {
      for (const worklist of worklistsInto(plan, key)) {
        expect(worklist?.transfers.map(({ ordinal }) => ordinal)).toEqual(worklist?.transfers.map((_t, i) => i + 1));
        expect(worklist?.transfers.every(({ toLabwareId }) => toLabwareId === labwareId)).toBe(true);
      }
    }
  });

  it('fills no well over its brim and names only wells the plate has', () => {
    for (const { key, kind } of labwareOf(plan)) {
      const filled = new Map<string, number>();
      for (const { toWell, volumePl } of worklistsInto(plan, key).flatMap((worklist) => worklist?.transfers ?? [])) {
        parseWell(toWell, findLabwareKind(kind));
        filled.set(toWell, (filled.get(toWell) ?? 0) + volumePl);
      }
      for (const volumePl of filled.values()) expect(volumePl).toBeLessThanOrEqual(ulToPl(findLabwareKind(kind).maxUl));
    }
  });

  it('makes one sample per well, only where liquid goes', () => {
    for (const { key } of labwareOf(plan)) {
      const worklists = worklistsInto(plan, key);
      const products = worklists.flatMap((worklist) => worklist?.products ?? []);
      const reached = new Set(worklists.flatMap((worklist) => worklist?.transfers.map(({ toWell }) => toWell) ?? []));
      expect(new Set(products.map(({ sampleId }) => sampleId)).size).toBe(products.length);
      expect(products.every(({ well }) => reached.has(well))).toBe(true);
    }
  });
});

describe('plates', () => {
  const products = (plan: PlanResult) => Object.values(plan.worklists).flatMap((byKey) => Object.values(byKey).flatMap((worklist) => worklist.products)); // prettier-ignore

  it('keep the wells of the assembly plate through transformation', () => {
    const [, plan] = plans[0] as [string, PlanResult];
    const made = products(plan);
    expect(made.map(({ constructId, well }) => [constructId, well])).toEqual(samples(100).map(({ constructId, well }) => [constructId, well])); // prettier-ignore
  });

  it('of picked colonies are clones of their own, named by construct and number', () => {
    const made = products((plans[2] as [string, PlanResult])[1]);
    expect(made).toHaveLength(120);
    expect(made.every(({ cloneId, sampleId }) => cloneId === sampleId)).toBe(true);
    expect(made.slice(0, 3).map(({ code }) => code)).toEqual(['demo/r2/c0/1', 'demo/r2/c0/2', 'demo/r2/c1/1']);
  });

  it('of picked colonies share the load evenly', () => {
    const [, plan] = plans[2] as [string, PlanResult];
    expect(Object.values(plan.worklists['picks'] ?? {}).map(({ transfers }) => transfers.length)).toEqual([60, 60]);
  });

  it('of cultures leave the wells of the OD blanks free', () => {
    for (const name of ['picking', 'starter cultures']) {
      const plan = plans.find(([known]) => known === name)?.[1] as PlanResult;
      expect(products(plan).some(({ well }) => ['G12', 'H12'].includes(well))).toBe(false);
    }
    const [, odCheck] = plans[3] as [string, PlanResult];
    expect(odCheck.worklists['dilute']?.['ODC1']?.transfers.filter(({ toWell }) => toWell === 'H12')).toMatchObject([
      { volumePl: ulToPl(200) },
    ]);
  });

  it('of stocks keep construct and clone', () => {
    const made = products((plans[4] as [string, PlanResult])[1]);
    expect(made.map(({ cloneId }) => cloneId)).toEqual(samples(100).map(({ cloneId }) => cloneId));
  });

  it('refuse a kind of stock they do not know', () => {
    const kind = 'lyophilised' as 'glycerol';
    expect(() => planStocks({ scope, kind, cultures: [], stock })).toThrow(/glycerol or miniprep/);
  });
});

describe('starter cultures', () => {
  const control = { id: 'reference', kind: 'reference', sample: 'control-a', wellsPerPlate: 3, bands: [] } as const;
  const replication = { clonesPerDesign: 1, culturesPerClone: 2, wellsPerCulture: 1 };
  const two = samples(2, 'storage-96').map((clone) => ({ ...clone, constructId: 'same' }));

  it('take the clones the replication asks for, and grow each control twice', () => {
    const plan = planStarterCultures({ scope, clones: two, controls: [control], stock, replication });
    const made = Object.values(plan.worklists['inoculate'] ?? {}).flatMap((worklist) => worklist.products);
    expect(made.filter(({ constructId }) => constructId === 'same')).toHaveLength(2);
    expect(made.filter(({ code }) => code === 'control-a')).toHaveLength(2);
  });

  it('refuse a control the lab does not hold', () => {
    const absent = { ...control, sample: 'absent' };
    const refused = () => planStarterCultures({ scope, clones: two, controls: [absent], stock, replication });
    expect(refused).toThrow(expect.objectContaining({ code: 'control-missing' }));
  });
});

describe('worklist', () => {
  const plate: PlannedLabware = { key: 'P1', labwareId: 'p', barcode: 'P', kind: 'pcr-96' };

  it('refuses to fill a well over its brim, counting what is there', () => {
    const builder = new WorklistBuilder(plate, { A1: ulToPl(150) });
    builder.add({ labwareId: 's', well: 'A1' }, 'A1', ulToPl(50));
    expect(() => builder.add({ labwareId: 's', well: 'A1' }, 'A1', 1)).toThrow(/would hold 200000001 pL/);
  });

  it.each([0, -1, 0.5, Number.NaN])('refuses a volume of %p pL', (volumePl) => {
    expect(() => new WorklistBuilder(plate).add({ labwareId: 's', well: 'A1' }, 'A1', volumePl)).toThrow(/picolitres/);
  });
});
