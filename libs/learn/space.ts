import { DomainError } from '../errors/domain-error';

/**
 * A factorial library: sites with a number of levels each; a member is an index in mixed radix, **last site fastest**.
 * `distances[s]`, when given, is the L_s × L_s table of descriptor distances of site s (symmetric, zero diagonal).
 */
export interface Space {
  readonly radices: readonly number[];
  readonly distances?: readonly (readonly (readonly number[])[] | null)[];
}

/** Number of members of the library. */
export function sizeOf(space: Space): number {
  return space.radices.reduce((product, radix) => product * radix, 1);
}

/** Levels of a member, one per site. */
export function levelsOf(space: Space, index: number): number[] {
  const levels = new Array<number>(space.radices.length).fill(0);
  let rest = index;
  for (let s = space.radices.length - 1; s >= 0; s--) {
    const radix = space.radices[s]!;
    levels[s] = rest % radix;
    rest = Math.floor(rest / radix);
  }
  return levels;
}

/** Index of a member from its levels, the inverse of {@link levelsOf}. */
export function indexOf(space: Space, levels: readonly number[]): number {
  return space.radices.reduce((index, radix, s) => index * radix + levels[s]!, 0);
}

/**
 * Checks a space for use by the learner.
 *
 * @throws DomainError `empty-space` for no sites or a radix below 1, `over-limit` above 5·10⁶ members.
 */
export function checkSpace(space: Space): void {
  const whole = space.radices.every((radix) => Number.isInteger(radix) && radix >= 1);
  if (space.radices.length === 0 || !whole) {
    throw new DomainError(
      'empty-space',
      `Expected at least one site with whole radices ≥ 1, found [${space.radices}].`,
    );
  }
  if (sizeOf(space) > 5e6) {
    throw new DomainError('over-limit', `Expected at most 5,000,000 members, found ${sizeOf(space)}: fix some sites.`);
  }
}
