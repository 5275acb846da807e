import type { Patch } from './bundle';

/** Mutants of the sources, each of which the schedules must show. */
export const mutants: Readonly<Record<string, readonly Patch[]>> = {};
