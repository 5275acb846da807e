import { ValidateBy } from 'class-validator';

const mostRanges = 20_000;

/** Says whether a value is a list of inclusive ranges [first, last] of ordinals, 1 ≤ first ≤ last. */
export function isOrdinalRanges(value: unknown): boolean {
  return Array.isArray(value) && value.length <= mostRanges && value.every(isRange);
}

function isRange(value: unknown): boolean {
  if (!Array.isArray(value) || value.length !== 2) return false;
  const [first, last] = value as unknown[];
  return (
    Number.isInteger(first) && Number.isInteger(last) && (first as number) >= 1 && (last as number) >= (first as number)
  );
}

/** Validates inclusive ranges of transfer ordinals. */
export const IsOrdinalRanges = (): PropertyDecorator =>
  ValidateBy({
    name: 'isOrdinalRanges',
    validator: {
      validate: isOrdinalRanges,
      defaultMessage: () => '$property must be inclusive ranges of transfer ordinals, e.g. [[1, 40], [44, 44]]',
    },
  });
