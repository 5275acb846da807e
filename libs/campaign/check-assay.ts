import { present } from '../protocol/document/draft';
import type { Mistake } from '../protocol/document/mistake';
import { below, didYouMean, mistake, show } from '../protocol/document/mistake';
import type { CampaignDraft, Check } from './check-context';
import { repeatedIds } from './check-context';
import { isKinetic } from './protocol-facts';

type ReadoutDraft = NonNullable<NonNullable<NonNullable<CampaignDraft['assay']>['readouts']>[number]>;
type ReadDraft = NonNullable<NonNullable<NonNullable<CampaignDraft['assay']>['reads']>[number]>;

/** Reads and the readouts made of them. */
export const checkAssay: Check = (draft, { testProtocol }) => {
  const { reads, readouts } = draft.assay ?? {};
  const kinetic = testProtocol && isKinetic(testProtocol);
  return [
    ...repeatedIds(reads, '/assay/reads', 'read'),
    ...repeatedIds(readouts, '/assay/readouts', 'readout'),
    ...present(reads).flatMap(({ at, item }) => checkRead(item, below('/assay/reads', at))),
    ...present(readouts).flatMap(({ at, item }) => [
      ...checkReadoutReads(
        item,
        below('/assay/readouts', at),
        present(reads).map((read) => read.item),
      ),
      ...checkWindow(item, below('/assay/readouts', at)),
      ...checkKinetics(item, below('/assay/readouts', at), kinetic),
    ]),
  ];
};

function checkRead({ mode, wavelengthNm, emissionNm }: ReadDraft, pointer: string): Mistake[] {
  const where = below(pointer, 'emissionNm');
  if (mode === 'fluorescence' && emissionNm === undefined)
    return [
      mistake(
        'missing-key',
        where,
        'the emission wavelength of a fluorescence read',
        'nothing',
        `add "emissionNm: ${(wavelengthNm ?? 485) + 35}"`,
      ),
    ];
  if (mode === 'absorbance' && emissionNm !== undefined)
    return [
      mistake(
        'unknown-key',
        where,
        'one wavelength for absorbance',
        `emissionNm: ${emissionNm}`,
        'remove it, or write mode: fluorescence',
      ),
    ];
  if (emissionNm === undefined || wavelengthNm === undefined || emissionNm > wavelengthNm) return [];
  const expected = `an emission above the excitation of ${wavelengthNm} nm`;
  return [mistake('out-of-range', where, expected, `${emissionNm}`, 'exchange the two wavelengths')];
}

function checkReadoutReads(
  { method, signal, od }: ReadoutDraft,
  pointer: string,
  reads: readonly ReadDraft[],
): Mistake[] {
  const known = (mode?: string): string[] =>
    reads.flatMap((read) => (read.id !== undefined && (mode ?? read.mode) === read.mode ? read.id : []));
  const lookUp = (
    key: 'signal' | 'od',
    id: string | undefined,
    candidates: readonly string[],
    what: string,
  ): Mistake[] => {
    if (id === undefined || reads.length === 0 || candidates.includes(id)) return [];
    return [mistake('unknown-reference', below(pointer, key), what, `"${id}"`, didYouMean(id, candidates))];
  };
  const hasMode = reads.every((read) => read.mode !== undefined);
  const missing = method === 'ratio' && signal === undefined;
  return [
    ...lookUp('od', od, hasMode ? known('absorbance') : known(), 'an absorbance read of this assay'),
    ...lookUp(
      'signal',
      signal,
      known().filter((id) => id !== od),
      'another read of this assay',
    ),
    ...(missing
      ? [
          mistake(
            'missing-key',
            below(pointer, 'signal'),
            'the read whose ratio to OD is taken',
            'nothing',
            didYouMean('signal', known('fluorescence')),
          ),
        ]
      : []),
  ];
}

function checkWindow({ odWindow }: ReadoutDraft, pointer: string): Mistake[] {
  const [low, high] = odWindow ?? [];
  if (low === undefined || high === undefined || (low < high && low >= 0)) return [];
  return [
    mistake(
      'out-of-range',
      below(pointer, 'odWindow'),
      '[low, high] with 0 ≤ low < high',
      show(odWindow),
      'e.g. [0.2, 0.5]',
    ),
  ];
}

function checkKinetics({ method }: ReadoutDraft, pointer: string, kinetic: boolean | undefined): Mistake[] {
  if (method !== 'growth-rate' || kinetic !== false) return [];
  const expected = 'a kinetic test protocol for a growth rate';
  return [
    mistake(
      'protocol-invalid',
      below(pointer, 'method'),
      expected,
      'a protocol that reads once',
      'use assay.protocol plate-kinetic',
    ),
  ];
}
