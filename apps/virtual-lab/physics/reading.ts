import type { MarsValue } from '../../../libs/assay/mars-writer';
import type { Read } from '../../../libs/campaign/campaign';
import type { Generator } from '../../../libs/random/generator';
import { expression, optics } from './constants';
import type { MotionKey } from './draws';
import { drawFor, factor } from './draws';
import type { Phenotypes } from './expression';
import { channelPerOd } from './expression';
import type { Culture } from './growth';
import { densityAfter, densityOf, opticalDensity } from './growth';
import { liveCells } from './well';

/** What a read needs to know of an assay plan's read. */
export type ReadSpec = Pick<Read, 'id' | 'mode' | 'wavelengthNm' | 'emissionNm'>;

/** When a plate is read: once, or every so often while it is kept at 37 °C. */
export type ReadTimes = readonly number[];

/**
 * Values of one read of one well, one per time (ms since the start; `[0]` is an endpoint), with noise: signal of plate and
 * medium, plus cells. The well itself is not changed.
 */
export function readWell(
  culture: Culture,
  read: ReadSpec,
  times: ReadTimes,
  phenotypes: Phenotypes,
  seed: number,
  key: MotionKey,
): MarsValue[] {
  const chance = drawFor(seed, key, `read:${read.id}`);
  const perOd = signalPerOd(culture, read, phenotypes, seed);
  const [blank, most] =
    read.mode === 'absorbance' ? [optics.blankOd, optics.mostAu] : [optics.blankRfu, optics.mostRfu];
  return times.map((elapsedMs) => {
    const od = densityAt(culture, elapsedMs, phenotypes, seed);
    const value = withNoise(blank + od * perOd, read.mode, chance);
    return value > most ? 'overflow' : value;
  });
}

/** Noise-free signal per OD of the cells in a well: 1 for absorbance; for fluorescence the mean over its cells. */
export function signalPerOd(culture: Culture, read: ReadSpec, phenotypes: Phenotypes, seed: number): number {
  if (read.mode === 'absorbance') return 1;
  const { barcode, wellName, well } = culture;
  const total = Object.values(well.cells).reduce((sum, count) => sum + count, 0);
  if (total <= 0) return 0;
  const channel = { wavelengthNm: read.wavelengthNm, emissionNm: read.emissionNm ?? 0 };
  const mean = Object.entries(well.cells).reduce(
    (sum, [plasmid, count]) => sum + channelPerOd(phenotypes.of(plasmid), channel) * (count / total),
    0,
  );
  const key = { barcode, well: wellName, ...(well.origin ?? { stepKey: '', count: 0 }) };
  return mean * factor(drawFor(seed, key, 'expression'), expression.cultureSpread);
}

/** Live cells grow during the run, cells without plasmid only shine. */
function densityAt(culture: Culture, elapsedMs: number, phenotypes: Phenotypes, seed: number): number {
  const { well } = culture;
  const still = densityOf(well) - opticalDensity(liveCells(well), well.volumePl);
  return still + densityAfter(culture, elapsedMs, phenotypes, seed);
}

/** Multiplicative plus additive normal noise; absorbance to 3 decimals and fluorescence to whole counts, as BMG exports. */
function withNoise(signal: number, mode: ReadSpec['mode'], chance: Generator): number {
  const [relative, absolute, digits] =
    mode === 'absorbance' ? [optics.odRelative, optics.odAbsolute, 1_000] : [optics.rfuRelative, optics.rfuAbsolute, 1];
  const value = signal * (1 + relative * chance.normal()) + absolute * chance.normal();
  return Math.max(0, Math.round(value * digits) / digits);
}
