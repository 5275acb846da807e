import { ValidateBy } from 'class-validator';

const mostVolumes = 20_000;

/** Says whether a value maps transfer ordinals, from 1, to whole picolitres, from 0. */
export function isVolumesByOrdinal(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const entries = Object.entries(value);
  return (
    entries.length <= mostVolumes &&
    entries.every(([ordinal, pl]) => /^[1-9]\d{0,8}$/.test(ordinal) && Number.isSafeInteger(pl) && (pl as number) >= 0)
  );
}

/** Validates measured volumes. */
export const IsVolumesByOrdinal = (): PropertyDecorator =>
  ValidateBy({
    name: 'isVolumesByOrdinal',
    validator: {
      validate: isVolumesByOrdinal,
      defaultMessage: () => '$property must be whole picolitres by transfer ordinal, e.g. {"1": 2500000, "4": 0}',
    },
  });
