import { parseCampaign, shippedContext } from '../../../libs/campaign/document/parse-campaign';
import { exampleCampaignText } from '../../../libs/campaign/library/examples';
import type { Campaign } from '../../../libs/campaign/campaign';
import { loadShippedProtocol } from '../../../libs/protocol/library/shipped';
import type { OperationStep, PlanResult } from '../../../libs/protocol/protocol';
import { isOperation, isRepeat } from '../../../libs/protocol/protocol';
import { findUnitOperation } from '../../../libs/protocol/unit-operations';
import type { UnitOperation } from '../../../libs/protocol/unit-operations';
import type { OperationRun } from '../../../workflows/device-work/device-work.activities';
import { resolveProtocol, valueAt } from './load-protocol';
import { resolveEffects, resolveParameters, runDurationMs } from './operation-parameters';
import { plansInScope } from './plans-in-scope';

const campaign = ((): Campaign => {
  const parsed = parseCampaign(exampleCampaignText('demo'), shippedContext());
  if (!parsed.ok) throw new Error('the example does not validate');
  return parsed.campaign;
})();

const plan = (change: Partial<PlanResult>): PlanResult => ({ labware: {}, worklists: {}, values: {}, verdicts: {}, summary: '', ...change }); // prettier-ignore
const plate = (key: string) => ({ key, labwareId: `id-${key}`, barcode: key, kind: 'deepwell-96' });
const sample = (well: string) => ({ labwareId: 'id-CUL1', well, sampleId: well, kind: 'culture' as const });
const worklist = { transfers: [], products: [sample('A1'), sample('B1')] };
const results = new Map([
  ['r1/picking', plan({ labware: { culturePlate: [plate('CUL1')] }, worklists: { picks: { CUL1: worklist } } })],
  ['r1/growth', plan({ values: { grownWells: { CUL1: ['B1'] } } })],
  ['r1/other', plan({ values: { wells: { GLY1: ['C3'] } } })],
]);
const run = (step: Partial<OperationStep>): OperationRun => ({
  stepKey: 'r1/build/step/CUL1',
  step: { id: 'step', operation: 'sequence', forEach: 'culturePlate', labware: {}, with: {}, ...step },
  labwareKey: 'CUL1',
  priorStepKeys: { picking: 'r1/picking', growth: 'r1/growth', other: 'r1/other' },
  needs: [],
  tellsSuccess: false,
});
const operation = (id: string): UnitOperation => findUnitOperation(id) as UnitOperation;
const parametersOf = (id: string, given: OperationStep['with']): Record<string, unknown> => {
  const asked = run({ operation: id, with: given });
  return resolveParameters(asked, operation(id), plansInScope(asked, results));
};

describe('parameters of a job', () => {
  it.each([
    ['a literal', 'store', { place: 'fridge-4' }, { place: 'fridge-4' }],
    ['a wrapped value', 'read-plate', { reads: { value: [1] } }, { reads: [1] }],
    ['an output of this labware', 'sequence', { wells: { output: 'growth.grownWells' } }, { wells: ['B1'] }],
    ['all filled wells for an output of other labware', 'sequence', { wells: { output: 'other.wells' } }, { wells: ['A1', 'B1'] }], // prettier-ignore
    ['nothing for a worklist, which travels as a file', 'transfer', { worklist: { output: 'picking.picks' } }, {}],
  ])('are %s', (_, id, given, expected) => {
    expect(parametersOf(id, given)).toEqual(expected);
  });

  it('are refused when no plan gave what they point to', () => {
    expect(() => parametersOf('sequence', { wells: { output: 'absent.wells' } })).toThrow(/no earlier plan/);
    const asked = run({});
    const plans = plansInScope(asked, results);
    expect(() => plans.worklist({ output: 'picking.absent' }, 'CUL1')).toThrow(/no worklist for CUL1/);
  });
});

describe('durations and effects of a job', () => {
  it.each([
    ['transfer', {}, 96, 120_000 + 96_000],
    ['thermocycle', { program: 'golden-gate', duration: '3h' }, 0, 10_800_000],
    ['read-plate', { reads: [], every: '10min', for: '6h' }, 0, 180_000 + 21_600_000],
    ['read-plate', { reads: [] }, 0, 180_000],
  ])('%s lasts as long as it is asked to', (id, parameters, transfers, expected) => {
    expect(runDurationMs(operation(id), parameters, transfers)).toBe(expected);
  });

  it('refuses a duration that is none', () => {
    expect(() => runDurationMs(operation('thermocycle'), { duration: 'long' }, 0)).toThrow(/duration/);
  });

  it.each([
    ['seal', { seal: 'breathable' }, [{ role: 'plate', seal: 'breathable' }]],
    ['peel', {}, [{ role: 'plate', seal: 'none' }]],
    ['incubate', { place: 'incubator-37' }, [{ role: 'plate', toPlace: 'incubator-37' }]],
    ['transfer', {}, []],
  ])('%s leaves what it was asked for', (id, parameters, expected) => {
    expect(resolveEffects(operation(id), parameters)).toEqual(expected);
  });
});

describe('a protocol of a round', () => {
  it('has every pointer into the campaign replaced by its value', () => {
    const build = resolveProtocol(loadShippedProtocol('golden-gate-two-level', '1'), campaign);
    expect(JSON.stringify(build)).not.toContain('"campaign"');
    expect(build.steps.filter(isRepeat).map(({ max }) => max)).toEqual([campaign.build.attempts, campaign.build.attempts]); // prettier-ignore
    const test = resolveProtocol(loadShippedProtocol('plate-kinetic', '1'), campaign);
    const read = test.steps
      .filter(isRepeat)[0]
      ?.repeat.filter(isOperation)
      .find(({ id }) => id === 'read');
    expect(read?.with['reads']).toEqual({ value: campaign.assay.reads });
  });

  it('is refused when it points to nothing', () => {
    const protocol = loadShippedProtocol('plate-kinetic', '1');
    const steps = [{ id: 'x', plan: 'evaluate', inputs: { from: { campaign: '/absent/key' } } }];
    expect(() => resolveProtocol({ ...protocol, steps }, campaign)).toThrow(expect.objectContaining({ code: 'protocol-invalid' })); // prettier-ignore
  });

  it('follows JSON pointers with escapes and list indices', () => {
    expect(valueAt({ 'a/b': [{ c: 7 }] }, '/a~1b/0/c')).toBe(7);
    expect(valueAt({ a: 1 }, '/a/b')).toBeUndefined();
  });
});
