import { present } from '../protocol/document/draft';
import type { Mistake } from '../protocol/document/mistake';
import { below, didYouMean, mistake } from '../protocol/document/mistake';
import type { CampaignDraft, Check } from './check-context';

type ObjectiveDraft = NonNullable<NonNullable<CampaignDraft['objectives']>[number]>;
type StopDraft = NonNullable<NonNullable<CampaignDraft['stop']>[number]>;

/** Objectives: each says what is good, and several can be weighed against each other. */
export const checkObjectives: Check = (draft) => {
  const objectives = draft.objectives ?? [];
  const readouts = present(draft.assay?.readouts).flatMap(({ item }) => item.id ?? []);
  const seen = new Set<string>();
  const each = present(objectives).flatMap(({ at, item }) => {
    const pointer = below('/objectives', at);
    return [
      ...checkReadout(item, pointer, readouts, seen),
      ...checkValue(item, pointer),
      ...(objectives.length > 1 ? checkEnds(item, pointer) : []),
      ...checkOrder(item, pointer),
    ];
  });
  const weights = objectives.map((objective) => objective?.weight);
  const weightless = weights.length > 0 && weights.every((weight) => weight === 0);
  const nothing = mistake(
    'out-of-range',
    '/objectives',
    'a weight above 0',
    'only weights of 0',
    'give an objective a weight',
  );
  return weightless ? [...each, nothing] : each;
};

function checkReadout(
  { readout }: ObjectiveDraft,
  pointer: string,
  readouts: readonly string[],
  seen: Set<string>,
): Mistake[] {
  const where = below(pointer, 'readout');
  if (readout === undefined) return [];
  if (seen.has(readout))
    return [mistake('duplicate-id', where, 'one objective per readout', `"${readout}" again`, 'join the two')];
  seen.add(readout);
  if (readouts.length === 0 || readouts.includes(readout)) return [];
  return [
    mistake('unknown-reference', where, 'a readout of this assay', `"${readout}"`, didYouMean(readout, readouts)),
  ];
}

function checkValue({ goal, value }: ObjectiveDraft, pointer: string): Mistake[] {
  if (goal !== 'target' || value !== undefined) return [];
  return [
    mistake(
      'goal-without-value',
      below(pointer, 'value'),
      'the value of the target',
      'nothing',
      'add "value: …" in the readout’s unit, or write goal: maximise',
    ),
  ];
}

/** Several objectives are combined by desirability, which needs the ends of its scale (Derringer & Suich 1980). */
function checkEnds({ goal, low, high, tolerance }: ObjectiveDraft, pointer: string): Mistake[] {
  if (goal === undefined || (low !== undefined && high !== undefined)) return [];
  if (goal === 'target' && tolerance !== undefined) return [];
  const missing = low === undefined ? (high === undefined ? 'low and high' : 'low') : 'high';
  const expected = `low and high${goal === 'target' ? ', or a tolerance,' : ''} where several objectives are weighed`;
  return [
    mistake(
      'goal-without-value',
      pointer,
      expected,
      `no ${missing}`,
      `add ${missing}: the values worth nothing and everything`,
    ),
  ];
}

function checkOrder({ goal, low, high, value }: ObjectiveDraft, pointer: string): Mistake[] {
  if (low !== undefined && high !== undefined && low >= high)
    return [mistake('out-of-range', below(pointer, 'low'), 'low < high', `${low} and ${high}`, 'exchange the two')];
  if (goal !== 'target' || value === undefined) return [];
  const outside = (low !== undefined && value <= low) || (high !== undefined && value >= high);
  if (!outside) return [];
  return [
    mistake(
      'out-of-range',
      below(pointer, 'value'),
      `a target between low and high`,
      `${value}`,
      'move the target or the ends',
    ),
  ];
}

/** Keys that belong to a kind of stop rule. */
const keysOf = {
  'objective-met': ['score'],
  plateau: ['rounds', 'minGain'],
  'budget-exhausted': [],
  'build-success-below': ['fraction'],
} as const;
const stopKeys = ['score', 'rounds', 'minGain', 'fraction'] as const;

/** Stop rules: complete, and able to bite before the rounds are used up. */
export const checkStop: Check = (draft) => {
  const seen = new Set<string>();
  return present(draft.stop).flatMap(({ at, item }) => {
    const pointer = below('/stop', at);
    if (item.kind === undefined) return [];
    if (seen.has(item.kind))
      return [
        mistake('duplicate-id', below(pointer, 'kind'), 'every kind of rule once', `"${item.kind}" again`, 'keep one'),
      ];
    seen.add(item.kind);
    return [...checkKeys(item, pointer), ...checkReachable(item, pointer, draft)];
  });
};

function checkKeys(rule: StopDraft, pointer: string): Mistake[] {
  const own: readonly string[] = keysOf[rule.kind as keyof typeof keysOf];
  return stopKeys.flatMap((key) => {
    const where = below(pointer, key);
    const given = rule[key] !== undefined;
    if (given === own.includes(key)) return [];
    if (!given)
      return [mistake('missing-key', where, `"${key}" of the rule ${rule.kind}`, 'nothing', `add "${key}: …"`)];
    const hint = own.length > 0 ? `use ${own.join(' and ')}` : 'remove it';
    return [mistake('unknown-key', where, `a key of the rule ${rule.kind}`, `"${key}"`, hint)];
  });
}

function checkReachable({ kind, score, rounds }: StopDraft, pointer: string, draft: CampaignDraft): Mistake[] {
  const objectives = draft.objectives ?? [];
  const maxRounds = draft.budget?.maxRounds;
  if (kind === 'plateau' && rounds !== undefined && maxRounds !== undefined && rounds >= maxRounds) {
    const hint =
      maxRounds > 1 ? `write rounds: ${Math.max(1, maxRounds - 1)} or fewer, or more maxRounds` : 'remove the rule';
    return [
      mistake(
        'unreachable-stop-rule',
        below(pointer, 'rounds'),
        `fewer than the ${maxRounds} rounds of the budget`,
        `${rounds}`,
        hint,
      ),
    ];
  }
  if (kind !== 'objective-met' || score === undefined) return [];
  const where = below(pointer, 'score');
  if (objectives.length > 1 && score > 1)
    return [
      mistake(
        'unreachable-stop-rule',
        where,
        'a score of at most 1, the best of several desirabilities',
        `${score}`,
        'write a score such as 0.9',
      ),
    ];
  if (objectives.length > 1 && score <= 0)
    return [
      mistake(
        'unreachable-stop-rule',
        where,
        'a score above 0, where every construct begins',
        `${score}`,
        'write a score such as 0.9',
      ),
    ];
  if (objectives.length === 1 && objectives[0]?.goal === 'target' && score > 0)
    return [
      mistake(
        'unreachable-stop-rule',
        where,
        'a score of at most 0: minus the distance from the target',
        `${score}`,
        `write score: ${-score}`,
      ),
    ];
  return [];
}
