import type { Reading } from './readings';

/** What `Raw Data (…)` says of a read. */
export interface ReadLabel {
  readonly label: string;
  readonly mode: Reading['mode'];
  readonly wavelengthNm: number;
  readonly emissionNm?: number;
  readonly derived: boolean;
  /** Seconds, when the column's name holds the time of its cycle. */
  readonly timeS?: number;
}

const labelled = /^(.*?)raw data\s*\(([^)]*)\)\s*(?:\d+\s*-\s*(.*))?$/i;
const absorbance = /^(\d{3,4})(?:\s+\d+)?$/;
const fluorescence = /^(?:EX|F:)?\s*(\d{3})(?:-\d+)?\s*\/\s*(?:EM|F:)?\s*(\d{3})(?:-\d+)?(?:\s+\d+)?$/i;

/**
 * Understands `Raw Data (600 1)`, `Raw Data (485/520)`, `Raw Data (485-15/520-20 2)`, `Blank corrected based on Raw Data (600)`
 * and the column form `Raw Data (600) 3 - 0 h 10 min`; undefined for anything else.
 */
export function parseReadLabel(text: string): ReadLabel | undefined {
  const [, prefix, inner, time] = labelled.exec(text) ?? [];
  if (prefix === undefined || inner === undefined) return undefined;
  if (prefix.trim() !== '' && !/^blank corrected/i.test(prefix.trim())) return undefined;
  const timeS = time === undefined ? undefined : parseTime(time);
  if (time !== undefined && timeS === undefined) return undefined;
  const read = parseWavelengths(inner.trim());
  if (!read) return undefined;
  const label = inner.trim();
  return { label, ...read, derived: prefix.trim() !== '', ...(timeS === undefined ? {} : { timeS }) };
}

function parseWavelengths(text: string): Pick<ReadLabel, 'mode' | 'wavelengthNm' | 'emissionNm'> | undefined {
  const plain = absorbance.exec(text);
  if (plain) return { mode: 'absorbance', wavelengthNm: Number(plain[1]) };
  const pair = fluorescence.exec(text);
  if (!pair) return undefined;
  return { mode: 'fluorescence', wavelengthNm: Number(pair[1]), emissionNm: Number(pair[2]) };
}

const modeWords: readonly (readonly [RegExp, Reading['mode'] | 'remark'])[] = [
  [/^absorbance$/i, 'absorbance'],
  [/^fluorescence( intensity)?( \(FI\))?$/i, 'fluorescence'],
  [/^(multichromatic|end ?point|(plate mode )?kinetic|plate mode)$/i, 'remark'],
  [/^absorbance values are (displayed as OD|path ?length corrected.*)$/i, 'remark'],
];

/** Modes a line declares, or undefined when a cell of it is not a word about modes this reader knows. */
export function parseModeLine(cells: readonly string[]): Reading['mode'][] | undefined {
  const found = cells.filter((cell) => cell !== '').map((cell) => modeWords.find(([word]) => word.test(cell))?.[1]);
  if (found.length === 0 || found.includes(undefined)) return undefined;
  return found.filter((mode) => mode === 'absorbance' || mode === 'fluorescence');
}

/** Seconds of `1 h 5 min 30 s`, `0 h`, `0:05:30` or a plain number of seconds; undefined for anything else. */
export function parseTime(text: string, plainUnitS = 1): number | undefined {
  const trimmed = text.trim();
  if (/^\d+(\.\d+)?$/.test(trimmed)) return Number(trimmed) * plainUnitS;
  const clock = /^(\d+):(\d{2}):(\d{2})$/.exec(trimmed);
  if (clock) return Number(clock[1]) * 3600 + Number(clock[2]) * 60 + Number(clock[3]);
  const words = /^(?:(\d+) ?h)? ?(?:(\d+) ?min)? ?(?:(\d+(?:\.\d+)?) ?s)?$/.exec(trimmed);
  if (!words || trimmed === '') return undefined;
  return Number(words[1] ?? 0) * 3600 + Number(words[2] ?? 0) * 60 + Number(words[3] ?? 0);
}
