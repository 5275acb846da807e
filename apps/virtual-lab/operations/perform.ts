import { moveLiquid } from './liquid';
import { readPlate, sequence } from './measurements';
import type { Course, Performance } from './performance';
import { moveLabware, sealPlate, thermocycle } from './plates';

/** Carries out a job motion by motion; the caller lets each motion happen before it asks for the next. */
export function perform(run: Performance): Course {
  const { spec } = run.job;
  switch (spec.operation) {
    case 'transfer':
      return moveLiquid(run, 'transfer');
    case 'pick-colonies':
      return moveLiquid(run, 'pick');
    case 'purify':
      return moveLiquid(run, 'purify');
    case 'seal':
      return sealPlate(run, spec.parameters.seal === 'breathable' ? 'breathable' : 'foil');
    case 'peel':
      return sealPlate(run, 'none');
    case 'thermocycle':
      return thermocycle(run);
    case 'read-plate':
      return readPlate(run);
    case 'sequence':
      return sequence(run);
    default:
      return spec.capability === 'move-labware' ? moveLabware(run) : refuse(`cannot do "${spec.operation}"`);
  }
}

function* refuse(message: string): Course {
  return { problem: { code: 'not-able', message }, done: [] };
}
