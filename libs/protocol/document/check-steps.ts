import { parseDuration } from '../../units/lab-time';
import { findPlanner, planners } from '../planners';
import type { Protocol } from '../protocol';
import type { UnitOperation } from '../unit-operations';
import { findUnitOperation, isKinetic, repeatWindowMs, unitOperations } from '../unit-operations';
import { checkNamed } from './check-named';
import { checkParameter, checkPasses, checkPlannerInput, planOfReference } from './check-values';
import type { Draft } from './draft';
import type { Mistake } from './mistake';
import { below, didYouMean, listed, mistake } from './mistake';
import type { LabwareVariableDocument } from './protocol.dto';
import type { ReadStep } from './read-steps';
import { sealWarnings } from './seals';
import { StepScope } from './step-scope';

type OfKind<K extends ReadStep['kind']> = Extract<ReadStep, { kind: K }>;

/** Follows the steps as the stage workflow would and reports what could not run. */
export class StepChecker {
  readonly mistakes: Mistake[] = [];
  readonly warnings: Mistake[] = [];
  /** Labware some plan makes. */
  readonly made = new Set<string>();

  constructor(
    private readonly stage: Protocol['stage'] | undefined,
    private readonly labware: ReadonlyMap<string, Draft<LabwareVariableDocument>>,
  ) {}

  /** Checks steps in order within a scope. */
  check(steps: readonly ReadStep[], scope: StepScope): void {
    for (const step of steps) {
      this.checkId(step, scope);
      switch (step.kind) {
        case 'plan':
          this.checkPlan(step, scope);
          break;
        case 'operation':
          this.checkOperation(step, scope);
          break;
        case 'repeat':
          this.checkRepeat(step, scope);
          break;
        case 'branch':
          this.checkBranch(step, scope);
      }
    }
  }

  private checkId({ id, pointer }: ReadStep, scope: StepScope): void {
    if (id === undefined || scope.take(id)) return;
    this.report(
      'duplicate-id',
      below(pointer, 'id'),
      'an id no step around it has',
      `"${id}" again`,
      'rename one of the steps',
    );
  }

  private checkPlan({ step, id, pointer }: OfKind<'plan'>, scope: StepScope): void {
    if (step.plan === undefined) return;
    const planner = findPlanner(step.plan);
    if (!planner) {
      const known = planners
        .filter(({ stage }) => stage === 'both' || stage === (this.stage ?? stage))
        .map((each) => each.id);
      this.report(
        'planner-unknown',
        below(pointer, 'plan'),
        'a planner',
        `"${step.plan}"`,
        didYouMean(step.plan, known),
      );
    } else {
      this.checkStage(planner.stage, planner.id, pointer);
      this.mistakes.push(
        ...checkNamed(
          {
            given: step.inputs ?? {},
            signature: planner.inputs,
            pointer: below(pointer, 'inputs'),
            kind: 'input',
            owner: planner.id,
          },
          (value, input, at) => checkPlannerInput(value, input, { pointer: at, scope, forEach: undefined }),
        ),
      );
      for (const name of planner.makes) {
        this.made.add(name);
        this.checkMade(name, planner.id, pointer);
      }
    }
    if (id !== undefined) scope.addPlan(id, planner);
  }

  private checkStage(stage: 'build' | 'test' | 'both', planner: string, pointer: string): void {
    if (stage === 'both' || this.stage === undefined || stage === this.stage) return;
    const expected = `a planner of the ${this.stage} stage`;
    this.report(
      'protocol-invalid',
      below(pointer, 'plan'),
      expected,
      `"${planner}" of the ${stage} stage`,
      `write stage: ${stage}`,
    );
  }

  private checkMade(name: string, planner: string, pointer: string): void {
    const variable = this.labware.get(name);
    if (!variable) {
      const hint = `add { id: ${name}, kind: … } to labware`;
      this.report(
        'unknown-reference',
        below(pointer, 'plan'),
        `the labware "${name}", which ${planner} makes, to be listed`,
        'no such labware',
        hint,
      );
    } else if (variable.from === 'stock') {
      const hint = `write from: planned for ${name}`;
      this.report('protocol-invalid', below(pointer, 'plan'), `planned labware "${name}"`, 'labware from stock', hint);
    }
  }

  private checkOperation({ step, pointer }: OfKind<'operation'>, scope: StepScope): void {
    const operation = step.operation === undefined ? undefined : findUnitOperation(step.operation);
    this.checkLabware(step.forEach, below(pointer, 'forEach'), scope);
    this.checkHold(step.hold, below(pointer, 'hold'));
    if (!operation) {
      if (step.operation === undefined) return;
      const known = unitOperations.map(({ id }) => id);
      this.report(
        'unknown-reference',
        below(pointer, 'operation'),
        'a unit operation',
        `"${step.operation}"`,
        didYouMean(step.operation, known),
      );
      return;
    }
    this.checkRepeatWindow(step, operation, below(pointer, 'repeatWithin'));
    this.checkRoles(
      step.labware ?? {},
      Object.keys(operation.roles),
      'worklist' in operation.parameters,
      pointer,
      step.forEach,
      scope,
    );
    this.mistakes.push(
      ...checkNamed(
        {
          given: step.with ?? {},
          signature: operation.parameters,
          pointer: below(pointer, 'with'),
          kind: 'parameter',
          owner: operation.id,
        },
        (value, parameter, at) => checkParameter(value, parameter, { pointer: at, scope, forEach: step.forEach }),
      ),
    );
    this.warnings.push(...sealWarnings(step, pointer, scope, this.labware));
  }

