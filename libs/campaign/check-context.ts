import type { Draft } from '../protocol/document/draft';
import { present } from '../protocol/document/draft';
import type { Mistake } from '../protocol/document/mistake';
import { below, mistake } from '../protocol/document/mistake';
import type { Protocol } from '../protocol/protocol';
import type { CollectionView } from './collection-view';
import type { Forbidden, Options } from './count-designs';
import type { CampaignDocument } from './document/campaign.dto';

/** A campaign document after everything with a wrong shape was taken out. */
export type CampaignDraft = Draft<CampaignDocument>;

/** One reaction of the draft. */
export type ReactionDraft = NonNullable<NonNullable<NonNullable<CampaignDraft['assembly']>['reactions']>[number]>;

/** Pointer to a reaction, or below it. */
export const reactionPointer = (index: number, ...rest: readonly (string | number)[]): string =>
  below('/assembly/reactions', index, ...rest);

/** What the checks look things up in; a thing that could not be found is undefined, and its checks do not run. */
export interface CheckContext {
  readonly collection: CollectionView | undefined;
  readonly buildProtocol: Protocol | undefined;
  readonly testProtocol: Protocol | undefined;
  /** ISO date a deadline must not precede. */
  readonly today: string | undefined;
}

/** A check of meaning: everything wrong in its field, at once. */
export type Check = (draft: CampaignDraft, context: CheckContext) => readonly Mistake[];

/** Reports ids that occur twice in a list. */
export function repeatedIds(
  items: readonly ({ readonly id?: string | undefined } | undefined)[] | undefined,
  pointer: string,
  what: string,
): Mistake[] {
  const seen = new Set<string>();
  return present(items).flatMap(({ at, item: { id } }) => {
    if (id === undefined || !seen.has(id)) {
      if (id !== undefined) seen.add(id);
      return [];
    }
    const hint = `rename one of the two, or remove it`;
    return [
      mistake('duplicate-id', below(pointer, at, 'id'), `every ${what} with an id of its own`, `"${id}" again`, hint),
    ];
  });
}

/** Options per slot; undefined when a slot or its options are not known. */
export function optionsOf(draft: CampaignDraft): Options | undefined {
  const slots = draft.library?.slots;
  if (!slots || slots.length === 0) return undefined;
  const options = new Map<string, readonly string[]>();
  for (const slot of slots) {
    const parts = slot?.options?.filter((part) => part !== undefined);
    if (slot?.id === undefined || !parts || parts.length !== slot.options?.length) return undefined;
    options.set(slot.id, [...new Set(parts)]);
  }
  return options;
}

/** A rule and what people call it. */
export interface NamedRule {
  readonly forbid: Forbidden;
  readonly name: string;
}

/** The rules that are well formed. */
export function rulesOf(draft: CampaignDraft): NamedRule[] {
  return present(draft.library?.rules).flatMap(({ at, item: { forbid, reason } }) => {
    const parts = Object.values(forbid ?? {});
    if (parts.length === 0 || !parts.every(isTextList)) return [];
    return [{ forbid: forbid as Forbidden, name: reason ? `"${reason}"` : `number ${at + 1}` }];
  });
}

/** Says whether a value is a list of texts. */
export const isTextList = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');
