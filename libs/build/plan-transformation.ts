import type { PlanResult } from '../protocol/protocol';
import { ulToPl } from '../units/volume';
import type { PlanScope } from './plan-scope';
import { newLabware } from './plan-scope';
import { groupByLabware } from './plate-groups';
import type { SampleWell, StockWell } from './source-well';
import { Shelf } from './source-well';
import { byKey, descent, WorklistBuilder } from './worklist-builder';

export interface TransformationRequest {
  readonly scope: PlanScope;
  /** Assembly reactions that exist. */
  readonly reactions: readonly SampleWell[];
  /** Holds `competent-cells`. */
  readonly stock: readonly StockWell[];
}

const cellsUl = 20;
const reactionUl = 2;

/** 20 µL of competent cells and 2 µL of reaction per well; each plate keeps the wells of the plate it comes from. */
export function planTransformation({ scope, reactions, stock }: TransformationRequest): PlanResult {
  const groups = groupByLabware(reactions);
  const plates = newLabware(scope, 'transformationPlate', 'pcr-96', groups.length);
  const shelf = new Shelf(stock);
  const worklists = plates.map((plate, index) => {
    const builder = new WorklistBuilder(plate);
    const sources = groups[index] ?? [];
    for (const { well } of sources) builder.add(shelf.take('competent-cells', ulToPl(cellsUl)).well, well, ulToPl(cellsUl)); // prettier-ignore
    for (const source of sources) {
      builder.add(source, source.well, ulToPl(reactionUl));
      const sampleId = scope.ids.sampleId(plate.labwareId, source.well);
      builder.make({ labwareId: plate.labwareId, well: source.well, sampleId, kind: 'transformation', ...descent(source) }); // prettier-ignore
    }
    return builder.build();
  });
  return {
    labware: { transformationPlate: plates },
    worklists: { cells: byKey(plates, worklists) },
    values: {},
    verdicts: {},
    summary: `${reactions.length} transformations on ${plates.length} plates`,
  };
}
