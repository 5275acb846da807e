/** How far a plasmid came in a round. */
export interface PlasmidFacts {
  /** Assembly reactions that were pipetted. */
  readonly reactions: number;
  /** Colonies that were picked. */
  readonly cultures: number;
  readonly grown: number;
  /** Accepted clones, those of earlier rounds included. */
  readonly accepted: number;
}

/** A plasmid a design needs, intermediates before the construct. */
export interface NeededPlasmid {
  readonly name: string;
  readonly facts: PlasmidFacts;
}

/** What became of a design in Build. */
export interface BuildVerdict {
  readonly status: 'built' | 'failed-assembly' | 'failed-transformation' | 'failed-growth' | 'failed-sequence';
  readonly reason?: string;
}

/** A design is built when its construct has an accepted clone; else the first plasmid without one says how it failed. */
export function judgeBuild(units: readonly NeededPlasmid[], construct: NeededPlasmid): BuildVerdict {
  if (construct.facts.accepted > 0) return { status: 'built' };
  const failed = units.find(({ facts }) => facts.accepted === 0);
  const { status, reason } = failureOf((failed ?? construct).facts);
  return { status, reason: failed ? `unit ${failed.name}: ${reason}` : reason };
}

function failureOf(facts: PlasmidFacts): { status: Exclude<BuildVerdict['status'], 'built'>; reason: string } {
  if (facts.reactions === 0) return { status: 'failed-assembly', reason: 'no reaction was made' };
  if (facts.cultures === 0) return { status: 'failed-transformation', reason: 'no colonies' };
  if (facts.grown === 0) return { status: 'failed-growth', reason: `none of ${facts.cultures} colonies grew` };
  return { status: 'failed-sequence', reason: `none of ${facts.grown} clones has the designed sequence` };
}
