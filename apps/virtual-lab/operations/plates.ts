import { findPlace } from '../devices';
import { people } from '../physics/constants';
import { drawFor } from '../physics/draws';
import type { Course, Performance } from './performance';
import { missingLabware, platesOf, runOf } from './performance';

/** Seals a plate, or peels its seal. */
export function* sealPlate(run: Performance, seal: 'none' | 'foil' | 'breathable'): Course {
  const barred = missingLabware(run);
  if (barred) return { problem: barred };
  for (const { barcode } of platesOf(run)) yield { t: 'seal', ...runOf(run.job), barcode, seal, labTime: run.endsAt };
  return {};
}

/** Runs a program of the thermocycler. */
export function* thermocycle(run: Performance): Course {
  const barred = missingLabware(run);
  if (barred) return { problem: barred };
  const program = String(run.job.spec.parameters.program);
  for (const { barcode } of platesOf(run)) {
    const count = run.world.timesDone('cycle', run.job.stepKey, barcode) + 1;
    yield { t: 'cycle', ...runOf(run.job), barcode, program, count, labTime: run.endsAt };
  }
  return {};
}

/** A person scans the labware and carries it; now and then the scan or the shelf is the wrong one, and nothing has moved. */
export function* moveLabware(run: Performance): Course {
  const { job, world } = run;
  const scanned: string[] = [];
  for (const { role, barcode } of job.spec.labware) {
    const labware = world.find(barcode);
    const to = job.spec.effects.find((effect) => effect.role === role)?.toPlace ?? textOf(job.spec.parameters.place);
    if (!labware || to === undefined) continue;
    if (!findPlace(to)) return { problem: { code: 'unknown-place', message: `there is no place ${to}` } };
    const count = world.timesDone('try', job.stepKey, barcode) + 1;
    const mistake = mistakeOf(run, barcode, count);
    yield { t: 'try', ...runOf(job), barcode, count, problem: mistake ?? '', labTime: run.endsAt };
    if (mistake) return { problem: { code: 'wrong-barcode', message: mistake }, facts: { scanned } };
    yield { t: 'move', ...runOf(job), barcode, from: labware.place, to, labTime: run.endsAt };
    scanned.push(barcode);
  }
  return { facts: { scanned } };
}

function mistakeOf({ job, world }: Performance, barcode: string, count: number): string | undefined {
  const chance = drawFor(world.seed, { barcode, well: '', stepKey: job.stepKey, count }, 'mistake').uniform();
  if (chance < people.misScan) return `scanned another barcode instead of ${barcode}`;
  return chance < people.misScan + people.misPlace ? `went to the wrong shelf for ${barcode}` : undefined;
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
