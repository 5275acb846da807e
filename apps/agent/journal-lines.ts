import { createHash } from 'node:crypto';
import type { LeasedJob, Outcome } from '../../libs/device/job';

/** One line of the journal, written before what it announces. `at` is wall time, for people. */
export type JournalLine =
  | { readonly e: 'leased'; readonly id: string; readonly token: string; readonly job: LeasedJob; readonly at?: string }
  | { readonly e: 'started'; readonly id: string; readonly leaseMs: number; readonly at?: string }
  | { readonly e: 'outcome'; readonly id: string; readonly outcome: Outcome; readonly at?: string }
  | { readonly e: 'settled'; readonly id: string; readonly how: string }
  /** First line after a compaction: what must never be forgotten. */
  | { readonly e: 'kept'; readonly highestToken: string; readonly started: readonly string[] };

/** A journal with a line in the middle that cannot be read: what followed is there, what it said is not. */
export class JournalDamaged extends Error {
  override readonly name = 'JournalDamaged';

  constructor(readonly line: number) {
    super(
      `line ${line} of the journal cannot be read although later ones can: this is no torn end but damage of the disk. ` +
        'The agent does not start, since the line may say that a dispatch was triggered. Look at the instrument and settle ' +
        'the open dispatches of this device by hand, then move journal.jsonl out of the folder of the device and start the agent again.',
    );
  }
}

/** What a journal file holds. */
export interface DecodedJournal {
  readonly lines: readonly JournalLine[];
  /** The end could not be read and is to be cut off. */
  readonly torn: boolean;
  /** The last line lacks its end of line. */
  readonly unended: boolean;
}

const checksumOf = (json: string): string => createHash('sha256').update(json).digest('hex').slice(0, 16);

/** A line as it is written: checksum (the first 16 hex digits of SHA-256), blank, JSON, end of line. */
export function encodeLine(line: JournalLine): string {
  const json = JSON.stringify(line);
  return `${checksumOf(json)} ${json}\n`;
}

/**
 * Reads a journal. Each line is synced before the next is written, so a power cut tears the last one only.
 * @throws JournalDamaged when a line that cannot be read is followed by one that can
 */
export function decodeLines(content: Uint8Array): DecodedJournal {
  const texts = Buffer.from(content).toString('utf8').split('\n');
  const unended = texts.at(-1) !== '';
  if (!unended) texts.pop();
  const lines: JournalLine[] = [];
  let unreadable: number | undefined;
  for (const [index, text] of texts.entries()) {
    const line = decodeLine(text);
    if (line && unreadable !== undefined) throw new JournalDamaged(unreadable);
    if (line) lines.push(line);
    else unreadable ??= index + 1;
  }
  return { lines, torn: unreadable !== undefined, unended };
}

/** A line without checksum, as agents up to version 0.1 wrote it, begins with its JSON. */
function decodeLine(text: string): JournalLine | undefined {
  const json = text.startsWith('{') ? text : text.slice(17);
  if (json !== text && text.slice(0, 17) !== `${checksumOf(json)} `) return undefined;
  try {
    return JSON.parse(json) as JournalLine;
  } catch {
    return undefined;
  }
}
