import type { Seal } from '../../device/job';
import type { Draft } from './draft';
import type { Mistake } from './mistake';
import { below, mistake } from './mistake';
import type { LabwareVariableDocument, OperationStepDocument } from './protocol.dto';
import type { StepScope } from './step-scope';

/** Operations that reach into wells: a seal is in the way. */
const needsOpenPlate = ['transfer', 'pick-colonies', 'read-plate', 'purify'];
/** Operations that dry a plate out unless it is sealed. */
const wantsSeal: Readonly<Record<string, Seal>> = { thermocycle: 'foil', incubate: 'breathable' };

/** Warns where a plate is heated without a seal or worked on through one, and keeps the scope's seals. */
export function sealWarnings(
  step: Draft<OperationStepDocument>,
  pointer: string,
  scope: StepScope,
  labware: ReadonlyMap<string, Draft<LabwareVariableDocument>>,
): Mistake[] {
  const at = below(pointer, 'operation');
  return Object.values(step.labware ?? {}).flatMap((name) => {
    if (typeof name !== 'string' || step.operation === undefined) return [];
    const seal = scope.sealOf(name);
    if (step.operation === 'seal') scope.setSeal(name, step.with?.seal === 'breathable' ? 'breathable' : 'foil');
    if (step.operation === 'peel') {
      scope.setSeal(name, 'none');
      return seal === 'none'
        ? [mistake('protocol-invalid', at, 'a sealed plate to peel', `${name} without a seal`, 'remove the step')]
        : [];
    }
    if (needsOpenPlate.includes(step.operation) && seal !== 'none')
      return [mistake('protocol-invalid', at, 'an open plate', `${name} with a ${seal} seal`, 'peel it before')];
    const wanted = wantsSeal[step.operation];
    const isAgar = labware.get(name)?.kind?.startsWith('agar') ?? false;
    if (wanted === undefined || seal !== 'none' || isAgar) return [];
    return [
      mistake(
        'protocol-invalid',
        at,
        'a sealed plate, so that it does not dry out',
        `${name} without a seal`,
        `seal it (${wanted}) before`,
      ),
    ];
  });
}
