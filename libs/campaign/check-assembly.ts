import { typeIISEnzymes } from '../dna/enzymes';
import { present } from '../protocol/document/draft';
import type { Mistake } from '../protocol/document/mistake';
import { below, didYouMean, mistake } from '../protocol/document/mistake';
import type { CampaignDraft, Check } from './check-context';
import { repeatedIds } from './check-context';
import type { CollectionView } from './collection-view';
import { enzymeName } from './collection-view';

type ReactionDraft = NonNullable<NonNullable<NonNullable<CampaignDraft['assembly']>['reactions']>[number]>;

/** Fusion sites of something that goes into a reaction, and what it is called. */
interface Piece {
  readonly name: string;
  readonly pointer: string;
  readonly left: string;
  readonly right: string;
}

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

const at = (index: number, ...rest: (string | number)[]): string => below('/assembly/reactions', index, ...rest);

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

function checkChain(
  reaction: ReactionDraft,
  index: number,
  draft: CampaignDraft,
  collection: CollectionView,
): Mistake[] {
  if (reaction.backbone === undefined) return [];
  const vector = collection.vector(reaction.backbone);
  if (!vector) {
    const hint = didYouMean(reaction.backbone, collection.vectorIds);
    return [
      mistake(
        'unknown-part',
        at(index, 'backbone'),
        `a vector of ${collection.id}@${collection.version}`,
        `"${reaction.backbone}"`,
        hint,
      ),
    ];
  }
  const pieces = reaction.slots ? slotPieces(reaction, index, draft) : unitPieces(reaction, index, draft, collection);
  if (!pieces) return [];
  return brokenJoints(pieces, {
    name: reaction.backbone,
    left: vector.position[0],
    right: vector.position[1],
    pointer: at(index, 'backbone'),
  });
}

/** The pieces join left to right, and the vector closes the circle. */
function brokenJoints(pieces: readonly Piece[], vector: Piece): Mistake[] {
  return [...pieces, vector].flatMap((piece, place) => {
    const before = place === 0 ? vector : (pieces[place - 1] as Piece);
    const isVector = piece === vector;
    const [offered, wanted] = [place === 0 ? vector.left : before.right, isVector ? piece.right : piece.left];
    if (offered === wanted) return [];
    const expected = isVector
      ? `a vector that ends at ${offered}, where ${before.name} ends`
      : `fusion site ${offered} on the left, where ${place === 0 ? vector.name : before.name} ${place === 0 ? 'begins' : 'ends'}`;
    const hint = 'order the pieces along the product, or choose parts and a vector whose fusion sites meet';
    return [mistake('incompatible-overhang', piece.pointer, expected, `${piece.name} with ${wanted}`, hint)];
  });
}

function slotPieces(reaction: ReactionDraft, index: number, draft: CampaignDraft): Piece[] | undefined {
  const slots = present(draft.library?.slots);
  const pieces = present(reaction.slots).flatMap(({ at: place, item: id }) => {
    const position = slots.find(({ item }) => item.id === id)?.item.position;
    const [left, right] = position ?? [];
    return left === undefined || right === undefined
      ? []
      : [{ name: `slot "${id}"`, pointer: at(index, 'slots', place), left, right }];
  });
  return pieces.length === reaction.slots?.length ? pieces : undefined;
}

function unitPieces(
  reaction: ReactionDraft,
  index: number,
  draft: CampaignDraft,
  collection: CollectionView,
): Piece[] | undefined {
  const reactions = present(draft.assembly?.reactions);
  const pieces = present(reaction.inputs).flatMap(({ at: place, item: id }) => {
    const backbone = reactions.find(({ item }) => item.id === id)?.item.backbone;
    const vector = backbone === undefined ? undefined : collection.vector(backbone);
    return vector
      ? [
          {
            name: `unit "${id}"`,
            pointer: at(index, 'inputs', place),
            left: vector.position[0],
            right: vector.position[1],
          },
        ]
      : [];
  });
  return pieces.length === reaction.inputs?.length ? pieces : undefined;
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

/** Things that work but cost clones: internal sites, and inputs that survive the same antibiotic as the product. */
export const warnAssembly: Check = (draft, { collection }) => {
  if (!collection) return [];
  return present(draft.assembly?.reactions).flatMap(({ at: index, item: reaction }) => {
    const enzyme = reaction.enzyme === undefined ? undefined : enzymeName(reaction.enzyme);
    const vector = reaction.backbone === undefined ? undefined : collection.vector(reaction.backbone);
    return [
      ...(enzyme && reaction.slots ? internalSites(reaction, draft, collection, enzyme) : []),
      ...(vector ? survivors(reaction, index, draft, collection, vector.resistance) : []),
    ];
  });
};

function internalSites(
  reaction: ReactionDraft,
  draft: CampaignDraft,
  collection: CollectionView,
  enzyme: string,
): Mistake[] {
  return present(draft.library?.slots)
    .filter(({ item }) => item.id !== undefined && reaction.slots?.includes(item.id))
    .flatMap(({ at: slot, item }) =>
      present(item.options).flatMap(({ at: option, item: part }) => {
        const cuts = collection.part(part) ? collection.cuts(part, enzyme) : 2;
        if (cuts === 2) return [];
        const pointer = below('/library/slots', slot, 'options', option);
        return [
          mistake(
            'assembly-refused',
            pointer,
            `two ${enzyme} sites`,
            `${cuts} in "${part}"`,
            'remove it: its designs are refused',
          ),
        ];
      }),
    );
}

function survivors(
  reaction: ReactionDraft,
  index: number,
  draft: CampaignDraft,
  collection: CollectionView,
  marker: string,
): Mistake[] {
  const inputs = reaction.inputs
    ? present(draft.assembly?.reactions).flatMap(({ item }) =>
        reaction.inputs?.includes(item.id) ? (collection.vector(item.backbone ?? '') ?? []) : [],
      )
    : present(draft.library?.slots).flatMap(({ item }) =>
        reaction.slots?.includes(item.id)
          ? present(item.options).flatMap(({ item: id }) => collection.part(id) ?? [])
          : [],
      );
  const same = inputs.find(({ resistance }) => resistance === marker);
  if (!same) return [];
  const expected = 'a vector with another marker than what goes in';
  const found = `${marker} on both "${reaction.backbone}" and "${same.id}"`;
  return [
    mistake(
      'incompatible-part',
      at(index, 'backbone'),
      expected,
      found,
      'colonies may carry an uncut input: choose another vector',
    ),
  ];
}
