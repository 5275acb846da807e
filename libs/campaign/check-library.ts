import { present } from '../protocol/document/draft';
import type { Mistake } from '../protocol/document/mistake';
import { below, didYouMean, listed, mistake, show } from '../protocol/document/mistake';
import type { CampaignDraft, Check } from './check-context';
import { isTextList, optionsOf, repeatedIds, rulesOf } from './check-context';
import type { CollectionView } from './collection-view';
import { roleName, roleTerm, roleTerms } from './collection-view';
import { countAll, countAllowed, isForbidden } from './count-designs';

type SlotDraft = NonNullable<NonNullable<NonNullable<CampaignDraft['library']>['slots']>[number]>;

/** Largest library: the design stage simulates the assembly of every member. */
const maxDesigns = 250_000;

/** Slots, their parts, the rules and the designs that must be included. */
export const checkLibrary: Check = (draft, { collection }) => {
  const slots = present(draft.library?.slots);
  return [
    ...repeatedIds(draft.library?.slots, '/library/slots', 'slot'),
    ...slots.flatMap(({ at, item }) => checkSlot(item, below('/library/slots', at), collection)),
    ...checkRules(draft),
    ...checkMustInclude(draft),
    ...checkSpace(draft),
  ];
};

function checkSlot(slot: SlotDraft, pointer: string, collection: CollectionView | undefined): Mistake[] {
  const seen = new Set<string>();
  const options = present(slot.options).flatMap(({ at, item: part }) => {
    const where = below(pointer, 'options', at);
    if (seen.has(part))
      return [mistake('duplicate-id', where, 'every option once', `"${part}" again`, 'remove one of the two')];
    seen.add(part);
    return collection ? checkOption(part, slot, where, collection) : [];
  });
  return [...checkRole(slot.role, below(pointer, 'role')), ...checkPosition(slot, pointer, collection), ...options];
}

function checkRole(role: string | undefined, pointer: string): Mistake[] {
  if (role === undefined || roleTerms[role] || /^SO:\d{7}$/.test(role)) return [];
  const names = Object.keys(roleTerms);
  return [
    mistake(
      'unknown-reference',
      pointer,
      `${listed(names)} or a term such as "SO:0000167"`,
      show(role),
      didYouMean(role, names),
    ),
  ];
}

function checkPosition(slot: SlotDraft, pointer: string, collection: CollectionView | undefined): Mistake[] {
  if (!collection) return [];
  return present(slot.position).flatMap(({ at, item: letter }) => {
    if (collection.fusionSites.includes(letter)) return [];
    const expected = `a fusion site of ${collection.id} (${collection.fusionSites.join(', ')})`;
    return [
      mistake(
        'incompatible-overhang',
        below(pointer, 'position', at),
        expected,
        show(letter),
        'use a letter of the standard',
      ),
    ];
  });
}

function checkOption(id: string, slot: SlotDraft, pointer: string, collection: CollectionView): Mistake[] {
  const part = collection.part(id);
  const [left, right] = slot.position ?? [];
  const fitting = collection.partIds.filter((each) => fits(collection, each, slot));
  if (!part) {
    const source = `a part of ${collection.id}@${collection.version}`;
    const found = collection.vector(id) ? `the vector "${id}"` : `"${id}"`;
    return [
      mistake(
        'unknown-part',
        pointer,
        source,
        found,
        didYouMean(id, fitting.length > 0 ? fitting : collection.partIds),
      ),
    ];
  }
  if (left !== undefined && right !== undefined && (part.position[0] !== left || part.position[1] !== right)) {
    const found = `"${id}" with ${part.position.join(' and ')}`;
    return [
      mistake(
        'incompatible-overhang',
        pointer,
        `a part with fusion sites ${left} and ${right}`,
        found,
        suggestSibling(id, fitting),
      ),
    ];
  }
  if (slot.role === undefined || part.role === roleTerm(slot.role)) return [];
  const found = `"${id}", a ${roleName(part.role)}`;
  return [
    mistake(
      'incompatible-part',
      pointer,
      `a part with the role ${roleName(roleTerm(slot.role))}`,
      found,
      suggestSibling(id, fitting),
    ),
  ];
}

function fits(collection: CollectionView, id: string, slot: SlotDraft): boolean {
  const part = collection.part(id);
  if (!part) return false;
  const placed = part.position.every((letter, at) => slot.position?.[at] === undefined || slot.position[at] === letter);
  return placed && (slot.role === undefined || roleTerm(slot.role) === part.role);
}

