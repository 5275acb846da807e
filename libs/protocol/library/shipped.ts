import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DomainError } from '../../errors/domain-error';
import { parseProtocol } from '../document/parse-protocol';
import type { Protocol } from '../protocol';

/** A protocol that ships with Anneal, with the text it was read from. */
export interface ShippedProtocol {
  readonly id: string;
  readonly version: string;
  readonly stage: Protocol['stage'];
  readonly sourceText: string;
  readonly document: Protocol;
}

let shipped: readonly ShippedProtocol[] | undefined;

/**
 * The protocols that ship with Anneal, by id.
 * @throws DomainError `protocol-invalid` with the findings when a file of the library does not validate.
 */
export function shippedProtocols(): readonly ShippedProtocol[] {
  shipped ??= readLibrary();
  return shipped;
}

/**
 * The shipped protocol of an id and version.
 * @throws DomainError `unknown-reference` when there is none; names those there are.
 */
export function loadShippedProtocol(id: string, version: string): Protocol {
  const found = shippedProtocols().find((protocol) => protocol.id === id && protocol.version === version);
  if (found) return found.document;
  const known = shippedProtocols().map((protocol) => `${protocol.id}@${protocol.version}`);
  throw new DomainError('unknown-reference', `no protocol ${id}@${version}; there is ${known.join(', ')}`, { known });
}

/** The library is read from the sources, from `dist` as well: YAML files are not compiled. */
function readLibrary(): ShippedProtocol[] {
  const folder = join(projectRoot(), 'libs', 'protocol', 'library');
  const files = readdirSync(folder)
    .filter((file) => file.endsWith('.yaml'))
    .sort();
  return files.map((file) => {
    const sourceText = readFileSync(join(folder, file), 'utf8');
    const parsed = parseProtocol(sourceText);
    if (!parsed.ok) throw new DomainError('protocol-invalid', `${file} does not validate`, { file }, parsed.findings);
    const { protocol: document } = parsed;
    return { id: document.id, version: document.version, stage: document.stage, sourceText, document };
  });
}

function projectRoot(): string {
  for (let folder = __dirname; folder !== dirname(folder); folder = dirname(folder))
    if (existsSync(join(folder, 'package.json'))) return folder;
  throw new DomainError('config-invalid', `no package.json above ${__dirname}: the protocol library is read beside it`);
}
