import { DomainError } from '../../../libs/errors/domain-error';
import type { ParameterValue, PlannedLabware, PlannedWorklist, PlanResult } from '../../../libs/protocol/protocol';
import type { OperationRun } from '../../../workflows/device-work/device-work.activities';

/** What the plans before an operation have given, later ones hiding earlier ones. */
export interface PlansInScope {
  /** Instances of a labware variable in order; none when no plan made it. */
  instances(variable: string): readonly PlannedLabware[];
  everyLabware(): readonly PlannedLabware[];
  /** Wells of an instance that the plan which made it puts a sample into. */
  filledWells(variable: string, labwareKey: string): readonly string[];
  /** The value of an output `stepId.name` for one labware instance, or as a whole when it is not given by instance. */
  output(name: string, labwareKey: string): unknown;
  /**
   * The worklist a parameter points to.
   * @throws DomainError `protocol-invalid` when it points to none.
   */
  worklist(parameter: ParameterValue | undefined, labwareKey: string): PlannedWorklist;
}

/** Says whether a parameter points to an output of a plan. */
export const isOutput = (value: unknown): value is { readonly output: string } =>
  typeof value === 'object' && value !== null && 'output' in value;

/** Collects the plans an operation can see. */
export function plansInScope(run: OperationRun, results: ReadonlyMap<string, PlanResult>): PlansInScope {
  const plans = new Map<string, PlanResult>();
  for (const [stepId, stepKey] of Object.entries(run.priorStepKeys)) {
    const plan = results.get(stepKey);
    if (plan) plans.set(stepId, plan);
  }
  const latestFirst = [...plans.values()].reverse();
  const instances = (variable: string): readonly PlannedLabware[] =>
    latestFirst.find((plan) => plan.labware[variable] !== undefined)?.labware[variable] ?? [];
  const planOf = (name: string): { plan: PlanResult; output: string } => {
    const [stepId = '', output = ''] = name.split('.');
    const plan = plans.get(stepId);
    if (!plan) throw new DomainError('protocol-invalid', `${run.stepKey}: no earlier plan gives "${name}".`);
    return { plan, output };
  };
  return {
    instances,
    everyLabware: () => latestFirst.flatMap((plan) => Object.values(plan.labware).flat()),
    filledWells: (variable, labwareKey) => {
      const labware = instances(variable).find(({ key }) => key === labwareKey);
      const products = latestFirst.flatMap(({ worklists }) =>
        Object.values(worklists).flatMap((byKey) => Object.values(byKey).flatMap((worklist) => worklist.products)),
      );
      return products.filter(({ labwareId }) => labwareId === labware?.labwareId).map(({ well }) => well);
    },
    output: (name, labwareKey) => {
      const { plan, output } = planOf(name);
      const value = plan.values[output];
      return isByKey(value) && labwareKey in value ? value[labwareKey] : value;
    },
    worklist: (parameter, labwareKey) => {
      if (!isOutput(parameter)) {
        throw new DomainError('protocol-invalid', `${run.stepKey}: expected the worklist of a plan.`);
      }
      const { plan, output } = planOf(parameter.output);
      const worklist = plan.worklists[output]?.[labwareKey];
      if (worklist) return worklist;
      const message = `${run.stepKey}: "${parameter.output}" has no worklist for ${labwareKey}.`;
      throw new DomainError('protocol-invalid', message);
    },
  };
}

const isByKey = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
