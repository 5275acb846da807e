/** Factors to the first unit of each dimension, by the suffix a key carries. */
const dimensions: readonly Readonly<Record<string, number>>[] = [
  { Ul: 1, Pl: 1e-6, Nl: 1e-3, Ml: 1e3, L: 1e6 },
  { fmol: 1, Fmol: 1, Pmol: 1e3, pmol: 1e3, Nmol: 1e6, nmol: 1e6 },
  { Nm: 1, Um: 1e3 },
  { Ms: 1, S: 1e3, Sec: 1e3, Min: 6e4, H: 3.6e6 },
  { C: 1, F: NaN, K: NaN },
  { Minor: 1, Major: 100 },
];

/** Units as people write them beside a number, by key suffix. */
const written: Readonly<Record<string, string>> = {
  ul: 'Ul', µl: 'Ul', μl: 'Ul', nl: 'Nl', ml: 'Ml', l: 'L', pl: 'Pl', fmol: 'fmol', pmol: 'pmol', nmol: 'nmol',
  nm: 'Nm', um: 'Um', µm: 'Um', c: 'C', '°c': 'C', f: 'F', k: 'K', ms: 'Ms', s: 'S', min: 'Min', h: 'H',
}; // prettier-ignore

interface UnitKey {
  readonly stem: string;
  readonly unit: string;
}

function splitKey(key: string): UnitKey[] {
  const units = dimensions.flatMap((dimension) => Object.keys(dimension));
  return units
    .filter((unit) => key.endsWith(unit) && key.length > unit.length)
    .map((unit) => ({ stem: key.slice(0, -unit.length), unit }));
}

function factorBetween(from: string, to: string): number | undefined {
  const dimension = dimensions.find((each) => from in each && to in each);
  return dimension && (dimension[from] as number) / (dimension[to] as number);
}

const rounded = (value: number): number => Number(value.toPrecision(12));

/** A key of the schema that differs from an unknown one only by its unit, and the value in that unit when it converts. */
export function sameKeyOtherUnit(
  key: string,
  value: unknown,
  known: readonly string[],
): { readonly key: string; readonly value?: number } | undefined {
  for (const { stem, unit } of splitKey(key))
    for (const candidate of known) {
      const other = splitKey(candidate).find((each) => each.stem === stem);
      const factor = other && factorBetween(unit, other.unit);
      if (factor === undefined) continue;
      const converts = typeof value === 'number' && Number.isFinite(factor);
      return { key: candidate, ...(converts ? { value: rounded(value * factor) } : {}) };
    }
  return undefined;
}

/** Reads `5 uL` given for a key such as `volumeUl`: the number in the key's unit, or undefined when it is no such text. */
export function numberWithUnit(
  key: string,
  value: unknown,
): { readonly unit: string; readonly value?: number } | undefined {
  const match = typeof value === 'string' ? /^\s*([\d.]+)\s*([a-zA-Zµμ°]+)\s*$/.exec(value) : null;
  const own = splitKey(key);
  if (!match || own.length === 0) return undefined;
  const suffix = written[(match[2] as string).toLowerCase()];
  const factor = own.map(({ unit }) => suffix && factorBetween(suffix, unit)).find((each) => typeof each === 'number');
  const unit = own[own.length - 1]?.unit ?? '';
  if (typeof factor !== 'number' || !Number.isFinite(factor)) return { unit };
  return { unit, value: rounded(Number(match[1]) * factor) };
}
