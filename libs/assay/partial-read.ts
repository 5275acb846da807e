import type { AssayPlan } from '../campaign/campaign';
import type { ReadingTable } from './readings';
import type { WellReadout } from './readout-values';

/** A course of measurements that broke off. */
export interface PartialRead {
  /** Measurements the course was to have; undefined when its plan does not say. */
  readonly expected?: number;
}

/** What is left of a broken course. */
export interface JudgedPartial {
  readonly values: readonly WellReadout[];
  /** Why the plate is held; empty when some well has enough. */
  readonly causes: readonly string[];
}

/**
 * Judges the values of a course that broke off. A readout that is looked for within the course (a growth rate, a ratio inside an
 * OD window) counts where its own rule found enough points, flagged `partial-read`. A ratio that is taken at the end of the course
 * has none: another time is another quantity. A plate of which no well has a value is held.
 */
export function judgePartial(
  assay: AssayPlan,
  table: ReadingTable,
  values: readonly WellReadout[],
  { expected }: PartialRead,
): JudgedPartial {
  const atEnd = new Set(
    assay.readouts.filter(({ method, odWindow }) => method === 'ratio' && !odWindow).map(({ id }) => id),
  );
  const judged = values.map((value): WellReadout => {
    const lost = atEnd.has(value.readout) && value.value !== null;
    const flags = [...value.flags, ...(lost ? (['too-few-points'] as const) : []), 'partial-read' as const];
    return { ...value, value: lost ? null : value.value, flags: [...new Set(flags)] };
  });
  if (judged.some(({ value }) => value !== null)) return { values: judged, causes: [] };
  const points = new Set(table.readings.map(({ timeS }) => timeS ?? 0)).size;
  const of = expected === undefined ? '' : ` of ${expected}`;
  return { values: judged, causes: [`the read broke off after ${points}${of} measurements: no readout has enough`] };
}
