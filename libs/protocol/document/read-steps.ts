import type { Draft } from './draft';
import type { Mistake } from './mistake';
import { below, didYouMean, mistake, show } from './mistake';
import { BranchStepDocument, OperationStepDocument, PlanStepDocument, RepeatStepDocument } from './protocol.dto';
import { readShape } from './shape';

/** A step as far as it could be read, with its place in the document. */
export type ReadStep = { readonly pointer: string; readonly id: string | undefined } & (
  | { readonly kind: 'plan'; readonly step: Draft<PlanStepDocument> }
  | { readonly kind: 'operation'; readonly step: Draft<OperationStepDocument> }
  | { readonly kind: 'repeat'; readonly step: Draft<RepeatStepDocument>; readonly steps: readonly ReadStep[] }
  | {
      readonly kind: 'branch';
      readonly step: Draft<BranchStepDocument>;
      readonly cases: Readonly<Record<string, readonly ReadStep[]>>;
    }
);

const kindKeys = ['plan', 'operation', 'repeat', 'verdict'] as const;
/** Deepest nesting of repeats and branches. */
const maxNesting = 4;

/** Reads a list of steps; what is no step is reported and left out. */
export function readSteps(plain: unknown, pointer: string, mistakes: Mistake[], nesting = 0): ReadStep[] {
  if (!Array.isArray(plain)) {
    if (plain !== undefined)
      mistakes.push(mistake('wrong-type', pointer, 'a list of steps', show(plain), 'write a list: - id: …'));
    return [];
  }
  if (nesting > maxNesting) {
    mistakes.push(
      mistake(
        'over-limit',
        pointer,
        `at most ${maxNesting} levels of repeats and branches`,
        'more',
        'flatten the protocol',
      ),
    );
    return [];
  }
  return plain.flatMap((item, at) => readStep(item, below(pointer, at), mistakes, nesting) ?? []);
}

function readStep(plain: unknown, pointer: string, mistakes: Mistake[], nesting: number): ReadStep | undefined {
  const kind = kindKeys.find((key) => typeof plain === 'object' && plain !== null && key in plain);
  if (kind === undefined) {
    mistakes.push(notAStep(plain, pointer));
    return undefined;
  }
  switch (kind) {
    case 'plan':
      return withShape(PlanStepDocument, plain, pointer, mistakes, (step) => ({ kind: 'plan', step }));
    case 'operation':
      return withShape(OperationStepDocument, plain, pointer, mistakes, (step) => ({ kind: 'operation', step }));
    case 'repeat':
      return withShape(RepeatStepDocument, plain, pointer, mistakes, (step) => {
        const steps = readSteps(step.repeat, below(pointer, 'repeat'), mistakes, nesting + 1);
        return { kind: 'repeat', step, steps };
      });
    case 'verdict':
      return withShape(BranchStepDocument, plain, pointer, mistakes, (step) => {
        const cases = Object.entries(step.cases ?? {}).map(([value, inside]) => {
          return [value, readSteps(inside, below(pointer, 'cases', value), mistakes, nesting + 1)] as const;
        });
        return { kind: 'branch', step, cases: Object.fromEntries(cases) };
      });
  }
}

type KindOfStep<T> = T extends ReadStep ? Omit<T, 'pointer' | 'id'> : never;

function withShape<T extends { id: string }>(
  type: new () => T,
  plain: unknown,
  pointer: string,
  mistakes: Mistake[],
  make: (draft: Draft<T>) => KindOfStep<ReadStep>,
): ReadStep | undefined {
  const shape = readShape(type, plain, pointer);
  mistakes.push(...shape.mistakes);
  if (!shape.draft) return undefined;
  const id = (shape.draft as { id?: string }).id;
  return { pointer, id, ...make(shape.draft) };
}

function notAStep(plain: unknown, pointer: string): Mistake {
  const expected = 'a step with one of the keys plan, operation, repeat or verdict';
  const keys = typeof plain === 'object' && plain !== null ? Object.keys(plain) : [];
  const [odd] = keys.filter(
    (key) =>
      !['id', 'with', 'inputs', 'labware', 'forEach', 'hold', 'repeatWithin', 'until', 'max', 'cases'].includes(key),
  );
  const hint = odd === undefined ? 'add "operation: …"' : didYouMean(odd, kindKeys);
  return mistake('missing-key', pointer, expected, keys.length > 0 ? `the keys ${keys.join(', ')}` : show(plain), hint);
}
