import type { PlannedTransfer } from '../device/job';
import { DomainError } from '../errors/domain-error';
import { findLabwareKind } from '../labware/kinds';
import { canonicalWell } from '../labware/wells';
import { readCsvRecords, writeCsvRecord } from './csv-records';

/** One end of a transfer as a robot sees it. */
export interface PicklistEnd {
  readonly barcode: string;
  /** Labware kind of `libs/labware`. */
  readonly kind: string;
  /** Canonical well name, e.g. `A1`. */
  readonly well: string;
}

/** One line of a worklist file. */
export interface PicklistRow {
  /** Unique within the file; what progress and outcomes name. */
  readonly ordinal: number;
  readonly source: PicklistEnd;
  readonly destination: PicklistEnd;
  readonly volumePl: number;
}

/** Media type of a worklist file. */
export const picklistMediaType = 'text/csv';

const columns = [
  'Source Plate Name',
  'Source Plate Barcode',
  'Source Plate Type',
  'Source Well',
  'Destination Plate Name',
  'Destination Plate Barcode',
  'Destination Plate Type',
  'Destination Well',
  'Transfer Volume',
  'Transfer Ordinal',
] as const;

/** Barcode and kind of a labware, by its id. */
export type LabwareLookup = (labwareId: string) => { readonly barcode: string; readonly kind: string };

/** Rows of planned transfers, in their order. */
export function toPicklistRows(transfers: readonly PlannedTransfer[], labware: LabwareLookup): PicklistRow[] {
  return transfers.map((transfer) => ({
    ordinal: transfer.ordinal,
    source: { ...labware(transfer.fromLabwareId), well: transfer.fromWell },
    destination: { ...labware(transfer.toLabwareId), well: transfer.toWell },
    volumePl: transfer.volumePl,
  }));
}

/**
 * Worklist file in the columns of an Echo cherry pick, plus `Transfer Ordinal`. Volumes are nL with up to three decimals,
 * so that whole picolitres survive; wells are unpadded; lines end with LF.
 */
export function writePicklist(rows: readonly PicklistRow[]): string {
  const lines = rows.map(({ ordinal, source, destination, volumePl }) =>
    writeCsvRecord([
      source.barcode,
      source.barcode,
      source.kind,
      source.well,
      destination.barcode,
      destination.barcode,
      destination.kind,
      destination.well,
      formatNl(volumePl),
      String(ordinal),
    ]),
  );
  return [writeCsvRecord(columns), ...lines, ''].join('\n');
}

/**
 * Reads a worklist file by its header, whatever the order of its columns; the inverse of {@link writePicklist}.
 * @throws DomainError `document-syntax` for a missing column, a ragged line, a bad volume, well or ordinal, or one used twice.
 */
export function readPicklist(text: string): PicklistRow[] {
  const [header = [], ...records] = readCsvRecords(text);
  const missing = columns.filter((column) => !header.includes(column));
  if (missing.length > 0) throw refusal(1, `Expected the column "${missing[0]}", found ${header.join(', ')}.`);
  const seen = new Set<number>();
  return records.map((record, index) => {
    const line = index + 2;
    if (record.length !== header.length) {
      throw refusal(line, `Expected ${header.length} cells, found ${record.length}.`);
    }
    const cell = (column: (typeof columns)[number]): string => (record[header.indexOf(column)] as string).trim();
    const row = toRow(cell, line);
    if (seen.has(row.ordinal)) throw refusal(line, `Expected every ordinal once, found ${row.ordinal} again.`);
    seen.add(row.ordinal);
    return row;
  });
}

function toRow(cell: (column: (typeof columns)[number]) => string, line: number): PicklistRow {
  const end = (side: 'Source' | 'Destination'): PicklistEnd => {
    const barcode = cell(`${side} Plate Barcode`);
    if (barcode === '') throw refusal(line, `Expected a ${side.toLowerCase()} barcode, found none.`);
    const kind = findLabwareKind(cell(`${side} Plate Type`));
    return { barcode, kind: kind.id, well: canonicalWell(cell(`${side} Well`), kind) };
  };
  const ordinal = Number(cell('Transfer Ordinal'));
  if (!Number.isSafeInteger(ordinal) || ordinal < 1) {
    throw refusal(line, `Expected an ordinal from 1, found "${cell('Transfer Ordinal')}".`);
  }
  return {
    ordinal,
    source: end('Source'),
    destination: end('Destination'),
    volumePl: parseNl(cell('Transfer Volume'), line),
  };
}

/** Nanolitres with as many decimals as whole picolitres need. */
function formatNl(volumePl: number): string {
  const whole = Math.floor(volumePl / 1_000);
  const rest = String(volumePl % 1_000).padStart(3, '0').replace(/0+$/, ''); // prettier-ignore
  return rest === '' ? String(whole) : `${whole}.${rest}`;
}

function parseNl(text: string, line: number): number {
  const match = /^(\d+)(?:\.(\d{1,3}))?$/.exec(text);
  const volumePl = match ? Number(match[1]) * 1_000 + Number((match[2] ?? '').padEnd(3, '0')) : 0;
  if (volumePl > 0 && Number.isSafeInteger(volumePl)) return volumePl;
  throw refusal(line, `Expected a volume in nL above 0 with at most three decimals, found "${text}".`);
}

function refusal(line: number, message: string): DomainError {
  return new DomainError('document-syntax', `Worklist line ${line}: ${message}`, { line });
}
