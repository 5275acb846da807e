import type { AssayPlan } from '../../../libs/campaign/campaign';
import type { Phenotype } from './expression';
import { channelPerOd, Phenotypes } from './expression';
import { Plasmids } from './plasmids';

/** The part of an assay plan that names readouts. */
export type ReadoutPlan = Pick<AssayPlan, 'reads' | 'readouts'>;

/** Noise-free behaviour of one construct. */
export interface TrueValues {
  readonly rfuPerOd: Phenotype['rfuPerOd'];
  readonly growthPerH: number;
  /** By readout id of the plan, in the readout's unit: what the mean of many perfect wells would be. */
  readonly readouts: Readonly<Record<string, number>>;
}

/** What the lab's ground truth says of a circular sequence; for scorers, after the end. */
export function truthOf(sequence: string, plasmids: Plasmids, plan?: ReadoutPlan): TrueValues {
  const phenotype = new Phenotypes(plasmids).of(plasmids.keyOf(sequence));
  const readouts: Record<string, number> = {};
  for (const readout of plan?.readouts ?? []) {
    const value = readout.method === 'growth-rate' ? phenotype.growthPerH : ratio(phenotype, readout.signal, plan);
    if (value !== undefined) readouts[readout.id] = value;
  }
  return { rfuPerOd: phenotype.rfuPerOd, growthPerH: phenotype.growthPerH, readouts };
}

function ratio(phenotype: Phenotype, signal: string | undefined, plan: ReadoutPlan | undefined): number | undefined {
  const read = plan?.reads.find(({ id }) => id === signal);
  if (read?.emissionNm === undefined) return undefined;
  return channelPerOd(phenotype, { wavelengthNm: read.wavelengthNm, emissionNm: read.emissionNm });
}
