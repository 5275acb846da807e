import 'reflect-metadata';
import { plainToInstance } from 'class-transformer';
import type { ValidationError } from 'class-validator';
import { getMetadataStorage, validateSync } from 'class-validator';
import type { ErrorCode } from '../../errors/catalogue';
import type { Draft } from './draft';
import type { Constraint } from './expectation';
import { expectationOf, nameOf } from './expectation';
import type { Mistake } from './mistake';
import { below, didYouMean, mistake, show } from './mistake';
import { numberWithUnit, sameKeyOtherUnit } from './unit-keys';

/** A document class filled from plain values: what has the wrong shape is reported and taken out of the draft. */
export interface Shape<T> {
  readonly draft: Draft<T> | undefined;
  /** The same without holes, when nothing is wrong. */
  readonly whole: T | undefined;
  readonly mistakes: readonly Mistake[];
}

/** Fills a document class (class-validator, class-transformer) and reports every key whose value has the wrong shape. */
export function readShape<T extends object>(type: new () => T, plain: unknown, pointer: string): Shape<T> {
  if (typeof plain !== 'object' || plain === null || Array.isArray(plain)) {
    const code = plain === undefined ? 'missing-key' : 'wrong-type';
    const hint = 'write keys and values: "id: my-campaign"';
    return {
      draft: undefined,
      whole: undefined,
      mistakes: [mistake(code, pointer, 'a map of keys and values', show(plain), hint)],
    };
  }
  const instance = plainToInstance(type, plain);
  const errors = validateSync(instance, { whitelist: true, forbidNonWhitelisted: true });
  const mistakes = errors.flatMap((error) => mistakesOf(error, pointer));
  return { draft: instance as Draft<T>, whole: mistakes.length === 0 ? instance : undefined, mistakes };
}

function mistakesOf(error: ValidationError, parent: string): Mistake[] {
  const pointer = below(parent, error.property);
  const failed = Object.keys(error.constraints ?? {});
  if (failed.length === 0) return (error.children ?? []).flatMap((child) => mistakesOf(child, pointer));
  if (failed.includes('whitelistValidation')) return [unknownKey(error, pointer)];
  const constraints = constraintsOf(error.target, error.property);
  const items = itemMistakes(error, constraints, failed, pointer);
  if (items.length > 0) return items;
  const found = propertyMistake(error, constraints, failed, pointer);
  takeOut(error.target, error.property);
  return [found];
}

function unknownKey(error: ValidationError, pointer: string): Mistake {
  const known = knownKeys(error.target);
  const value: unknown = error.value;
  takeOut(error.target, error.property);
  const same = sameKeyOtherUnit(error.property, value, known);
  if (same) {
    const hint = same.value === undefined ? `give it as "${same.key}"` : `write "${same.key}: ${same.value}"`;
    return mistake('wrong-unit', pointer, `the key "${same.key}"`, `"${error.property}"`, hint);
  }
  return mistake(
    'unknown-key',
    pointer,
    'a key of the schema',
    `"${error.property}"`,
    didYouMean(error.property, known),
  );
}

/** Constraints on each item of a list are reported by class-validator for the list; here each wrong item is named. */
function itemMistakes(
  error: ValidationError,
  constraints: readonly Constraint[],
  failed: readonly string[],
  pointer: string,
): Mistake[] {
  const value: unknown = error.value;
  const onItems = constraints.filter((constraint) => constraint.each && failed.includes(nameOf(constraint)));
  if (!Array.isArray(value) || onItems.length === 0) return [];
  return (value as unknown[]).flatMap((item, at) => {
    const broken = onItems.find((constraint) => !itemPasses(constraint, item));
    if (!broken) return [];
    value[at] = undefined;
    const hint = broken.context?.suggestion ?? correction(item, error.property, constraints);
    return [mistake(codeOf(broken), below(pointer, at), expectationOf(constraints, true), show(item), hint)];
  });
}

function itemPasses(constraint: Constraint, item: unknown): boolean {
  const argument = constraint.constraints?.[0];
  switch (nameOf(constraint)) {
    case 'isString':
      return typeof item === 'string';
    case 'isNumber':
      return typeof item === 'number' && Number.isFinite(item);
    case 'maxLength':
      return typeof item === 'string' && item.length <= Number(argument);
    case 'isObject':
      return typeof item === 'object' && item !== null && !Array.isArray(item);
    default:
      return false;
  }
}

