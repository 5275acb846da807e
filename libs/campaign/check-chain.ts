import { present } from '../protocol/document/draft';
import type { Mistake } from '../protocol/document/mistake';
import { didYouMean, listed, mistake } from '../protocol/document/mistake';
import type { CampaignDraft, ReactionDraft } from './check-context';
import { reactionPointer as at } from './check-context';
import type { CollectionView } from './collection-view';

/** Fusion sites of something that goes into a reaction, and what it is called. */
interface Piece {
  readonly name: string;
  readonly pointer: string;
  readonly left: string;
  readonly right: string;
}

/** Vector known, and the fusion sites of everything in the reaction close a circle. */
export function checkChain(
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
  return brokenJoints(
    pieces,
    {
      name: reaction.backbone,
      left: vector.position[0],
      right: vector.position[1],
      pointer: at(index, 'backbone'),
    },
    collection,
  );
}

/** The vector closes the circle, and the pieces join left to right. */
function brokenJoints(pieces: readonly Piece[], vector: Piece, collection: CollectionView): Mistake[] {
  const inner = pieces.slice(1).flatMap((piece, place) => {
    const before = pieces[place] as Piece;
    if (before.right === piece.left) return [];
    const expected = `fusion site ${before.right} on the left, where ${before.name} ends`;
    const hint = 'order the pieces along the product, or choose parts whose fusion sites meet';
    return [mistake('incompatible-overhang', piece.pointer, expected, `${piece.name} with ${piece.left}`, hint)];
  });
  const [left, right] = [pieces[0]?.left, pieces.at(-1)?.right];
  if (vector.left === left && vector.right === right) return inner;
  const fitting = collection.vectorIds.filter((id) => {
    const { position } = collection.vector(id) ?? {};
    return position?.[0] === left && position?.[1] === right;
  });
  const hint =
    fitting.length > 0 ? `use one of ${listed(fitting)}` : 'choose pieces that begin and end where the vector does';
  const expected = `a vector with fusion sites ${left} and ${right}, where the pieces begin and end`;
  const found = `"${vector.name}" with ${vector.left} and ${vector.right}`;
  return [...inner, mistake('incompatible-overhang', vector.pointer, expected, found, hint)];
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
