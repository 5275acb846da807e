import { DomainError } from '../errors/domain-error';
import type { Layout } from './layout';
import { wellsOfRole } from './layout';
import type { Reading, ReadingTable } from './readings';
import { readingsOf } from './readings';
import { meanOf } from './statistics';

/** How a plate's absorbance becomes the OD of the cultures it was sampled from. */
export interface OdOptions {
  /** 600 nm when absent. */
  readonly wavelengthNm?: number;
  /** Light path in the wells (volume / area); 1 when absent. Ignored when the reader corrected already. */
  readonly pathLengthCm?: number;
  /** Dilution between culture and plate (10 = one part in ten), for all wells or per well; 1 when absent. */
  readonly dilutionFactor?: number | Readonly<Record<string, number>>;
  /** Corrected OD from which a culture counts as grown. */
  readonly growthThresholdOd: number;
  /** Raw OD of medium, used when the layout has no blank wells. */
  readonly blankOd?: number;
}

/** OD of the culture a well was sampled from. */
export interface WellOd {
  readonly well: string;
  /** Per cm of path, undiluted; null when the well could not be read or is above the reader's range. */
  readonly od: number | null;
  /** A well above the range grew; one that was not read is not known to. */
  readonly grew: boolean;
  readonly flag?: 'overflow' | 'missing';
}

/** The cultures of a plate: their OD, and which did not grow or were not read. */
export interface PlateOd {
  readonly wells: readonly WellOd[];
  readonly notGrown: readonly string[];
  readonly unread: readonly string[];
}

/**
 * Optical densities at an endpoint (or the last time): (absorbance − blank) / path length × dilution, for all wells of the
 * layout but the blanks.
 *
 * @throws DomainError `reader-file-refused` when the file has not exactly one read at the wavelength, `control-missing` when
 *   there is neither a readable blank nor `blankOd`.
 */
export function odByWell(table: ReadingTable, layout: Layout, options: OdOptions): PlateOd {
  const readings = lastReadings(table, options.wavelengthNm ?? 600);
  const blank = blankOf(readings, layout, options);
  const path = table.pathLengthCorrected ? 1 : (options.pathLengthCm ?? 1);
  const wells = Object.keys(layout.wells)
    .filter((well) => layout.wells[well]!.role !== 'blank')
    .map((well): WellOd => {
      const reading = readings.get(well);
      if (reading?.flag === 'overflow') return { well, od: null, grew: true, flag: 'overflow' };
      if (!reading || reading.value === null) return { well, od: null, grew: false, flag: 'missing' };
      const od = ((reading.value - blank) / path) * dilutionOf(options, well);
      return { well, od, grew: od >= options.growthThresholdOd };
    });
  return {
    wells,
    notGrown: wells.flatMap(({ well, grew, flag }) => (grew || flag === 'missing' ? [] : well)),
    unread: wells.flatMap(({ well, flag }) => (flag === 'missing' ? well : [])),
  };
}

function lastReadings(table: ReadingTable, wavelengthNm: number): Map<string, Reading> {
  const readings = readingsOf(table, { mode: 'absorbance', wavelengthNm });
  const labels = new Set(readings.map(({ label }) => label));
  if (labels.size !== 1) {
    throw new DomainError(
      'reader-file-refused',
      `Expected one absorbance read at ${wavelengthNm} nm, found ${labels.size}: check the reader's protocol.`,
    );
  }
  const last = new Map<string, Reading>();
  for (const reading of readings) {
    const known = last.get(reading.well);
    if (!known || (reading.timeS ?? 0) >= (known.timeS ?? 0)) last.set(reading.well, reading);
  }
  return last;
}

function blankOf(readings: ReadonlyMap<string, Reading>, layout: Layout, { blankOd }: OdOptions): number {
  const blanks = wellsOfRole(layout, 'blank').flatMap((well) => readings.get(well)?.value ?? []);
  if (blanks.length > 0) return meanOf(blanks);
  if (blankOd !== undefined) return blankOd;
  throw new DomainError(
    'control-missing',
    'Expected a readable blank well or a known OD of the medium, found neither.',
  );
}

function dilutionOf({ dilutionFactor }: OdOptions, well: string): number {
  return typeof dilutionFactor === 'object' ? (dilutionFactor[well] ?? 1) : (dilutionFactor ?? 1);
}