  private checkRoles(
    roles: Readonly<Record<string, string | undefined>>,
    known: readonly string[],
    sourceByWorklist: boolean,
    pointer: string,
    forEach: string | undefined,
    scope: StepScope,
  ): void {
    for (const [role, variable] of Object.entries(roles)) {
      const at = below(pointer, 'labware', role);
      if (!known.includes(role))
        this.report('unknown-key', at, `a role (${listed(known)})`, `"${role}"`, didYouMean(role, known));
      else if (variable !== forEach) this.checkLabware(variable, at, scope);
    }
    const missing = known.filter((role) => roles[role] === undefined && !(sourceByWorklist && role === 'source'));
    for (const role of missing) {
      const hint = `add ${role}: ${forEach ?? '…'}`;
      this.report('missing-key', below(pointer, 'labware', role), `labware for the role "${role}"`, 'nothing', hint);
    }
  }

  private checkLabware(name: unknown, pointer: string, scope: StepScope): void {
    if (name === undefined) return;
    const variable = typeof name === 'string' ? this.labware.get(name) : undefined;
    const known = [...this.labware.keys()];
    if (!variable) {
      this.report(
        'unknown-reference',
        pointer,
        'labware of this protocol',
        JSON.stringify(name),
        didYouMean(String(name), known),
      );
    } else if (variable.from !== 'stock' && !scope.hasMade(String(name))) {
      const makers = planners.filter((planner) => planner.makes.includes(String(name))).map(({ id }) => id);
      const hint =
        makers.length > 0
          ? `put a step "plan: ${makers[0]}" before it`
          : 'no planner makes it: use labware that one makes';
      this.report(
        'unknown-reference',
        pointer,
        'labware that a plan step before it makes',
        `"${String(name)}", not made yet`,
        hint,
      );
    }
  }

  private checkHold(
    hold: { readonly min?: string | undefined; readonly max?: string | undefined } | undefined,
    pointer: string,
  ): void {
    const [min, max] = [parseDuration(hold?.min ?? ''), parseDuration(hold?.max ?? '')];
    if (min === undefined || max === undefined || min <= max) return;
    this.report('out-of-range', pointer, 'min ≤ max', `min ${hold?.min}, max ${hold?.max}`, 'exchange the two');
  }

  private checkRepeatWindow(step: OfKind<'operation'>['step'], operation: UnitOperation, pointer: string): void {
    if (step.repeatWithin === undefined) return;
    const most = repeatWindowMs(operation, step.with ?? {});
    const asked = parseDuration(step.repeatWithin);
    const found = `"${step.repeatWithin}"`;
    if (most === undefined && isKinetic(operation, step.with ?? {})) {
      const hint = 'remove it: what a broken course has measured is judged as it is';
      this.report('protocol-invalid', pointer, 'no window for a course of measurements', found, hint);
    } else if (most === undefined)
      this.report('protocol-invalid', pointer, `no window: "${operation.id}" is never repeated`, found, 'remove it');
    else if (asked !== undefined && asked > most)
      this.report('out-of-range', pointer, `at most ${most / 60_000}min`, found, `write ${most / 60_000}min`);
  }

  private checkRepeat({ step, steps, pointer }: OfKind<'repeat'>, scope: StepScope): void {
    const inside = new StepScope(scope);
    this.check(steps, inside);
    this.mistakes.push(...checkPasses(step.max, below(pointer, 'max')));
    if (step.until === undefined) return;
    const at = below(pointer, 'until');
    const own = steps.some((each) => each.kind === 'plan' && each.id === step.until?.split('.')[0]);
    const reference = planOfReference(step.until, at, inside);
    this.mistakes.push(...reference.mistakes);
    if (reference.mistakes.length > 0) return;
    if (own) this.checkVerdict(reference, at, ['yes']);
    else {
      const hint = 'name a plan of this repeat: only its own verdict can change';
      this.report('unknown-reference', at, 'a plan step inside the repeat', `"${step.until}"`, hint);
    }
  }

  private checkBranch({ step, cases, pointer }: OfKind<'branch'>, scope: StepScope): void {
    for (const inside of Object.values(cases)) this.check(inside, new StepScope(scope, true));
    if (step.verdict === undefined) return;
    const at = below(pointer, 'verdict');
    const reference = planOfReference(step.verdict, at, scope);
    this.mistakes.push(...reference.mistakes);
    const values = this.checkVerdict(reference, at, []);
    if (!values || step.cases === undefined) return;
    for (const name of Object.keys(cases).filter((each) => !values.includes(each)))
      this.report(
        'protocol-invalid',
        below(pointer, 'cases', name),
        `a value of the verdict (${listed(values)})`,
        `"${name}": its steps are unreachable`,
        didYouMean(name, values),
      );
    for (const name of values.filter((each) => !(each in cases)))
      this.report(
        'missing-key',
        below(pointer, 'cases', name),
        `steps for the verdict "${name}"`,
        'nothing',
        `add "${name}: []" when nothing is to be done`,
      );
  }

  private checkVerdict(
    { planner, name }: ReturnType<typeof planOfReference>,
    pointer: string,
    needed: readonly string[],
  ): readonly string[] | undefined {
    if (!planner || name === undefined) return undefined;
    const values = planner.verdicts[name];
    const known = Object.keys(planner.verdicts);
    if (!values || needed.some((value) => !values.includes(value))) {
      this.report(
        'unknown-reference',
        pointer,
        `a verdict of the planner ${planner.id} (${listed(known)})`,
        `"${name}"`,
        known.length > 0 ? didYouMean(name, known) : `${planner.id} gives no verdict: name another plan step`,
      );
    }
    return values;
  }

  private report(...args: Parameters<typeof mistake>): void {
    this.mistakes.push(mistake(...args));
  }
}
