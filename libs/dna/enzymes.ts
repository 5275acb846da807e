import { DomainError } from '../errors/domain-error';
import { nearestNames } from './names';

/**
 * A type IIS restriction enzyme that leaves a 5' overhang. Cut distances count bases after the recognition site,
 * `cutTop` on the strand that reads the site, `cutBottom` on the other: BsaI is GGTCTC(1/5). Source: REBASE.
 */
export interface TypeIISEnzyme {
  readonly name: string;
  /** Isoschizomers with the same site and cuts, and commercial variants. */
  readonly aliases: readonly string[];
  readonly site: string;
  readonly cutTop: number;
  readonly cutBottom: number;
}

/** The type IIS enzymes of the common assembly standards. */
export const typeIISEnzymes: readonly TypeIISEnzyme[] = [
  { name: 'BsaI', aliases: ['BsaI-HF', 'BsaI-HFv2', 'Eco31I'], site: 'GGTCTC', cutTop: 1, cutBottom: 5 },
  { name: 'BsmBI', aliases: ['BsmBI-v2', 'Esp3I'], site: 'CGTCTC', cutTop: 1, cutBottom: 5 },
  { name: 'BbsI', aliases: ['BbsI-HF', 'BpiI'], site: 'GAAGAC', cutTop: 2, cutBottom: 6 },
  { name: 'SapI', aliases: ['BspQI', 'LguI'], site: 'GCTCTTC', cutTop: 1, cutBottom: 4 },
  { name: 'PaqCI', aliases: ['AarI'], site: 'CACCTGC', cutTop: 4, cutBottom: 8 },
];

/**
 * The enzyme of a name or alias, case ignored.
 *
 * @throws DomainError `unknown-reference` with the nearest names when there is none.
 */
export function findEnzyme(name: string): TypeIISEnzyme {
  const wanted = name.trim().toLowerCase();
  const found = typeIISEnzymes.find((enzyme) =>
    [enzyme.name, ...enzyme.aliases].some((known) => known.toLowerCase() === wanted),
  );
  if (found) return found;
  const nearest = nearestNames(
    name,
    typeIISEnzymes.flatMap((enzyme) => [enzyme.name, ...enzyme.aliases]),
  );
  throw new DomainError('unknown-reference', `no enzyme "${name}"; did you mean ${nearest.join(' or ')}?`, {
    name,
    nearest,
  });
}

/** Length of the single-stranded overhang the enzyme leaves, in bases. */
export function overhangLength(enzyme: TypeIISEnzyme): number {
  return enzyme.cutBottom - enzyme.cutTop;
}
