import { DomainError } from '../errors/domain-error';
import type { Feature, Molecule, Topology } from './molecule';
import { parseSequence } from './sequence';

/** One GenBank record as Anneal writes it. */
export interface GenbankRecord extends Molecule {
  readonly features: readonly Feature[];
  /** Free text of the DEFINITION line. */
  readonly definition: string;
  /** Day of the LOCUS line as GenBank writes it, `21-NOV-2026`. */
  readonly date: string;
}

/** A record that was read, with the locations of features this reader cannot represent. */
export interface ReadGenbankRecord extends GenbankRecord {
  readonly skipped: readonly string[];
}

/** GenBank feature key by Sequence Ontology term. */
const keyOf: Readonly<Record<string, string>> = {
  'SO:0000167': 'promoter',
  'SO:0000139': 'RBS',
  'SO:0000316': 'CDS',
  'SO:0000141': 'terminator',
};

const lineWidth = 79;

/**
 * Writes one record in GenBank flat file format (NCBI release notes, section 3.4). The locus name keeps letters, digits, `_` and `-`;
 * the full name stands in the DEFINITION when that is empty. A feature across the origin becomes `join(a..n,1..b)`.
 */
export function writeGenbank(record: GenbankRecord): string {
  const { name, sequence, topology, definition, date, features } = record;
  const locus = name.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 60);
  const size = String(sequence.length).padStart(Math.max(1, 28 - Math.max(16, locus.length) - 1));
  return [
    `LOCUS       ${locus.padEnd(16)} ${size} bp    DNA     ${topology.padEnd(8)} SYN ${date}`,
    ...wrap(definition || name, 'DEFINITION  ', ' '.repeat(12)),
    `ACCESSION   ${locus}`,
    'FEATURES             Location/Qualifiers',
    `     source          1..${sequence.length}`,
    '                     /organism="synthetic DNA construct"',
    '                     /mol_type="other DNA"',
    ...features.flatMap((feature) => featureLines(feature, sequence.length)),
    'ORIGIN',
    ...originLines(sequence),
    '//',
    '',
  ].join('\n');
}

/**
 * Reads the first record of a GenBank text: name, topology, definition, sequence and the features with simple locations.
 *
 * @throws DomainError `sequence-invalid` when LOCUS or ORIGIN is missing or the length disagrees with the LOCUS line.
 */
export function readGenbank(text: string): ReadGenbankRecord {
  const [head = '', rest = ''] = splitAt(text, /^ORIGIN.*$/m);
  const locus = /^LOCUS\s+(\S+)\s+(\d+) bp\s+.*?(circular|linear)?\s+(?:[A-Z]{3}\s+)?(\d{2}-[A-Z]{3}-\d{4})/m.exec(
    head,
  );
  if (!locus) throw new DomainError('sequence-invalid', 'the text has no GenBank LOCUS line with a length and a date');
  const [, name = '', length, topology = 'linear', date = ''] = locus;
  const sequence = parseSequence((rest.split(/^\/\//m)[0] ?? '').replace(/[\d\s]/g, ''), name);
  if (sequence.length !== Number(length)) {
    const message = `${name} has ${sequence.length} bases, but its LOCUS line says ${length}`;
    throw new DomainError('sequence-invalid', message, { name });
  }
  const definition = (/^DEFINITION\s+([\s\S]*?)\n(?=\S)/m.exec(head)?.[1] ?? '').replace(/\s*\n\s+/g, ' ');
  const { features, skipped } = readFeatures(splitAt(head, /^FEATURES.*$/m)[1] ?? '', sequence.length);
  return { name, sequence, topology: topology as Topology, definition, date, features, skipped };
}

function featureLines(feature: Feature, length: number): string[] {
  const key = keyOf[feature.role ?? ''] ?? 'misc_feature';
  const indent = ' '.repeat(21);
  const quoted = (text: string): string => `"${text.replace(/"/g, '""')}"`;
  return [
    `     ${key.padEnd(15)} ${locationOf(feature, length)}`,
    ...wrap(`/label=${quoted(feature.name)}`, indent, indent),
    ...(feature.role === undefined ? [] : [`${indent}/db_xref=${quoted(feature.role)}`]),
  ];
}

function locationOf({ start, end, strand }: Feature, length: number): string {
  const span = end <= length ? `${start + 1}..${end}` : `join(${start + 1}..${length},1..${end - length})`;
  return strand === 1 ? span : `complement(${span})`;
}

/** Breaks at spaces only, so that joining the lines with a space restores the text. */
function wrap(text: string, first: string, next: string): string[] {
  const lines: string[] = [];
  let line = first;
  let empty = true;
  for (const word of text.split(' ')) {
    if (!empty && line.length + 1 + word.length > lineWidth) {
      lines.push(line);
      line = next + word;
    } else {
      line += empty ? word : ` ${word}`;
    }
    empty = false;
  }
  return [...lines, line];
}

function originLines(sequence: string): string[] {
  const lines: string[] = [];
  for (let at = 0; at < sequence.length; at += 60) {
    const blocks =
      sequence
        .slice(at, at + 60)
        .toLowerCase()
        .match(/.{1,10}/g) ?? [];
    lines.push(`${String(at + 1).padStart(9)} ${blocks.join(' ')}`);
  }
  return lines;
}

function splitAt(text: string, mark: RegExp): [string, string?] {
  const found = mark.exec(text);
  return found ? [text.slice(0, found.index), text.slice(found.index + found[0].length)] : [text];
}

function readFeatures(table: string, length: number): { features: Feature[]; skipped: string[] } {
  const features: Feature[] = [];
  const skipped: string[] = [];
  for (const block of table.split(/\n(?= {5}\S)/)) {
    const [, key, location = ''] = /^ {5}(\S+)\s+([^/]*)/.exec(block) ?? [];
    if (key === undefined || key === 'source') continue;
    const span = readLocation(location.replace(/\s/g, ''), length);
    if (!span) {
      skipped.push(`${key} ${location.replace(/\s/g, '')}`);
      continue;
    }
    const name = qualifier(block, 'label') ?? key;
    const role = qualifier(block, 'db_xref', /^SO:/) ?? Object.keys(keyOf).find((term) => keyOf[term] === key);
    features.push({ name, ...(role === undefined ? {} : { role }), ...span });
  }
  return { features, skipped };
}

function qualifier(block: string, key: string, wanted = /^/): string | undefined {
  const values = [...block.matchAll(new RegExp(`/${key}="((?:[^"]|"")*)"`, 'g'))].map(([, value = '']) =>
    value.replace(/\s*\n\s+/g, ' ').replace(/""/g, '"'),
  );
  return values.find((value) => wanted.test(value));
}

/** `a..b`, a join across the origin, or the complement of either. */
function readLocation(location: string, length: number): Pick<Feature, 'start' | 'end' | 'strand'> | undefined {
  const reverse = /^complement\((.*)\)$/.exec(location);
  const span = reverse?.[1] ?? location;
  const strand = reverse ? -1 : 1;
  const simple = /^(\d+)\.\.(\d+)$/.exec(span);
  if (simple) return { start: Number(simple[1]) - 1, end: Number(simple[2]), strand };
  const across = /^join\((\d+)\.\.(\d+),1\.\.(\d+)\)$/.exec(span);
  if (!across || Number(across[2]) !== length) return undefined;
  return { start: Number(across[1]) - 1, end: length + Number(across[3]), strand };
}
