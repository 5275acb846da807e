import { DomainError } from '../errors/domain-error';
import type { TypeIISEnzyme } from './enzymes';
import { overhangLength } from './enzymes';
import type { Feature, Molecule } from './molecule';
import { isPalindrome, isUnambiguous, reverseComplement } from './sequence';

/**
 * A piece of DNA with a 5' overhang at both ends, written on one strand: left overhang, double-stranded insert, right overhang.
 * Features count from the first base of the left overhang.
 */
export interface Fragment {
  /** Name of the input it was cut from. */
  readonly source: string;
  readonly left: string;
  readonly insert: string;
  readonly right: string;
  readonly features: readonly Feature[];
}

/** Why an assembly is refused; travels as `reason` in the details of an `assembly-refused`. */
export type AssemblyRefusal =
  | 'no-product'
  | 'ambiguous-products'
  | 'part-left-out'
  | 'new-site-in-product'
  | 'palindromic-overhang'
  | 'ambiguous-base-in-overhang'
  | 'internal-site'
  | 'overlapping-sites'
  | 'not-opened'
  | 'no-insert'
  | 'search-limit';

/** An `assembly-refused` with its reason and, where one is to blame, the culprit part. */
export function refuseAssembly(
  reason: AssemblyRefusal,
  message: string,
  details: Readonly<Record<string, unknown>> = {},
): DomainError {
  return new DomainError('assembly-refused', message, { reason, ...details });
}

/** Says whether either strand of the molecule carries the enzyme's recognition site; a circle is read across its origin. */
export function hasSite(sequence: string, topology: Molecule['topology'], enzyme: TypeIISEnzyme): boolean {
  const text = topology === 'circular' ? sequence + sequence.slice(0, enzyme.site.length - 1) : sequence;
  return text.includes(enzyme.site) || text.includes(reverseComplement(enzyme.site));
}

/**
 * Where the enzyme opens the molecule: 0-based first base of each overhang on the top strand, ascending and distinct.
 * A cut that would fall past the end of a linear molecule does not happen.
 */
export function cutPositions(molecule: Molecule, enzyme: TypeIISEnzyme): number[] {
  const { sequence, topology } = molecule;
  const n = sequence.length;
  const length = enzyme.site.length;
  const text = topology === 'circular' ? sequence + sequence.slice(0, length - 1) : sequence;
  const forward = positionsOf(text, enzyme.site).map((at) => at + length + enzyme.cutTop);
  const reverse = positionsOf(text, reverseComplement(enzyme.site)).map((at) => at - enzyme.cutBottom);
  const cuts = [...forward, ...reverse];
  const real =
    topology === 'circular'
      ? cuts.map((at) => ((at % n) + n) % n)
      : cuts.filter((at) => at >= 0 && at + overhangLength(enzyme) <= n);
  return [...new Set(real)].sort((a, b) => a - b);
}

/**
 * Complete digestion of one input: the single fragment that keeps no recognition site and therefore takes part in the assembly.
 * Cheap enough to run once per part and compose whole libraries from the results.
 *
 * @throws DomainError `assembly-refused`, `part` naming the input, with reason `not-opened` (no site), `internal-site` (more than
 * two cuts), `overlapping-sites`, `no-insert`, `palindromic-overhang` or `ambiguous-base-in-overhang`.
 */
export function digestToInsert(part: Molecule, enzyme: TypeIISEnzyme): Fragment {
  const cuts = cutPositions(part, enzyme);
  refuseUnlessOpenedTwice(part, enzyme, cuts);
  const [first, second] = cuts as [number, number];
  const pieces = [fragmentBetween(part, first, second, enzyme)];
  if (part.topology === 'circular') {
    pieces.push(fragmentBetween(part, second, first + part.sequence.length, enzyme));
  }
  const stable = pieces.filter(({ left, insert, right }) => !hasSite(left + insert + right, 'linear', enzyme));
  const [fragment] = stable;
  if (!fragment) {
    const message = `${part.name} keeps a ${enzyme.name} site in every fragment; its two sites must point the same way out`;
    throw refuseAssembly('no-insert', message, { part: part.name, enzyme: enzyme.name });
  }
  refuseUnusableOverhangs(fragment, enzyme);
  return fragment;
}

