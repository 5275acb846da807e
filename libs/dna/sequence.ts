import { DomainError } from '../errors/domain-error';

/** IUPAC nucleotide letters and their complements (NC-IUB 1984). */
const complements: Readonly<Record<string, string>> = {
  A: 'T',
  C: 'G',
  G: 'C',
  T: 'A',
  R: 'Y',
  Y: 'R',
  S: 'S',
  W: 'W',
  K: 'M',
  M: 'K',
  B: 'V',
  V: 'B',
  D: 'H',
  H: 'D',
  N: 'N',
};

const complementOf = complementTable();

/**
 * The sequence in upper case with white space removed.
 *
 * @throws DomainError `sequence-invalid` when it is empty or holds a letter outside IUPAC DNA; names the first position (1-based).
 */
export function parseSequence(text: string, name = 'sequence'): string {
  const sequence = text.replace(/\s+/g, '').toUpperCase();
  if (sequence === '') throw new DomainError('sequence-invalid', `${name} is empty; expected DNA letters`, { name });
  const at = sequence.search(/[^ACGTRYSWKMBDHVN]/);
  if (at >= 0) {
    throw new DomainError(
      'sequence-invalid',
      `${name} holds "${sequence[at]}" at position ${at + 1}; expected IUPAC DNA letters`,
      { name, position: at + 1, found: sequence[at] },
    );
  }
  return sequence;
}

/** Says whether every base is known (only A, C, G, T). */
export function isUnambiguous(sequence: string): boolean {
  return /^[ACGT]*$/.test(sequence);
}

/** The opposite strand, 5'→3'. Expects upper-case IUPAC letters. */
export function reverseComplement(sequence: string): string {
  const bases = Buffer.from(sequence, 'latin1');
  const opposite = Buffer.allocUnsafe(bases.length);
  for (let i = 0, j = bases.length - 1; j >= 0; i++, j--) opposite[i] = complementOf[bases[j] as number] as number;
  return opposite.toString('latin1');
}

/** Says whether a sequence equals its own opposite strand; such an overhang ligates to itself. */
export function isPalindrome(sequence: string): boolean {
  return reverseComplement(sequence) === sequence;
}

function complementTable(): Uint8Array {
  const table = new Uint8Array(256).fill('N'.charCodeAt(0));
  for (const [base, partner] of Object.entries(complements)) table[base.charCodeAt(0)] = partner.charCodeAt(0);
  return table;
}
