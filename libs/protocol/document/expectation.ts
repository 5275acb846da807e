import type { ConstraintContext } from './decorators';
import { listed } from './mistake';

/** One constraint of a property, as class-validator keeps it. */
export interface Constraint {
  readonly type: string;
  readonly name?: string;
  readonly constraints?: readonly unknown[];
  readonly each?: boolean;
  readonly context?: ConstraintContext;
}

/** Name of a constraint in class-validator's errors. */
export const nameOf = (constraint: Constraint): string => constraint.name ?? constraint.type;

/**
 * What a property expects, in words, from its constraints: `a whole number from 1 to 20`.
 *
 * @param ofItems true for an item of the list, false for the property itself
 */
export function expectationOf(constraints: readonly Constraint[], ofItems: boolean): string {
  const relevant = constraints.filter((constraint) => Boolean(constraint.each) === ofItems);
  const described = relevant.find((constraint) => constraint.context?.expected)?.context?.expected;
  if (described) return described;
  const argument = (name: string): unknown => relevant.find((each) => nameOf(each) === name)?.constraints?.[0];
  const choices = argument('isIn');
  if (Array.isArray(choices)) return choices.length === 1 ? `"${choices[0]}"` : `one of ${listed(choices as string[])}`;
  const kind = relevant.map((each) => kinds[nameOf(each)]).find((text) => text !== undefined);
  const [text, range] = [kind ?? 'another value', rangeText(argument)];
  return range === '' ? text : `${text} ${range}`;
}

const kinds: Readonly<Record<string, string>> = {
  isInt: 'a whole number',
  isNumber: 'a number',
  isString: 'text',
  isBoolean: 'true or false',
  isArray: 'a list',
  isObject: 'a map of keys and values',
  nestedValidation: 'a map of keys and values',
};

function rangeText(argument: (name: string) => unknown): string {
  const span = (low: unknown, high: unknown, unit: string): string => {
    if (low !== undefined && high !== undefined)
      return unit ? `of ${low} to ${high} ${unit}` : `from ${low} to ${high}`;
    if (low !== undefined) return unit ? `of at least ${low} ${unit}` : `of at least ${low}`;
    if (high !== undefined) return unit ? `of at most ${high} ${unit}` : `of at most ${high}`;
    return '';
  };
  const texts = [
    span(argument('min'), argument('max'), ''),
    argument('isPositive') === undefined ? '' : 'above 0',
    span(argument('minLength'), argument('maxLength'), 'characters'),
    span(argument('arrayMinSize'), argument('arrayMaxSize'), 'items'),
  ];
  return texts.find((text) => text !== '') ?? '';
}
