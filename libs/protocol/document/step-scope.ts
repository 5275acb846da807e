import type { PlannerSignature } from '../planners';
import type { Seal } from '../../device/job';
import { didYouMean } from './mistake';

/** What a step sees: plans that ran before it in its own pass or around it, and the labware they made. */
export class StepScope {
  private readonly plans = new Map<string, PlannerSignature | undefined>();
  private readonly made = new Set<string>();
  private readonly seals = new Map<string, Seal>();
  private readonly ids: Set<string>;

  /** @param samePass true for the case of a branch, whose ids live in the pass around it */
  constructor(
    private readonly outer?: StepScope,
    samePass = false,
  ) {
    this.ids = samePass && outer ? outer.ids : new Set();
  }

  /** Takes an id; false when a step that sees this one has it. */
  take(id: string): boolean {
    if (this.hasId(id)) return false;
    this.ids.add(id);
    return true;
  }

  /** Adds a plan that has run: its outputs are visible and its labware exists, unsealed. */
  addPlan(id: string, planner: PlannerSignature | undefined): void {
    this.plans.set(id, planner);
    for (const labware of planner?.makes ?? []) {
      this.made.add(labware);
      this.seals.set(labware, 'none');
    }
  }

  /** The plan step with this id: its planner, null when the planner is unknown, undefined when no such plan has run. */
  planOf(id: string): PlannerSignature | null | undefined {
    if (this.plans.has(id)) return this.plans.get(id) ?? null;
    return this.outer?.planOf(id);
  }

  /** Says whether a planner that has run made instances of this labware. */
  hasMade(labware: string): boolean {
    return this.made.has(labware) || (this.outer?.hasMade(labware) ?? false);
  }

  /** Seal on a labware at this point; a labware made elsewhere is unsealed. */
  sealOf(labware: string): Seal {
    return this.seals.get(labware) ?? this.outer?.sealOf(labware) ?? 'none';
  }

  setSeal(labware: string, seal: Seal): void {
    this.seals.set(labware, seal);
  }

  /** Suggests the plan that was meant. */
  suggestPlan(id: string): string {
    const known = this.planIds();
    return known.length === 0 ? 'put the plan step before this one' : didYouMean(id, known);
  }

  private planIds(): string[] {
    return [...this.plans.keys(), ...(this.outer?.planIds() ?? [])];
  }

  private hasId(id: string): boolean {
    return this.ids.has(id) || (this.outer?.hasId(id) ?? false);
  }
}
