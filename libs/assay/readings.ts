/** Why a reading has no trustworthy number. */
export type ReadingFlag = 'overflow' | 'underflow' | 'missing';

/** One number a plate reader reported: one well, one read, one time. */
export interface Reading {
  /** What identifies the plate in the file (BMG: ID1). */
  readonly plateBarcode?: string;
  /** The file's own name of the read: `600 1`, `485-15/520-20 2`. */
  readonly label: string;
  readonly mode: 'absorbance' | 'fluorescence';
  /** Absorbance: the wavelength; fluorescence: excitation. */
  readonly wavelengthNm: number;
  readonly emissionNm?: number;
  readonly well: string;
  /** Seconds since the start of a kinetic measurement; null at an endpoint. */
  readonly timeS: number | null;
  /** AU (absorbance) or RFU (fluorescence); null when flagged. */
  readonly value: number | null;
  readonly flag?: ReadingFlag;
  /** Computed by the reader's software (blank corrected), not measured. */
  readonly derived: boolean;
  /** Line of the file, from 1. */
  readonly line: number;
}

/** Everything one export holds, as a long table. */
export interface ReadingTable {
  readonly plateBarcode?: string;
  readonly testName: string;
  readonly testRun: string;
  readonly user: string;
  /** Local date and time without zone, `2026-03-01T14:05:00`; absent when the file's date cannot be told apart (d/m, m/d). */
  readonly measuredAt?: string;
  /** ID1, ID2, … as in the file. */
  readonly ids: readonly string[];
  /** The software divided absorbance by the path length already. */
  readonly pathLengthCorrected: boolean;
  readonly readings: readonly Reading[];
}

/** A read of the assay plan or of a helper, as far as it can be recognised in a file. */
export interface ReadSelector {
  readonly mode: Reading['mode'];
  readonly wavelengthNm: number;
  readonly emissionNm?: number;
}

/** Measured (not derived) readings of one read, in file order. */
export function readingsOf(table: ReadingTable, read: ReadSelector): Reading[] {
  return table.readings.filter(
    (reading) =>
      !reading.derived &&
      reading.mode === read.mode &&
      reading.wavelengthNm === read.wavelengthNm &&
      (read.emissionNm === undefined || reading.emissionNm === read.emissionNm),
  );
}
