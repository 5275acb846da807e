import { readFileSync } from 'node:fs';
import type { Campaign } from '../../../libs/campaign/campaign';
import { parseCampaign, shippedContext } from '../../../libs/campaign/document/parse-campaign';
import { DomainError, type Finding } from '../../../libs/errors/domain-error';
import { formatFindings } from '../../../libs/protocol/document/format-findings';
import { parseProtocol } from '../../../libs/protocol/document/parse-protocol';

interface Parsed {
  readonly ok: boolean;
  readonly sourceText: string;
  readonly warnings: readonly Finding[];
  readonly findings?: readonly Finding[];
}

type Out = Pick<NodeJS.WriteStream, 'write'>;

/** Says everything that is wrong with a campaign file. @returns whether nothing is */
export function validateCampaignFile(file: string, out: Out, err: Out): boolean {
  return tell(file, parseCampaign(readBytes(file), shippedContext(today())), out, err);
}

/** Says everything that is wrong with a protocol file. @returns whether nothing is */
export function validateProtocolFile(file: string, out: Out, err: Out): boolean {
  return tell(file, parseProtocol(readBytes(file)), out, err);
}

/** A campaign that is known to be valid. @throws DomainError `document-invalid` when it is not after all */
export function readCampaign(text: string): Campaign {
  const parsed = parseCampaign(text, shippedContext());
  if (parsed.ok) return parsed.campaign;
  throw new DomainError('document-invalid', 'the campaign does not validate', {}, parsed.findings);
}

const today = (): string => new Date().toISOString().slice(0, 10);

function readBytes(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new DomainError(
      'not-found',
      `expected a file at ${file}, found none that can be read (${(error as Error).message})`,
    );
  }
}

function tell(file: string, parsed: Parsed, out: Out, err: Out): boolean {
  if (parsed.warnings.length > 0) err.write(`warnings:\n${formatFindings(parsed.warnings, file, parsed.sourceText)}\n`);
  if (parsed.ok) {
    out.write(`${file}: valid\n`);
    return true;
  }
  const findings = parsed.findings ?? [];
  err.write(
    `${formatFindings(findings, file, parsed.sourceText)}\n${findings.length} mistake${findings.length === 1 ? '' : 's'}; nothing was stored\n`,
  );
  return false;
}
