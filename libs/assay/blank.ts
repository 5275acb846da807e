import { DomainError } from '../errors/domain-error';
import type { Layout } from './layout';
import { wellsOfRole } from './layout';
import type { Reading, ReadingTable } from './readings';
import { meanOf } from './statistics';

/**
 * Subtracts the mean of the blank wells, read by read and time by time. Derived readings are dropped; flagged ones stay null.
 *
 * @throws DomainError `control-missing` when a read has no blank with a value at some time: signals over an unknown background
 *   mean nothing.
 */
export function blankSubtract(table: ReadingTable, layout: Layout): ReadingTable {
  const measured = table.readings.filter(({ derived }) => !derived);
  const background = backgroundOf(measured, new Set(wellsOfRole(layout, 'blank')));
  const readings = measured.map((reading) => {
    const blank = background.get(keyOf(reading));
    if (blank === undefined) throw noBlank(reading);
    return reading.value === null ? reading : { ...reading, value: reading.value - blank };
  });
  return { ...table, readings };
}

function backgroundOf(readings: readonly Reading[], blanks: ReadonlySet<string>): Map<string, number> {
  const values = new Map<string, number[]>();
  for (const reading of readings) {
    if (reading.value === null || !blanks.has(reading.well)) continue;
    const key = keyOf(reading);
    values.set(key, [...(values.get(key) ?? []), reading.value]);
  }
  return new Map([...values].map(([key, list]) => [key, meanOf(list)]));
}

function keyOf({ label, timeS }: Reading): string {
  return `${label}@${timeS}`;
}

function noBlank({ label, timeS }: Reading): DomainError {
  const when = timeS === null ? '' : ` at ${timeS} s`;
  return new DomainError(
    'control-missing',
    `Expected a blank well with a value for read "${label}"${when}, found none: read the plate again with its blanks.`,
    { read: label, timeS },
  );
}
