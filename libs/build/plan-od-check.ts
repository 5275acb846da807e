import type { PlanResult } from '../protocol/protocol';
import { ulToPl } from '../units/volume';
import { blankWells } from './culture-wells';
import type { PlanScope } from './plan-scope';
import { newLabware } from './plan-scope';
import { groupByLabware } from './plate-groups';
import type { SampleWell, StockWell } from './source-well';
import { Shelf } from './source-well';
import { byKey, descent, WorklistBuilder } from './worklist-builder';

export interface OdCheckRequest {
  readonly scope: PlanScope;
  /** Cultures that exist. */
  readonly cultures: readonly SampleWell[];
  /** Holds `medium`, the cultures' own medium. */
  readonly stock: readonly StockWell[];
}

const cultureUl = 10;
const mediumUl = 190;
/** How much thinner the read is than the culture. */
export const odDilution = (cultureUl + mediumUl) / cultureUl;

/** 10 µL of culture in 190 µL of medium, well for well, and two wells of medium alone on every plate. */
export function planOdCheck({ scope, cultures, stock }: OdCheckRequest): PlanResult {
  const groups = groupByLabware(cultures);
  const plates = newLabware(scope, 'odPlate', 'read-96', groups.length);
  const shelf = new Shelf(stock);
  const worklists = plates.map((plate, index) => {
    const builder = new WorklistBuilder(plate);
    const sources = groups[index] ?? [];
    const medium = (well: string, ul: number): void =>
      builder.add(shelf.take('medium', ulToPl(ul)).well, well, ulToPl(ul));
    for (const { well } of sources) medium(well, mediumUl);
    for (const well of blankWells) medium(well, mediumUl + cultureUl);
    for (const source of sources) {
      builder.add(source, source.well, ulToPl(cultureUl));
      const sampleId = scope.ids.sampleId(plate.labwareId, source.well);
      builder.make({ labwareId: plate.labwareId, well: source.well, sampleId, kind: 'od-sample', ...descent(source) });
    }
    return builder.build();
  });
  return {
    labware: { odPlate: plates },
    worklists: { dilute: byKey(plates, worklists) },
    values: {},
    verdicts: {},
    summary: `${cultures.length} cultures diluted ${odDilution}-fold on ${plates.length} plates`,
  };
}
