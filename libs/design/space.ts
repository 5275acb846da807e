import type { Library, Rule, Slot } from '../campaign/campaign';
import { nearestNames } from '../dna/names';
import { DomainError } from '../errors/domain-error';

/** A design: one part id per slot id. */
export type Choice = Readonly<Record<string, string>>;

/** Above this size the allowed designs are counted by inclusion and exclusion over the rules instead of one by one. */
const enumerationLimit = 1_000_000;
/** Inclusion and exclusion visits 2^rules intersections. */
const ruleLimit = 20;

/** The designs of a library as integers in [0, size): mixed radix, the last slot varies fastest. Never materialised. */
export interface DesignSpace {
  readonly library: Library;
  readonly slots: readonly Slot[];
  /** Number of options per slot. */
  readonly radices: readonly number[];
  readonly size: number;
  /** @throws DomainError `out-of-range` unless the index is an integer in [0, size). */
  designAt(index: number): Choice;
  /** @throws DomainError `missing-key` when a slot is not filled, `unknown-part` when its part is not an option. */
  indexOf(choice: Choice): number;
  /** Option number per slot of the design at an index. */
  levelsAt(index: number): number[];
  allowed(index: number): boolean;
  /** The first rule that forbids the design at an index. */
  forbiddenBy(index: number): Rule | undefined;
  /**
   * Exact number of designs no rule forbids.
   *
   * @throws DomainError `over-limit` when the space exceeds a million designs and the library has more than 20 rules.
   */
  countAllowed(): number;
}

/** A rule as one allowed-to-match flag per option per slot: it bites where every slot's flag is set. */
interface Box {
  readonly rule: Rule;
  readonly holds: readonly (readonly boolean[])[];
}

/**
 * The mixed-radix space of a library.
 *
 * @throws DomainError `empty-space` when there is no slot or a slot has no option, `duplicate-id`, `unknown-reference` or
 * `unknown-part` when a rule names a slot or part that is not there, `over-limit` beyond 2^53 designs.
 */
export function designSpace(library: Library): DesignSpace {
  const { slots } = library;
  const radices = slots.map((slot) => slot.options.length);
  const size = radices.reduce((product, radix) => product * radix, slots.length === 0 ? 0 : 1);
  refuseUnusableSpace(slots, size);
  const boxes = library.rules.map((rule) => boxOf(rule, slots));
  const optionNumbers = slots.map((slot) => new Map(slot.options.map((option, level) => [option, level])));

  const levelsAt = (index: number): number[] => levelsOf(index, radices, size);
  const forbiddenBy = (index: number): Rule | undefined => {
    const levels = levelsAt(index);
    return boxes.find(({ holds }) => levels.every((level, slot) => holds[slot]?.[level]))?.rule;
  };
  const allowed = (index: number): boolean => forbiddenBy(index) === undefined;
  return {
    library,
    slots,
    radices,
    size,
    levelsAt,
    forbiddenBy,
    allowed,
    designAt: (index) => {
      const levels = levelsAt(index);
      return Object.fromEntries(slots.map((slot, at) => [slot.id, slot.options[levels[at] as number] as string]));
    },
    indexOf: (choice) =>
      slots.reduce((index, slot, at) => {
        return index * (radices[at] as number) + levelOf(slot, choice, optionNumbers[at] as Map<string, number>);
      }, 0),
    countAllowed: () => (size <= enumerationLimit ? countByOne(size, allowed) : countByBoxes(size, radices, boxes)),
  };
}

/** Parameters of the main-effects model: the mean and one effect per option of a slot beyond its first. */
export function mainEffectParameters(library: Library): number {
  return library.slots.reduce((count, slot) => count + slot.options.length - 1, 1);
}

function refuseUnusableSpace(slots: readonly Slot[], size: number): void {
  if (size === 0) throw new DomainError('empty-space', 'the library has no design: every slot needs an option');
  if (!Number.isSafeInteger(size)) {
    throw new DomainError('over-limit', `the library has ${size} designs; at most 2^53 can be numbered`, { size });
  }
  refuseDuplicates(
    'slot',
    slots.map(({ id }) => id),
  );
  for (const slot of slots) refuseDuplicates(`option of slot ${slot.id}`, slot.options);
}

function refuseDuplicates(what: string, ids: readonly string[]): void {
  const twice = ids.find((id, at) => ids.indexOf(id) !== at);
  if (twice !== undefined) throw new DomainError('duplicate-id', `${what} "${twice}" is listed twice`, { id: twice });
}

function boxOf(rule: Rule, slots: readonly Slot[]): Box {
  for (const [id, parts] of Object.entries(rule.forbid)) {
    const slot = slots.find((candidate) => candidate.id === id);
    if (!slot) throw new DomainError('unknown-reference', `a rule names the slot "${id}", which is not there`, { id });
    for (const part of parts) if (!slot.options.includes(part)) throw unknownOption(slot, part);
  }
  const holds = slots.map(({ id, options }) => options.map((option) => rule.forbid[id]?.includes(option) ?? true));
  return { rule, holds };
}

function levelsOf(index: number, radices: readonly number[], size: number): number[] {
  if (!Number.isInteger(index) || index < 0 || index >= size) {
    throw new DomainError('out-of-range', `design ${index} is not in the space; expected 0 to ${size - 1}`, { index });
  }
  const levels = new Array<number>(radices.length);
  let rest = index;
  for (let at = radices.length - 1; at >= 0; at--) {
    const radix = radices[at] as number;
    levels[at] = rest % radix;
    rest = Math.floor(rest / radix);
  }
  return levels;
}

function levelOf(slot: Slot, choice: Choice, numbers: ReadonlyMap<string, number>): number {
  const part = choice[slot.id];
  if (part === undefined)
    throw new DomainError('missing-key', `the design fills no slot "${slot.id}"`, { slot: slot.id });
  const level = numbers.get(part);
  if (level === undefined) throw unknownOption(slot, part);
  return level;
}

function unknownOption(slot: Slot, part: string): DomainError {
  const nearest = nearestNames(part, slot.options);
  const message = `"${part}" is not an option of slot ${slot.id}; did you mean ${nearest.join(' or ')}?`;
  return new DomainError('unknown-part', message, { slot: slot.id, part, nearest });
}

function countByOne(size: number, allowed: (index: number) => boolean): number {
  let count = 0;
  for (let index = 0; index < size; index++) if (allowed(index)) count++;
  return count;
}

/** |space| − |union of boxes|; an intersection of boxes is a box, and its size a product over the slots. */
function countByBoxes(size: number, radices: readonly number[], boxes: readonly Box[]): number {
  if (boxes.length > ruleLimit) {
    const message = `counting ${size} designs under ${boxes.length} rules is too much; at most ${ruleLimit} rules`;
    throw new DomainError('over-limit', message, { size, rules: boxes.length });
  }
  const visit = (from: number, holds: readonly (readonly boolean[])[], sign: number): number => {
    let total = 0;
    for (let next = from; next < boxes.length; next++) {
      const both = holds.map((flags, slot) =>
        flags.map((flag, level) => flag && boxes[next]?.holds[slot]?.[level] === true),
      );
      const volume = both.reduce((product, flags) => product * flags.filter(Boolean).length, 1);
      if (volume > 0) total += sign * volume + visit(next + 1, both, -sign);
    }
    return total;
  };
  return (
    size -
    visit(
      0,
      radices.map((radix) => new Array<boolean>(radix).fill(true)),
      1,
    )
  );
}