function propertyMistake(
  { value, property }: ValidationError,
  constraints: readonly Constraint[],
  failed: readonly string[],
  pointer: string,
): Mistake {
  const onItem = /^\d+$/.test(property) && constraints.length === 0;
  const expected = onItem ? 'a map of keys and values' : expectationOf(constraints, false);
  if (value === undefined && !onItem)
    return mistake('missing-key', pointer, `the key "${property}" with ${expected}`, 'nothing', `add "${property}: …"`);
  const broken = constraints.filter((constraint) => failed.includes(nameOf(constraint)));
  const worst = broken.find((constraint) => isAboutType(nameOf(constraint))) ?? broken[0];
  const inOtherUnit = numberWithUnit(property, value);
  const code = inOtherUnit ? 'wrong-unit' : worst ? codeOf(worst) : 'wrong-type';
  const hint = worst?.context?.suggestion ?? correction(value, property, constraints);
  return mistake(code, pointer, expected, show(value), hint);
}

const aboutType = ['isString', 'isInt', 'isNumber', 'isBoolean', 'isArray', 'isObject', 'isIn', 'nestedValidation'];
const isAboutType = (name: string): boolean => aboutType.includes(name);
const rangeCodes: Readonly<Record<string, ErrorCode>> = {
  min: 'out-of-range',
  max: 'out-of-range',
  isPositive: 'out-of-range',
  minLength: 'out-of-range',
  maxLength: 'over-limit',
  arrayMinSize: 'out-of-range',
  arrayMaxSize: 'over-limit',
};
const codeOf = (constraint: Constraint): ErrorCode =>
  constraint.context?.code ?? rangeCodes[nameOf(constraint)] ?? 'wrong-type';

/** What to write instead, when that can be said. */
function correction(value: unknown, property: string, constraints: readonly Constraint[]): string {
  const names = constraints.map(nameOf);
  const inOtherUnit = numberWithUnit(property, value);
  if (inOtherUnit) {
    if (inOtherUnit.value === undefined) return `give a plain number in the unit of the key, ${inOtherUnit.unit}`;
    return `write "${property}: ${inOtherUnit.value}": the key carries the unit`;
  }
  const choices = constraints.find((constraint) => nameOf(constraint) === 'isIn')?.constraints?.[0];
  if (Array.isArray(choices)) return didYouMean(String(value), choices as string[]);
  const wantsNumber = names.includes('isInt') || names.includes('isNumber');
  if (wantsNumber && typeof value === 'string')
    return value.trim() !== '' && Number.isFinite(Number(value))
      ? `write ${Number(value)} without quotes`
      : 'write a number';
  if (typeof value === 'object')
    return `write ${expectationOf(
      constraints,
      constraints.every((constraint) => constraint.each === true),
    )}`;
  if (names.includes('isVersion') || names.includes('isString'))
    return `write it in quotes: ${property}: "${String(value)}"`;
  if (names.includes('isArray') && !Array.isArray(value)) return 'write a list: [ … ]';
  if (names.includes('isBoolean')) return 'write true or false without quotes';
  if (names.includes('isInt') && typeof value === 'number' && !Number.isInteger(value))
    return `round it: ${Math.round(value)}`;
  return `write ${expectationOf(
    constraints,
    constraints.every((constraint) => constraint.each === true),
  )}`;
}

function constraintsOf(target: object | undefined, property: string): Constraint[] {
  if (target === undefined || Array.isArray(target)) return [];
  const metadata = getMetadataStorage().getTargetValidationMetadatas(target.constructor, '', true, false);
  return metadata.filter((each) => each.propertyName === property) as unknown as Constraint[];
}

function knownKeys(target: object | undefined): string[] {
  if (target === undefined) return [];
  const metadata = getMetadataStorage().getTargetValidationMetadatas(target.constructor, '', true, false);
  return [...new Set(metadata.map((each) => each.propertyName))];
}

function takeOut(target: object | undefined, property: string): void {
  if (Array.isArray(target)) target[Number(property)] = undefined;
  else if (target) delete (target as Record<string, unknown>)[property];
}
