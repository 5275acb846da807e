import { present } from '../protocol/document/draft';
import type { Mistake } from '../protocol/document/mistake';
import { below, mistake } from '../protocol/document/mistake';
import type { CampaignDraft, Check, ReactionDraft } from './check-context';
import { reactionPointer as at } from './check-context';
import type { CollectionView } from './collection-view';
import { enzymeName } from './collection-view';

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
