import { DomainError } from '../errors/domain-error';
import { findLabwareKind } from '../labware/kinds';
import type { PlannedLabware } from '../protocol/protocol';
import { generatorFor } from '../random/generator';

/** Makes the ids of what a plan brings into being; the same names give the same ids for ever. */
export interface PlanIds {
  /** Id of the labware with a barcode. */
  labwareId(barcode: string): string;
  /** Id of the first sample in a well of a labware. */
  sampleId(labwareId: string, well: string): string;
}

/** Where and for whom a plan is made. */
export interface PlanScope {
  /** Slug of the campaign. */
  readonly campaign: string;
  readonly round: number;
  /** Step key of the plan, e.g. `r2/build/level1.1/assembly`. */
  readonly stepKey: string;
  /** Pass of the repeat the plan is in, from 1. */
  readonly pass: number;
  /** Seed of the campaign; draws of this plan are keyed by it and the step key. */
  readonly seed: number;
  readonly ids: PlanIds;
}

/** Three letters on the label of each labware variable of the planners. */
const tags: Readonly<Record<string, string>> = {
  assemblyPlate: 'ASM',
  transformationPlate: 'TRF',
  agarTray: 'AGR',
  culturePlate: 'CUL',
  odPlate: 'ODC',
  glycerolPlate: 'GLY',
  miniprepPlate: 'MIN',
  starterPlate: 'STA',
  assayPlate: 'ASY',
};

const longestSlug = 15;
const base32 = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/**
 * Empty labware a plan needs: keys `ASM1`, `ASM2`, … and barcodes such as `TWO-COLOUR-R1-ASM1-7K3Q`, at most 32 characters.
 * The last four tell apart plans of one round that make the same kind of plate.
 *
 * @param label variable name, or the purpose of a stock plate, that names the plates
 */
export function newLabware(scope: PlanScope, label: string, kind: string, count: number): PlannedLabware[] {
  findLabwareKind(kind);
  const tag = tags[label] ?? label.slice(0, 3).toUpperCase();
  const pass = scope.pass > 1 ? `P${scope.pass}` : '';
  const stem = `${shortSlug(scope.campaign)}-R${scope.round}`;
  const suffix = hashCode('plan', scope.campaign, scope.stepKey);
  return Array.from({ length: count }, (_, index) => {
    const key = `${tag}${index + 1}`;
    const barcode = `${stem}-${key}${pass}-${suffix}`;
    if (barcode.length > 32) throw new DomainError('plan-impossible', `The barcode ${barcode} is longer than 32.`);
    return { key, labwareId: scope.ids.labwareId(barcode), barcode, kind };
  });
}

/** The slug in upper case; a long one keeps its first ten letters and four of its hash. */
function shortSlug(slug: string): string {
  const upper = slug.toUpperCase();
  if (upper.length <= longestSlug) return upper;
  return `${upper.slice(0, 10).replace(/-+$/, '')}-${hashCode('slug', slug)}`;
}

/** Four characters of Crockford's base 32. */
function hashCode(...key: readonly string[]): string {
  const generator = generatorFor(...key);
  return Array.from({ length: 4 }, () => base32[generator.below(32)]).join('');
}
