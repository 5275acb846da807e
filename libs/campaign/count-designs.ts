/** Options per slot id, without repetition. */
export type Options = ReadonlyMap<string, readonly string[]>;

/** Combinations a rule forbids: slot id → parts. */
export type Forbidden = Readonly<Record<string, readonly string[]>>;

/** Combinations of distinguishable options that are looked at one by one. */
const combinationLimit = 2_000_000;

/** Designs of a library: the product of its options. */
export const countAll = (options: Options): number =>
  [...options.values()].reduce((product, each) => product * each.length, options.size === 0 ? 0 : 1);

/**
 * Exact number of designs no rule forbids. Options that the same rules list count as one with a multiplicity, and slots no rule
 * names only multiply, so that libraries of millions are counted in milliseconds.
 *
 * @returns undefined when the rules tell more than two million combinations apart
 */
export function countAllowed(options: Options, rules: readonly Forbidden[]): number | undefined {
  const classes = [...options].map(([slot, parts]) => distinguish(slot, parts, rules));
  const combinations = classes.reduce((product, each) => product * each.length, classes.length === 0 ? 0 : 1);
  if (combinations === 0) return 0;
  if (combinations > combinationLimit) return undefined;
  const visit = (at: number, matching: readonly boolean[]): number => {
    if (at === classes.length) return matching.includes(true) ? 0 : 1;
    return (classes[at] ?? []).reduce((sum, { count, matches }) => {
      const left = matching.map((matched, rule) => matched && matches[rule] === true);
      return sum + count * visit(at + 1, left);
    }, 0);
  };
  return visit(
    0,
    rules.map(() => true),
  );
}

interface OptionClass {
  readonly count: number;
  /** Per rule: an option of this class lets the rule bite. */
  readonly matches: readonly boolean[];
}

function distinguish(slot: string, parts: readonly string[], rules: readonly Forbidden[]): OptionClass[] {
  const classes = new Map<string, { count: number; matches: boolean[] }>();
  for (const part of parts) {
    const matches = rules.map((rule) => rule[slot]?.includes(part) ?? true);
    const key = matches.map(Number).join('');
    const known = classes.get(key);
    if (known) known.count++;
    else classes.set(key, { count: 1, matches });
  }
  return [...classes.values()];
}

/** Says whether a design is forbidden by a rule: every slot the rule names holds one of its parts. */
export const isForbidden = (design: Readonly<Record<string, string | undefined>>, rule: Forbidden): boolean =>
  Object.entries(rule).every(([slot, parts]) => parts.includes(design[slot] ?? ''));
