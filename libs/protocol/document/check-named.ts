import type { Mistake } from './mistake';
import { below, didYouMean, listed, mistake } from './mistake';

/** Values by name, and the signature they must match. */
export interface NamedValues<S extends { readonly required: boolean }> {
  readonly given: Readonly<Record<string, unknown>>;
  readonly signature: Readonly<Record<string, S>>;
  readonly pointer: string;
  /** What a name stands for, and whose it is: `parameter` of `incubate`. */
  readonly kind: 'parameter' | 'input';
  readonly owner: string;
}

/** Reports unknown names, missing ones, and whatever is wrong with each value. */
export function checkNamed<S extends { readonly required: boolean }>(
  { given, signature, pointer, kind, owner }: NamedValues<S>,
  checkValue: (value: unknown, expected: S, at: string) => readonly Mistake[],
): Mistake[] {
  const known = Object.keys(signature);
  const values = Object.entries(given).flatMap(([name, value]) => {
    const [expected, at] = [signature[name], below(pointer, name)];
    if (expected) return checkValue(value, expected, at);
    const names = `${kind === 'input' ? 'an' : 'a'} ${kind} of ${owner} (${listed(known)})`;
    return [mistake('unknown-key', at, names, `"${name}"`, didYouMean(name, known))];
  });
  const missing = known.filter((name) => signature[name]?.required && given[name] === undefined);
  return [
    ...values,
    ...missing.map((name) =>
      mistake('missing-key', below(pointer, name), `the ${kind} "${name}" of ${owner}`, 'nothing', `add "${name}: …"`),
    ),
  ];
}
