import { constructHash } from '../dna/canonical';
import { DomainError } from '../errors/domain-error';
import type { PlanResult } from '../protocol/protocol';

/** A sequenced well, as the sequencer reports it. */
export interface Consensus {
  readonly barcode: string;
  readonly well: string;
  /** Mean read depth. */
  readonly depth: number;
  readonly sequence: string;
  /** Share of a second plasmid, where one was seen. */
  readonly mixed?: number;
}

/** A construct that clones are compared with. */
export interface ExpectedConstruct {
  readonly constructId: string;
  readonly name: string;
  /** `constructHash` of its sequence. */
  readonly sequenceSha256: string;
  readonly lengthBp: number;
  /** Accepted clones there are already. */
  readonly accepted: number;
}

/** A clone and the construct it should carry. */
export interface Clone {
  readonly cloneId: string;
  readonly constructId: string;
}

/** A well with a clone in it: its culture, stock or plasmid. */
export interface CloneWell {
  readonly cloneId: string;
  readonly barcode: string;
  readonly well: string;
}

export interface CloneVerdictRequest {
  /** Clones in the order they are preferred. */
  readonly clones: readonly Clone[];
  /** Where each clone can have been sequenced. */
  readonly wells: readonly CloneWell[];
  readonly consensus: readonly Consensus[];
  readonly expected: readonly ExpectedConstruct[];
  /** Perfect clones kept as accepted per construct. */
  readonly clonesWanted: number;
}

/** Verdict on one clone. */
export interface CloneVerdict {
  readonly cloneId: string;
  readonly constructId: string;
  readonly verdict: 'perfect' | 'wrong-sequence';
  /** First perfect ones only. */
  readonly accepted: boolean;
  readonly reason: string;
  /** Empty when it was not sequenced. */
  readonly evidence: {
    readonly barcode?: string;
    readonly well?: string;
    readonly depth?: number;
    readonly lengthBp?: number;
  }; // prettier-ignore
}

/** Reads below this mean depth prove nothing. */
const leastDepth = 10;

/**
 * Sequences of a FASTA file whose headers are `>barcode|well|depth`, with `|mixed=0.30` where a second plasmid was seen.
 * @throws DomainError `reader-file-refused` for a header of another form.
 */
export function readConsensusFasta(text: string): Consensus[] {
  const records = text.replace(/\r/g, '').split(/^>/m).slice(1);
  if (records.length === 0 && text.trim() !== '') {
    throw new DomainError('reader-file-refused', 'Expected FASTA, found a text without a ">" line.');
  }
  return records.map((record) => {
    const [header = '', ...lines] = record.split('\n');
    const [barcode, well, depth, note = ''] = header.trim().split('|');
    const mixed = /^mixed=(\d*\.?\d+)$/.exec(note)?.[1];
    if (!barcode || !well || depth === undefined || !Number.isFinite(Number(depth))) {
      throw new DomainError('reader-file-refused', `Expected ">barcode|well|depth", found ">${header.trim()}".`);
    }
    const sequence = lines.join('').trim().toUpperCase();
    return { barcode, well, depth: Number(depth), sequence, ...(mixed === undefined ? {} : { mixed: Number(mixed) }) };
  });
}

/**
 * Compares each clone with its construct as circles: strand and origin do not matter, one wrong base does. The first perfect
 * clones of a construct are accepted, the others keep their verdict. `everyDesignBuilt` says whether another pass is needless.
 */
export function judgeClones(request: CloneVerdictRequest): { clones: CloneVerdict[]; plan: PlanResult } {
  const accepted = new Map(request.expected.map((construct) => [construct.constructId, construct.accepted]));
  const expected = new Map(request.expected.map((construct) => [construct.constructId, construct]));
  const reads = readsByClone(request);
  const clones = request.clones.flatMap((clone): CloneVerdict[] => {
    const construct = expected.get(clone.constructId);
    if (!construct) return [];
    const judged = judge(clone, construct, reads.get(clone.cloneId));
    const already = accepted.get(construct.constructId) ?? 0;
    const accept = judged.verdict === 'perfect' && already < request.clonesWanted;
    if (accept) accepted.set(construct.constructId, already + 1);
    return [{ ...judged, accepted: accept }];
  });
  return { clones, plan: toPlan(request, accepted, clones) };
}

/** The deepest read of each clone. */
function readsByClone({ wells, consensus }: CloneVerdictRequest): Map<string, Consensus> {
  const cloneAt = new Map(wells.map(({ barcode, well, cloneId }) => [`${barcode}|${well}`, cloneId]));
  const reads = new Map<string, Consensus>();
  for (const read of consensus) {
    const cloneId = cloneAt.get(`${read.barcode}|${read.well}`);
    if (cloneId !== undefined && (reads.get(cloneId)?.depth ?? -1) < read.depth) reads.set(cloneId, read);
  }
  return reads;
}

function judge(
  { cloneId }: Clone,
  construct: ExpectedConstruct,
  read: Consensus | undefined,
): Omit<CloneVerdict, 'accepted'> {
  const wrong = (reason: string): Omit<CloneVerdict, 'accepted'> => ({
    cloneId,
    constructId: construct.constructId,
    verdict: 'wrong-sequence',
    reason,
    evidence: read ? { barcode: read.barcode, well: read.well, depth: read.depth, lengthBp: read.sequence.length } : {},
  });
  if (!read || read.sequence === '') return wrong('no consensus sequence');
  if (read.depth < leastDepth) return wrong(`depth ${read.depth} is below ${leastDepth}`);
  if (read.mixed !== undefined) return wrong(`a second plasmid makes up ${Math.round(100 * read.mixed)} %`);
  if (constructHash(read.sequence, 'circular') === construct.sequenceSha256) {
    return { ...wrong('equals the design, base by base'), verdict: 'perfect' };
  }
  const found = read.sequence.length;
  return found === construct.lengthBp
    ? wrong('same length as the design, other bases')
    : wrong(`${found} bp instead of ${construct.lengthBp} bp`);
}

function toPlan(
  { expected }: CloneVerdictRequest,
  accepted: ReadonlyMap<string, number>,
  clones: readonly CloneVerdict[],
): PlanResult {
  const built = expected.filter(({ constructId }) => (accepted.get(constructId) ?? 0) > 0);
  const failed = expected.filter(({ constructId }) => (accepted.get(constructId) ?? 0) === 0);
  const perfect = clones.filter(({ verdict }) => verdict === 'perfect').length;
  return {
    labware: {},
    worklists: {},
    values: {
      built: built.map(({ constructId }) => constructId),
      failed: failed.map(({ constructId }) => constructId),
      clones,
    },
    verdicts: { everyDesignBuilt: failed.length === 0 ? 'yes' : 'no' },
    summary: `${perfect} of ${clones.length} clones perfect; ${built.length} of ${expected.length} constructs built`,
  };
}
