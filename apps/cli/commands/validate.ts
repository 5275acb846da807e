import { readFileSync } from 'node:fs';
import type { Campaign } from '../../../libs/campaign/campaign';
import { parseCampaign, shippedContext } from '../../../libs/campaign/document/parse-campaign';
import { ApiProblem } from '../../../libs/client/client';
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

/** Validates a campaign's text where the protocols of an installation are known. */
type AskInstallation = (text: string) => Promise<unknown>;

/**
 * Says everything that is wrong with a campaign file. A protocol that is not shipped is asked of the installation, when there
 * is one. @returns whether nothing is wrong
 */
export async function validateCampaignFile(file: string, ask: AskInstallation, out: Out, err: Out): Promise<boolean> {
  const parsed = parseCampaign(readBytes(file), shippedContext(today()));
  if (parsed.ok || !parsed.findings.some(isUnknownProtocol)) return tell(file, parsed, out, err);
  try {
    await ask(parsed.sourceText);
    return tell(file, { ...parsed, ok: true }, out, err);
  } catch (error) {
    if (tellRefusal(error, file, parsed.sourceText, err)) return false;
    const known = `Protocols you stored are known to your installation only, and it cannot be asked: ${(error as Error).message}`;
    tell(file, parsed, out, err);
    err.write(`${known}\n`);
    return false;
  }
}

const isUnknownProtocol = ({ pointer, code }: Finding): boolean =>
  code === 'unknown-reference' && /^\/(build|assay)\/protocol\//.test(pointer);

/** Shows the findings of an api's refusal beside the text they are about. @returns whether it was one */
export function tellRefusal(error: unknown, file: string, text: string, err: Out): boolean {
  const findings = error instanceof ApiProblem ? error.problem.findings : undefined;
  if (!findings || findings.length === 0) return false;
  err.write(formatFindings(findings as readonly Finding[], file, text));
  return true;
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

/** A document's bytes as text, for showing: what is not UTF-8 becomes U+FFFD. */
export const asText = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');

/** A document's own bytes. @throws DomainError `not-found` */
export function readBytes(file: string): Uint8Array<ArrayBuffer> {
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
  const warnings = formatFindings(parsed.warnings, file, parsed.sourceText).replace(/mistake(s?) in .*\n$/, (count) =>
    count.replace('mistake', 'warning'),
  );
  if (parsed.warnings.length > 0) err.write(warnings);
  if (parsed.ok) {
    out.write(`${file}: valid\n`);
    return true;
  }
  err.write(formatFindings(parsed.findings ?? [], file, parsed.sourceText));
  return false;
}
