import { parseDuration } from '../../units/lab-time';
import { campaignPointers } from '../campaign-pointers';
import type { PlannerInput } from '../planners';
import type { OperationParameter } from '../unit-operations';
import type { Mistake } from './mistake';
import { below, didYouMean, listed, mistake, show } from './mistake';
import type { StepScope } from './step-scope';

/** A value of `with`, `inputs` or `max`: a literal, a pointer into the campaign, or an output of a plan. */
type Written =
  | { readonly kind: 'literal'; readonly literal: unknown }
  | { readonly kind: 'campaign'; readonly path: unknown }
  | { readonly kind: 'output'; readonly name: unknown };

function readValue(value: unknown): Written {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { kind: 'literal', literal: value };
  if ('campaign' in value) return { kind: 'campaign', path: value.campaign };
  if ('output' in value) return { kind: 'output', name: value.output };
  return { kind: 'literal', literal: 'value' in value ? value.value : value };
}

/** Where a parameter stands and what it sees. */
export interface ParameterPlace {
  readonly pointer: string;
  readonly scope: StepScope;
  /** Labware the operation runs for: a worklist must be keyed by it. */
  readonly forEach: string | undefined;
}

/** Checks one parameter of a unit operation. */
export function checkParameter(value: unknown, parameter: OperationParameter, place: ParameterPlace): Mistake[] {
  const written = readValue(value);
  if (written.kind === 'campaign') return checkCampaignPointer(written.path, place.pointer);
  if (written.kind === 'output') return checkOutput(written.name, parameter.type, place);
  return checkLiteral(written.literal, parameter, place.pointer);
}

/** Checks one input of a planner. */
export function checkPlannerInput(value: unknown, input: PlannerInput, place: ParameterPlace): Mistake[] {
  const written = readValue(value);
  if (written.kind === 'campaign') return checkCampaignPointer(written.path, place.pointer);
  if (written.kind === 'output') return checkOutput(written.name, 'number', place);
  const { literal } = written;
  if (input.type === 'step') return checkStep(literal, input, place);
  if (input.type !== 'reads' && typeof literal !== input.type)
    return [mistake('wrong-type', place.pointer, `a ${input.type}`, show(literal), `write a ${input.type}`)];
  return checkChoice(literal, input.oneOf, place.pointer);
}

/** Checks the number of passes of a repeat. */
export function checkPasses(value: unknown, pointer: string): Mistake[] {
  const written = readValue(value);
  if (written.kind === 'campaign') return checkCampaignPointer(written.path, pointer);
  const passes = written.kind === 'literal' ? written.literal : undefined;
  if (Number.isInteger(passes) && (passes as number) >= 1 && (passes as number) <= 10) return [];
  const expected = 'a whole number from 1 to 10 or { campaign: /pointer }';
  const code = typeof passes === 'number' ? 'out-of-range' : 'wrong-type';
  return value === undefined ? [] : [mistake(code, pointer, expected, show(value), 'write a number from 1 to 10')];
}

/** Splits `step.output` and looks the plan up; reports a plan that has not run. */
export function planOfReference(reference: unknown, pointer: string, scope: StepScope): PlanReference {
  const match = typeof reference === 'string' ? /^([\w-]+)\.([\w-]+)$/.exec(reference) : null;
  if (!match) {
    const hint = 'write the id of a plan step, a dot and the name of its output';
    return { mistakes: [mistake('wrong-type', pointer, '"step.name"', show(reference), hint)] };
  }
  const [, step, name] = match as unknown as [string, string, string];
  const planner = scope.planOf(step);
  if (planner === undefined)
    return {
      mistakes: [
        mistake('unknown-reference', pointer, 'a plan step that has run before', `"${step}"`, scope.suggestPlan(step)),
      ],
    };
  return { ...(planner ? { planner } : {}), name, mistakes: [] };
}

/** A plan step's planner and the output named, as far as both are known. */
export interface PlanReference {
  readonly planner?: NonNullable<ReturnType<StepScope['planOf']>>;
  readonly name?: string;
  readonly mistakes: readonly Mistake[];
}

