import type { ConstructValue } from '../../../db/science/measurements';
import type { Design, DesignStatus } from '../../../db/science/constructs';
import type { EvaluatedPlate } from './evaluation';

/** What the Test stage knows of the designs of its round. */
export interface TestEvidence {
  readonly designs: readonly Design[];
  /** Readouts of the objectives; a construct is measured when it has all of them. */
  readonly objectives: readonly string[];
  readonly values: readonly ConstructValue[];
  /** Constructs all of whose assay wells stayed empty of cells. */
  readonly noGrowth: ReadonlySet<string>;
  /** Constructs none of whose starter cultures grew. */
  readonly notGrown: ReadonlySet<string>;
  readonly plates: readonly EvaluatedPlate[];
}

/** A design's end in Test. */
export interface DesignVerdict {
  readonly designIndex: number;
  readonly status: DesignStatus;
  readonly reason?: string;
}

/** Settles the designs that Build let through; those that failed there keep their status. */
export function judgeDesigns(evidence: TestEvidence): DesignVerdict[] {
  return evidence.designs
    .filter(({ status }) => ['designed', 'built', 'measured', 'held'].includes(status))
    .map((design) => judgeDesign(design, evidence));
}

function judgeDesign({ designIndex, constructId }: Design, evidence: TestEvidence): DesignVerdict {
  const measured = evidence.values.filter((value) => value.constructId === constructId);
  const lacking = evidence.objectives.filter((readout) => !measured.some((value) => value.readout === readout));
  if (lacking.length === 0) return { designIndex, status: 'measured' };
  if (evidence.notGrown.has(constructId)) return failed(designIndex, 'no starter culture grew');
  if (evidence.noGrowth.has(constructId)) return failed(designIndex, 'no assay culture grew');
  const causes = evidence.plates
    .filter(
      (plate) => plate.verdict === 'held' && Object.values(plate.wells).some((use) => use.constructId === constructId),
    )
    .flatMap((plate) => plate.causes.map((cause) => `${plate.barcode}: ${cause}`));
  const reason = causes.length > 0 ? causes.join('; ') : `no usable value of ${lacking.join(', ')}`;
  return { designIndex, status: 'held', reason };
}

const failed = (designIndex: number, reason: string): DesignVerdict => ({
  designIndex,
  status: 'failed-growth',
  reason,
});
