import type { LabwareEffect, Seal } from '../../../libs/device/job';
import { DomainError } from '../../../libs/errors/domain-error';
import type { UnitOperation } from '../../../libs/protocol/unit-operations';
import { parseDuration } from '../../../libs/units/lab-time';
import type { OperationRun } from '../../../workflows/device-work/device-work.activities';
import { literalOf } from './planner-context';
import type { PlansInScope } from './plans-in-scope';
import { isOutput } from './plans-in-scope';

/** Parameters of a job: literals unwrapped, outputs looked up, worklists left out (a device gets them as a file). */
export function resolveParameters(
  run: OperationRun,
  operation: UnitOperation,
  plans: PlansInScope,
): Record<string, unknown> {
  const parameters: Record<string, unknown> = {};
  for (const [name, { type }] of Object.entries(operation.parameters)) {
    const given = run.step.with[name];
    if (type === 'worklist' || given === undefined) continue;
    const value = isOutput(given) ? plans.output(given.output, run.labwareKey) : literalOf(given);
    parameters[name] = type === 'wells' ? wellsFor(run, plans, value) : value;
  }
  return parameters;
}

/**
 * Wells given as a list, or by key of other labware: then every well the plan of this labware fills. Given by key of this
 * labware's variable but not for this one, it has none.
 */
function wellsFor(run: OperationRun, plans: PlansInScope, value: unknown): readonly string[] {
  if (Array.isArray(value)) return value as string[];
  const keys = Object.keys((value ?? {}) as object);
  const own = plans.instances(run.step.forEach).some(({ key }) => keys.includes(key));
  return own || keys.length === 0 ? [] : plans.filledWells(run.step.forEach, run.labwareKey);
}

/**
 * Expected duration in lab time: the operation's own, its transfers, and the duration it is asked to last.
 * @throws DomainError `protocol-invalid` for a duration that is none.
 */
export function runDurationMs(
  operation: UnitOperation,
  parameters: Readonly<Record<string, unknown>>,
  transfers: number,
): number {
  const asked = Object.entries(operation.parameters)
    .filter(([name, { type }]) => type === 'duration' && name !== 'every' && parameters[name] !== undefined)
    .reduce((sum, [name]) => sum + durationOf(parameters[name]), 0);
  return operation.durationMs + operation.durationPerTransferMs * transfers + asked;
}

function durationOf(value: unknown): number {
  if (typeof value === 'number') return value;
  const ms = typeof value === 'string' ? parseDuration(value) : undefined;
  if (ms === undefined) throw new DomainError('protocol-invalid', `Expected a duration, found ${String(value)}.`);
  return ms;
}

/** Effects with the seal and the place the parameters name. */
export function resolveEffects(
  { effects, parameters: known }: UnitOperation,
  parameters: Readonly<Record<string, unknown>>,
): LabwareEffect[] {
  return effects.map((effect) => ({
    ...effect,
    ...('seal' in known ? { seal: parameters['seal'] as Seal } : {}),
    ...('place' in known ? { toPlace: parameters['place'] as string } : {}),
  }));
}
