import { labwareKinds } from '../labware/kinds';
import { wellCount } from '../labware/wells';
import { present } from '../protocol/document/draft';
import type { Mistake } from '../protocol/document/mistake';
import { below, didYouMean, mistake } from '../protocol/document/mistake';
import type { CampaignDraft, Check, CheckContext } from './check-context';
import { repeatedIds } from './check-context';
import { assayPlateKind } from './protocol-facts';

type ControlDraft = NonNullable<NonNullable<CampaignDraft['controls']>[number]>;

/** Wells of a plate whose protocol is not known. */
const usualWells = 96;

/** Controls, their bands, and whether a round fits on its assay plates. */
export const checkControls: Check = (draft, context) => [
  ...repeatedIds(draft.controls, '/controls', 'control'),
  ...present(draft.controls).flatMap(({ at, item }) => [
    ...checkSample(item, below('/controls', at)),
    ...checkBands(item, below('/controls', at), draft),
  ]),
  ...checkKinds(draft),
  ...checkWells(draft, context),
];

function checkSample({ kind, sample }: ControlDraft, pointer: string): Mistake[] {
  const where = below(pointer, 'sample');
  if (kind === 'blank' && sample !== undefined)
    return [
      mistake(
        'unknown-key',
        where,
        'no sample in a blank: it holds medium only',
        `"${sample}"`,
        'remove it, or write kind: negative',
      ),
    ];
  if (kind === undefined || kind === 'blank' || sample !== undefined) return [];
  return [
    mistake(
      'missing-key',
      where,
      'the code of the stock the control is grown from',
      'nothing',
      'e.g. "sample: empty-vector"',
    ),
  ];
}

function checkBands({ kind, bands }: ControlDraft, pointer: string, draft: CampaignDraft): Mistake[] {
  const readouts = present(draft.assay?.readouts).flatMap(({ item }) => item.id ?? []);
  return present(bands).flatMap(({ at, item: { readout, low, high } }) => {
    const where = below(pointer, 'bands', at);
    if (kind === 'blank')
      return [
        mistake(
          'control-missing',
          where,
          'bands on reference and negative controls',
          'a band on a blank',
          'move it to a reference',
        ),
      ];
    const unknown = readout === undefined || readouts.length === 0 || readouts.includes(readout);
    return [
      ...(unknown
        ? []
        : [
            mistake(
              'unknown-reference',
              below(where, 'readout'),
              'a readout of this assay',
              `"${readout}"`,
              didYouMean(readout, readouts),
            ),
          ]),
      ...(low === undefined || high === undefined || low < high
        ? []
        : [mistake('out-of-range', where, 'low < high', `${low} and ${high}`, 'exchange the two')]),
    ];
  });
}

/** Blanks are subtracted from every read; the reference says whether a plate can be believed. */
function checkKinds(draft: CampaignDraft): Mistake[] {
  const controls = draft.controls;
  if (!controls || controls.some((control) => control?.kind === undefined)) return [];
  const reasons = {
    blank: ['a blank, which every read has subtracted', 'add { id: blank, kind: blank, wellsPerPlate: 4 }'],
    reference: [
      'a reference, which says whether a plate can be believed',
      'add { id: reference, kind: reference, sample: …, wellsPerPlate: 3, bands: […] }',
    ],
  } as const;
  return (['blank', 'reference'] as const).flatMap((kind) => {
    const [expected, hint] = reasons[kind];
    const found = controls.length === 0 ? 'no controls' : `controls without a ${kind}`;
    return controls.some((control) => control?.kind === kind)
      ? []
      : [mistake('control-missing', '/controls', expected, found, hint)];
  });
}

function checkWells(draft: CampaignDraft, { testProtocol }: CheckContext): Mistake[] {
  const plan = wellPlan(draft, testProtocol);
  if (!plan) return [];
  const { designs, wellsPerDesign, controlWells, wells, plates } = plan;
  const free = Math.max(0, wells - controlWells);
  const needed = designs * wellsPerDesign;
  if (needed <= free * plates) return [];
  const expected = `at most ${wells * plates} wells on ${plates === 1 ? 'one plate' : `${plates} plates`} of ${wells}`;
  const found = `${designs} designs × ${wellsPerDesign} wells + ${plates} × ${controlWells} control wells = ${needed + plates * controlWells}`;
  const fitting = Math.floor((free * plates) / wellsPerDesign);
  const more = free > 0 ? `platesPerRound: ${Math.ceil(needed / free)}` : 'fewer control wells';
  const hint =
    fitting > 0
      ? `at most ${fitting} constructs per round, fewer replicates, or ${more}`
      : `fewer replicates or ${more}`;
  return [mistake('plate-overflow', '/budget/constructsPerRound', expected, found, hint)];
}

function wellPlan(
  draft: CampaignDraft,
  testProtocol: CheckContext['testProtocol'],
): Readonly<Record<'designs' | 'wellsPerDesign' | 'controlWells' | 'wells' | 'plates', number>> | undefined {
  const { clonesPerDesign, culturesPerClone, wellsPerCulture } = draft.replication ?? {};
  const { constructsPerRound, confirmTop } = draft.budget ?? {};
  const plates = draft.assay?.platesPerRound ?? 1;
  const controls = draft.controls?.map((control) => control?.wellsPerPlate);
  if (constructsPerRound === undefined || !controls || controls.includes(undefined)) return undefined;
  if (clonesPerDesign === undefined || culturesPerClone === undefined || wellsPerCulture === undefined)
    return undefined;
  const kind = labwareKinds.find(({ id }) => testProtocol && id === assayPlateKind(testProtocol));
  return {
    designs: Math.max(constructsPerRound, confirmTop ?? 0),
    wellsPerDesign: clonesPerDesign * culturesPerClone * wellsPerCulture,
    controlWells: controls.reduce<number>((sum, wells) => sum + (wells ?? 0), 0),
    wells: kind ? wellCount(kind) : usualWells,
    plates,
  };
}

/** Objectives whose readout no reference control watches. */
export const warnControls: Check = (draft) => {
  const watched = new Set(
    present(draft.controls).flatMap(({ item }) => present(item.bands).map((band) => band.item.readout)),
  );
  return present(draft.objectives).flatMap(({ at, item: { readout } }) => {
    if (readout === undefined || watched.has(readout)) return [];
    const expected = `a control with a band for "${readout}"`;
    return [
      mistake(
        'control-missing',
        below('/objectives', at, 'readout'),
        expected,
        'none',
        'give the reference a band: plates are not judged by this readout',
      ),
    ];
  });
};