function checkCampaignPointer(path: unknown, pointer: string): Mistake[] {
  if (typeof path === 'string' && campaignPointers.includes(path)) return [];
  const expected = 'a JSON pointer into the campaign that protocols may use';
  return [
    mistake(
      'unknown-reference',
      below(pointer, 'campaign'),
      expected,
      show(path),
      didYouMean(String(path), campaignPointers),
    ),
  ];
}

function checkOutput(reference: unknown, type: OperationParameter['type'], place: ParameterPlace): Mistake[] {
  const pointer = below(place.pointer, 'output');
  const { planner, name, mistakes } = planOfReference(reference, pointer, place.scope);
  if (!planner || name === undefined) return [...mistakes];
  if (type !== 'worklist') {
    if (planner.values.includes(name)) return [];
    return [
      mistake(
        'unknown-reference',
        pointer,
        `a value of the planner ${planner.id} (${listed(planner.values)})`,
        `"${name}"`,
        didYouMean(name, planner.values),
      ),
    ];
  }
  const keyedBy = planner.worklists[name];
  const known = Object.keys(planner.worklists);
  if (keyedBy === undefined)
    return [
      mistake(
        'unknown-reference',
        pointer,
        `a worklist of the planner ${planner.id} (${listed(known)})`,
        `"${name}"`,
        didYouMean(name, known),
      ),
    ];
  if (place.forEach === undefined || keyedBy === place.forEach) return [];
  return [
    mistake(
      'protocol-invalid',
      pointer,
      `a worklist for each "${place.forEach}"`,
      `one for each "${keyedBy}"`,
      `write forEach: ${keyedBy}`,
    ),
  ];
}

function checkStep(literal: unknown, input: PlannerInput, { pointer, scope }: ParameterPlace): Mistake[] {
  if (typeof literal !== 'string')
    return [mistake('wrong-type', pointer, 'the id of an earlier plan step', show(literal), 'write its id')];
  const planner = scope.planOf(literal);
  if (planner === undefined)
    return [
      mistake(
        'unknown-reference',
        pointer,
        'a plan step that has run before',
        `"${literal}"`,
        scope.suggestPlan(literal),
      ),
    ];
  if (!planner || !input.of || input.of.includes(planner.id)) return [];
  return [
    mistake(
      'unknown-reference',
      pointer,
      `a step of the planner ${listed(input.of)}`,
      `one of "${planner.id}"`,
      'name the step whose result it takes',
    ),
  ];
}

function checkLiteral(literal: unknown, parameter: OperationParameter, pointer: string): Mistake[] {
  switch (parameter.type) {
    case 'worklist':
    case 'wells':
      return [
        mistake(
          'wrong-type',
          pointer,
          `${parameter.description}: { output: step.name }`,
          show(literal),
          'name an output of a plan step',
        ),
      ];
    case 'duration':
      if (typeof literal === 'string' && parseDuration(literal) !== undefined) return [];
      return [
        mistake(
          'wrong-unit',
          pointer,
          'a duration such as "16h", "30min" or "45s"',
          show(literal),
          'write a number followed by s, min, h or d',
        ),
      ];
    case 'reads':
      if (Array.isArray(literal) && literal.length > 0) return [];
      return [mistake('wrong-type', pointer, parameter.description, show(literal), 'write { campaign: /assay/reads }')];
    case 'number':
      if (typeof literal === 'number') return [];
      return [mistake('wrong-type', pointer, 'a number', show(literal), 'write a number')];
    case 'string':
    case 'place':
      if (typeof literal !== 'string')
        return [mistake('wrong-type', pointer, `text (${parameter.description})`, show(literal), 'write text')];
      return checkChoice(literal, parameter.oneOf, pointer);
  }
}

function checkChoice(literal: unknown, oneOf: readonly (string | number)[] | undefined, pointer: string): Mistake[] {
  if (!oneOf || oneOf.some((choice) => choice === literal)) return [];
  const known = oneOf.map(String);
  return [
    mistake('out-of-range', pointer, `one of ${listed(known)}`, show(literal), didYouMean(String(literal), known)),
  ];
}