/** The same part with the right fusion sites, when the collection has it: `J23100_EB` → `J23100_AB`. */
function suggestSibling(id: string, fitting: readonly string[]): string {
  const stem = id.replace(/_[A-Z]{2}$/, '');
  const sibling = fitting.find((each) => each.startsWith(`${stem}_`));
  return sibling ? `use "${sibling}"` : fitting.length > 0 ? `use one of ${listed(fitting)}` : 'change the slot';
}

function checkRules(draft: CampaignDraft): Mistake[] {
  return present(draft.library?.rules).flatMap(({ at, item }) => {
    const pointer = below('/library/rules', at, 'forbid');
    if (item.forbid && Object.keys(item.forbid).length === 0)
      return [mistake('missing-key', pointer, 'at least one slot with parts', 'none', 'name what is not allowed')];
    return Object.entries(item.forbid ?? {}).flatMap(([slot, parts]) => checkForbidden(draft, slot, parts, pointer));
  });
}

function checkForbidden(draft: CampaignDraft, slot: string, parts: unknown, pointer: string): Mistake[] {
  const where = below(pointer, slot);
  const options = knownOptions(draft, slot);
  if (!options) return unknownSlot(draft, slot, where);
  if (!isTextList(parts) || parts.length === 0)
    return [
      mistake(
        'wrong-type',
        where,
        'a list of parts',
        show(parts),
        `write ${slot}: [${typeof parts === 'string' ? parts : '…'}]`,
      ),
    ];
  return parts.flatMap((part, at) => checkChoice(part, options, slot, below(where, at)));
}

function checkMustInclude(draft: CampaignDraft): Mistake[] {
  const rules = rulesOf(draft);
  const slotIds = present(draft.library?.slots).flatMap(({ item }) => item.id ?? []);
  return present(draft.library?.mustInclude).flatMap(({ at, item: design }) => {
    const pointer = below('/library/mustInclude', at);
    const parts = Object.entries(design).flatMap(([slot, part]) => {
      const options = knownOptions(draft, slot);
      if (!options) return unknownSlot(draft, slot, below(pointer, slot));
      return checkChoice(part, options, slot, below(pointer, slot));
    });
    const missing = slotIds
      .filter((slot) => !(slot in design))
      .map((slot) =>
        mistake('missing-key', below(pointer, slot), `a part for the slot "${slot}"`, 'nothing', `add "${slot}: …"`),
      );
    const rule = rules.find(({ forbid }) => isForbidden(design, forbid));
    const forbidden = mistake(
      'design-impossible',
      pointer,
      'a design the rules allow',
      `one that the rule ${rule?.name} forbids`,
      'change the design or the rule',
    );
    return [...parts, ...missing, ...(rule && parts.length + missing.length === 0 ? [forbidden] : [])];
  });
}

function knownOptions(draft: CampaignDraft, slot: string): readonly (string | undefined)[] | undefined {
  const found = present(draft.library?.slots).find(({ item }) => item.id === slot);
  return found && (found.item.options ?? []);
}

function unknownSlot(draft: CampaignDraft, slot: string, pointer: string): Mistake[] {
  const slots = present(draft.library?.slots).flatMap(({ item }) => item.id ?? []);
  return [mistake('unknown-reference', pointer, 'a slot of the library', `"${slot}"`, didYouMean(slot, slots))];
}

function checkChoice(
  part: unknown,
  options: readonly (string | undefined)[],
  slot: string,
  pointer: string,
): Mistake[] {
  if (typeof part === 'string' && options.includes(part)) return [];
  const known = options.filter((each) => each !== undefined);
  return [
    mistake('unknown-part', pointer, `an option of the slot "${slot}"`, show(part), didYouMean(String(part), known)),
  ];
}

function checkSpace(draft: CampaignDraft): Mistake[] {
  const options = optionsOf(draft);
  if (!options) return [];
  const size = countAll(options);
  if (size > maxDesigns)
    return [
      mistake(
        'over-limit',
        '/library/slots',
        `a library of at most ${maxDesigns} designs`,
        `${size}`,
        'fix some slots to one option',
      ),
    ];
  const rules = rulesOf(draft);
  const forbids = rules.map(({ forbid }) => forbid);
  const allowed = countAllowed(options, forbids);
  if (allowed === undefined)
    return [
      mistake(
        'over-limit',
        '/library/rules',
        'rules that can be counted',
        'too many different ones',
        'join rules that name the same slots',
      ),
    ];
  if (allowed > 0) return [];
  const culprit = rules.find((_, at) => (countAllowed(options, forbids.toSpliced(at, 1)) ?? 0) > 0);
  const hint = culprit
    ? `relax the rule ${culprit.name}: without it designs are left`
    : 'relax the rules: more than one of them forbids everything';
  const found = `none of ${size}: the rules forbid every one`;
  return [mistake('empty-space', '/library/rules', 'at least one design after the rules', found, hint)];
}
