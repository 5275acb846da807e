import type { Planned } from '../build/build.activities';
import type { OperationRun } from './device-work.activities';
import type { OperationSegment, Position } from './protocol-steps';
import { stepKeyOf } from './protocol-steps';

/** What the steps interpreted so far have made known: inner passes hide what outer or earlier ones said. */
export class Scope {
  private readonly keys: Record<string, string> = {};
  private readonly verdicts: Record<string, string> = {};
  private readonly labware: Record<string, readonly string[]> = {};

  /** Step ids → step keys, as planners and operations find their predecessors. */
  get stepKeys(): Readonly<Record<string, string>> {
    return { ...this.keys };
  }

  /** Enters a step whose result or jobs later steps may use. */
  enter(stepId: string, stepKey: string): void {
    this.keys[stepId] = stepKey;
  }

  /** Learns a plan's verdicts and the labware instances it made. */
  learn(stepId: string, planned: Planned): void {
    for (const [name, verdict] of Object.entries(planned.verdicts)) this.verdicts[`${stepId}.${name}`] = verdict;
    for (const [variable, instances] of Object.entries(planned.labware))
      this.labware[variable] = instances.map(({ key }) => key);
  }

  /** A verdict by its name `planStepId.verdict`; undefined when no plan has given it. */
  verdict(name: string): string | undefined {
    return this.verdicts[name];
  }

  /** Keys of the instances of a labware variable. Labware that no planner counts is there once, named like its variable. */
  instances(variable: string): readonly string[] {
    return this.labware[variable] ?? [variable];
  }

  /**
   * One chain of jobs for each instance of a segment's labware variable: each job needs the one before it.
   * Enters the segment's steps. `tellsSuccess` is decided when chains are cut into blocks.
   */
  chainsOf(segment: OperationSegment, at: Position): OperationRun[][] {
    for (const step of segment.operations) this.enter(step.id, stepKeyOf(at, step.id));
    const priorStepKeys = this.stepKeys;
    return this.instances(segment.forEach).map((labwareKey) =>
      segment.operations.map((step, index) => {
        const before = segment.operations[index - 1];
        return {
          stepKey: `${stepKeyOf(at, step.id)}/${labwareKey}`,
          step,
          labwareKey,
          priorStepKeys,
          needs: before ? [`${stepKeyOf(at, before.id)}/${labwareKey}`] : [],
          tellsSuccess: false,
        };
      }),
    );
  }
}
