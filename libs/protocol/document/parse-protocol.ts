import { labwareKinds } from '../../labware/kinds';
import { parseDuration } from '../../units/lab-time';
import type { Literal, ParameterValue, Protocol, Step } from '../protocol';
import { StepChecker } from './check-steps';
import type { Draft } from './draft';
import { present } from './draft';
import type { Mistake } from './mistake';
import { below, didYouMean, mistake } from './mistake';
import type { LabwareVariableDocument } from './protocol.dto';
import { ProtocolDocument } from './protocol.dto';
import type { ReadStep } from './read-steps';
import { readSteps } from './read-steps';
import { readShape } from './shape';
import { readSource, withoutHiddenKeys } from './source';
import { StepScope } from './step-scope';

/** What became of a protocol's text. Findings are in the order of the source. */
export type ParsedProtocol =
  | {
      readonly ok: true;
      readonly protocol: Protocol;
      readonly sourceText: string;
      readonly warnings: readonly Mistake[];
    }
  | {
      readonly ok: false;
      readonly findings: readonly Mistake[];
      readonly sourceText: string;
      readonly warnings: readonly Mistake[];
    };

/** Reads and checks a protocol (YAML 1.2 or JSON); never throws, reports everything at once. */
export function parseProtocol(source: Uint8Array | string): ParsedProtocol {
  const read = readSource(source);
  const { text, value, positions, mistakes, warnings } = read;
  const findings: Mistake[] = [];
  const shape = readShape(ProtocolDocument, value, '');
  if (value !== undefined || mistakes.length === 0) findings.push(...shape.mistakes);
  const labware = labwareOf(shape.draft, findings);
  const steps = readSteps(shape.draft?.steps, '/steps', findings);
  const checker = new StepChecker(shape.draft?.stage, labware);
  checker.check(steps, new StepScope());
  findings.push(...checker.mistakes);
  const all = [...mistakes, ...withoutHiddenKeys(findings, read)];
  const seen = {
    sourceText: text,
    warnings: positions.locate([...warnings, ...checker.warnings, ...neverMade(shape.draft, checker.made)]),
  };
  if (all.length > 0 || !shape.whole) return { ok: false, findings: positions.locate(all), ...seen };
  return { ok: true, protocol: toProtocol(shape.whole, steps), ...seen };
}

function labwareOf(
  draft: Draft<ProtocolDocument> | undefined,
  findings: Mistake[],
): Map<string, Draft<LabwareVariableDocument>> {
  const byId = new Map<string, Draft<LabwareVariableDocument>>();
  const kinds = labwareKinds.map(({ id }) => id);
  for (const { at, item } of present(draft?.labware)) {
    const pointer = below('/labware', at);
    if (item.kind !== undefined && !kinds.includes(item.kind))
      findings.push(
        mistake(
          'unknown-reference',
          below(pointer, 'kind'),
          'a labware kind',
          `"${item.kind}"`,
          didYouMean(item.kind, kinds),
        ),
      );
    if (item.id === undefined) continue;
    if (byId.has(item.id))
      findings.push(
        mistake(
          'duplicate-id',
          below(pointer, 'id'),
          'every labware once',
          `"${item.id}" again`,
          'remove one of the two',
        ),
      );
    else byId.set(item.id, item);
  }
  return byId;
}

/** Labware that is listed as planned, but that no plan of the protocol makes. */
function neverMade(draft: Draft<ProtocolDocument> | undefined, made: ReadonlySet<string>): Mistake[] {
  return present(draft?.labware).flatMap(({ at, item: { id, from } }) => {
    if (id === undefined || from === 'stock' || made.has(id)) return [];
    return [
      mistake('unknown-reference', below('/labware', at, 'id'), 'labware that a plan makes', `"${id}"`, 'remove it'),
    ];
  });
}

function toProtocol(document: ProtocolDocument, steps: readonly ReadStep[]): Protocol {
  const { id, version, stage, title, labware } = document;
  return {
    schema: 'anneal-protocol/v1',
    id,
    version,
    stage,
    title,
    labware: labware.map((each) => ({ id: each.id, kind: each.kind, from: each.from })),
    steps: steps.map(toStep),
  };
}

function toStep(read: ReadStep): Step {
  const id = read.id as string;
  switch (read.kind) {
    case 'plan':
      return { id, plan: read.step.plan as string, inputs: toValues(read.step.inputs) };
    case 'operation':
      return toOperation(id, read.step);
    case 'repeat':
      return { id, repeat: read.steps.map(toStep), until: read.step.until as string, max: toValue(read.step.max) };
    case 'branch': {
      const cases = Object.entries(read.cases).map(([value, inside]) => [value, inside.map(toStep)] as const);
      return { id, verdict: read.step.verdict as string, cases: Object.fromEntries(cases) };
    }
  }
}

function toOperation(id: string, step: Extract<ReadStep, { kind: 'operation' }>['step']): Step {
  const { hold } = step;
  const times = hold && { minMs: parseDuration(hold.min ?? '') ?? 0, maxMs: parseDuration(hold.max ?? '') ?? 0 };
  return {
    id,
    operation: step.operation as string,
    forEach: step.forEach as string,
    labware: (step.labware ?? {}) as Record<string, string>,
    with: toValues(step.with),
    ...(times ? { hold: times } : {}),
    ...(step.repeatWithin === undefined ? {} : { repeatWithinMs: parseDuration(step.repeatWithin) ?? 0 }),
  };
}

const toValues = (values: Readonly<Record<string, unknown>> = {}): Record<string, ParameterValue> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, toValue(value)]));

/** A map that is neither pointer nor output is a literal of its own. */
function toValue(value: unknown): ParameterValue {
  if (typeof value !== 'object' || value === null) return value as Literal;
  if ('campaign' in value || 'output' in value || 'value' in value) return value as ParameterValue;
  return Array.isArray(value) && value.every((item) => typeof item !== 'object') ? (value as Literal) : { value };
}
