import { typeIISEnzymes } from '../dna/enzymes';
import { present } from '../protocol/document/draft';
import type { Mistake } from '../protocol/document/mistake';
import { below, didYouMean, mistake } from '../protocol/document/mistake';
import { checkChain } from './check-chain';
import type { CampaignDraft, Check, ReactionDraft } from './check-context';
import { reactionPointer as at, repeatedIds } from './check-context';
import type { CollectionView } from './collection-view';
import { enzymeName } from './collection-view';

/** Reactions: enzymes, vectors, who takes what, and whether the fusion sites close a circle. */
export const checkAssembly: Check = (draft, { collection }) => {
  const reactions = present(draft.assembly?.reactions);
  return [
    ...repeatedIds(draft.assembly?.reactions, '/assembly/reactions', 'reaction'),
    ...reactions.flatMap(({ at, item }) => [
      ...checkContents(item, at, draft),
      ...checkEnzyme(item, at, collection),
      ...(collection ? checkChain(item, at, draft, collection) : []),
    ]),
    ...checkEverySlotUsed(draft),
    ...checkEveryUnitUsed(draft),
    ...(collection ? checkMarker(draft, collection) : []),
  ];
};

function checkContents(reaction: ReactionDraft, index: number, draft: CampaignDraft): Mistake[] {
  const { slots, inputs, level } = reaction;
  if (!slots === !inputs) {
    const found = slots ? 'both' : 'neither';
    return [
      mistake(
        'missing-key',
        at(index),
        'either slots (level 1) or inputs (level 2)',
        found,
        'name slots for a unit, inputs for a join',
      ),
    ];
  }
  const real = slots ? 1 : 2;
  const wrongLevel =
    level === undefined || level === real
      ? []
      : [
          mistake(
            'out-of-range',
            at(index, 'level'),
            `level ${real} for a reaction of ${slots ? 'slots' : 'inputs'}`,
            `${level}`,
            `write level: ${real} or leave it out`,
          ),
        ];
  const known = slots
    ? present(draft.library?.slots).flatMap(({ item }) => item.id ?? [])
    : present(draft.assembly?.reactions).flatMap(({ at: earlier, item }) => (earlier < index ? (item.id ?? []) : []));
  const [key, what] = slots
    ? (['slots', 'a slot of the library'] as const)
    : (['inputs', 'an earlier reaction'] as const);
  const unknown = present(reaction[key]).flatMap(({ at: place, item }) =>
    known.includes(item)
      ? []
      : [mistake('unknown-reference', at(index, key, place), what, `"${item}"`, didYouMean(item, known))],
  );
  return [...wrongLevel, ...unknown];
}

function checkEnzyme(
  { enzyme, backbone }: ReactionDraft,
  index: number,
  collection: CollectionView | undefined,
): Mistake[] {
  const name = enzyme === undefined ? undefined : enzymeName(enzyme);
  const names = typeIISEnzymes.map((each) => each.name);
  const unknown = [
    mistake(
      'unknown-reference',
      at(index, 'enzyme'),
      'a type IIS enzyme',
      `"${enzyme}"`,
      didYouMean(enzyme ?? '', names),
    ),
  ];
  if (enzyme !== undefined && name === undefined) return unknown;
  if (!collection || backbone === undefined || name === undefined) return [];
  const cuts = collection.vector(backbone) ? collection.cuts(backbone, name) : 2;
  if (cuts === 2) return [];
  const opening = names.filter((each) => collection.cuts(backbone, each) === 2);
  const found = `${cuts} sites in ${backbone}`;
  return [
    mistake(
      'incompatible-part',
      at(index, 'enzyme'),
      `an enzyme that cuts the vector twice`,
      found,
      didYouMean(name, opening),
    ),
  ];
}

function checkEverySlotUsed(draft: CampaignDraft): Mistake[] {
  const reactions = draft.assembly?.reactions;
  if (!reactions || reactions.some((reaction) => !reaction || (!reaction.slots && !reaction.inputs))) return [];
  const uses = reactions.flatMap((reaction) => reaction?.slots ?? []);
  return present(draft.library?.slots).flatMap(({ at: place, item: { id } }) => {
    const count = uses.filter((use) => use === id).length;
    if (id === undefined || count === 1) return [];
    const pointer = below('/library/slots', place, 'id');
    return [
      mistake(
        'unknown-reference',
        pointer,
        'every slot in exactly one reaction',
        `"${id}" in ${count}`,
        `name it once in assembly.reactions`,
      ),
    ];
  });
}

/** The last reaction makes the construct, and every earlier product goes into it. */
function checkEveryUnitUsed(draft: CampaignDraft): Mistake[] {
  const reactions = draft.assembly?.reactions;
  if (!reactions || reactions.length < 2 || reactions.some((reaction) => reaction?.id === undefined)) return [];
  const last = reactions[reactions.length - 1];
  return present(reactions.slice(0, -1)).flatMap(({ at: place, item }) => {
    if (item.inputs)
      return [
        mistake(
          'assembly-refused',
          at(place, 'inputs'),
          'one join of units, the last reaction',
          `a join before the last reaction`,
          'move it to the end',
        ),
      ];
    if (last?.inputs?.includes(item.id)) return [];
    const hint = `add "${item.id}" to the inputs of "${last?.id}"`;
    return [
      mistake(
        'unknown-reference',
        at(place, 'id'),
        'every unit in the last reaction',
        `"${item.id}", which nothing takes`,
        hint,
      ),
    ];
  });
}

function checkMarker(draft: CampaignDraft, collection: CollectionView): Mistake[] {
  const backbone = draft.assembly?.reactions?.at(-1)?.backbone;
  const vector = backbone === undefined ? undefined : collection.vector(backbone);
  const marker = draft.host?.marker;
  if (!vector || marker === undefined || marker === vector.resistance) return [];
  const expected = `the marker of ${vector.id}`;
  return [mistake('incompatible-part', '/host/marker', expected, `"${marker}"`, `write marker: ${vector.resistance}`)];
}