/** The same fragment read from its other strand. */
export function flip(fragment: Fragment): Fragment {
  const length = fragment.left.length + fragment.insert.length + fragment.right.length;
  return {
    source: fragment.source,
    left: reverseComplement(fragment.right),
    insert: reverseComplement(fragment.insert),
    right: reverseComplement(fragment.left),
    features: fragment.features.map((feature) => ({
      ...feature,
      start: length - feature.end,
      end: length - feature.start,
      strand: feature.strand === 1 ? -1 : 1,
    })),
  };
}

function positionsOf(text: string, site: string): number[] {
  const found: number[] = [];
  for (let at = text.indexOf(site); at >= 0; at = text.indexOf(site, at + 1)) found.push(at);
  return found;
}

function refuseUnlessOpenedTwice(part: Molecule, enzyme: TypeIISEnzyme, cuts: readonly number[]): void {
  const details = { part: part.name, enzyme: enzyme.name, cuts: cuts.length };
  if (cuts.length === 0) {
    throw refuseAssembly('not-opened', `${part.name} has no ${enzyme.name} site, so it takes no part`, details);
  }
  if (cuts.length === 1) {
    throw refuseAssembly('no-insert', `${part.name} is cut once by ${enzyme.name}; expected two cuts`, details);
  }
  if (cuts.length > 2) {
    const message = `${part.name} is cut ${cuts.length} times by ${enzyme.name}; expected two cuts and no internal site`;
    throw refuseAssembly('internal-site', message, details);
  }
  const [first, second] = cuts as [number, number];
  const gaps = [second - first, part.topology === 'circular' ? first + part.sequence.length - second : Infinity];
  if (Math.min(...gaps) < overhangLength(enzyme)) {
    const message = `${part.name} has ${enzyme.name} sites so close that their cuts overlap`;
    throw refuseAssembly('overlapping-sites', message, details);
  }
}

function refuseUnusableOverhangs(fragment: Fragment, enzyme: TypeIISEnzyme): void {
  for (const overhang of [fragment.left, fragment.right]) {
    const details = { part: fragment.source, overhang, enzyme: enzyme.name };
    if (!isUnambiguous(overhang)) {
      const message = `${fragment.source} has the overhang ${overhang}, whose bases are not all known`;
      throw refuseAssembly('ambiguous-base-in-overhang', message, details);
    }
    if (isPalindrome(overhang)) {
      const message = `${fragment.source} has the palindromic overhang ${overhang}, which ligates to itself`;
      throw refuseAssembly('palindromic-overhang', message, details);
    }
  }
}

function fragmentBetween(part: Molecule, from: number, to: number, enzyme: TypeIISEnzyme): Fragment {
  const k = overhangLength(enzyme);
  const text = part.topology === 'circular' ? part.sequence + part.sequence + part.sequence.slice(0, k) : part.sequence;
  return {
    source: part.name,
    left: text.slice(from, from + k),
    insert: text.slice(from + k, to),
    right: text.slice(to, to + k),
    features: featuresWithin(part, from, to + k, k),
  };
}

/** Features that lie wholly inside; an input that names none is itself the feature, without its overhangs. */
function featuresWithin(part: Molecule, from: number, to: number, k: number): Feature[] {
  const n = part.sequence.length;
  if (part.features === undefined) {
    const role = part.role === undefined ? {} : { role: part.role };
    return [{ name: part.name, ...role, start: k, end: to - from - k, strand: 1 }];
  }
  return part.features.flatMap((feature) => {
    const shifted = feature.start - from;
    const start = part.topology === 'circular' ? ((shifted % n) + n) % n : shifted;
    const end = start + feature.end - feature.start;
    return start >= 0 && end <= to - from ? [{ ...feature, start, end }] : [];
  });
}
