import { findLabwareKind } from '../labware/kinds';
import { wellsByRow } from '../labware/wells';
import type { PlanResult } from '../protocol/protocol';
import { ulToPl } from '../units/volume';
import type { PlanScope } from './plan-scope';
import { newLabware } from './plan-scope';
import { groupByLabware } from './plate-groups';
import type { SampleWell } from './source-well';
import { byKey, chunk, descent, WorklistBuilder } from './worklist-builder';

export interface PlatingRequest {
  readonly scope: PlanScope;
  /** Transformations that exist. */
  readonly transformations: readonly SampleWell[];
}

const platedUl = 5;

/** 5 µL of each transformation onto a region of its own, tray after tray. */
export function planPlating({ scope, transformations }: PlatingRequest): PlanResult {
  const regions = wellsByRow(findLabwareKind('agar-48'));
  const batches = chunk(groupByLabware(transformations).flat(), regions.length);
  const trays = newLabware(scope, 'agarTray', 'agar-48', batches.length);
  const worklists = trays.map((tray, index) => {
    const builder = new WorklistBuilder(tray);
    (batches[index] ?? []).forEach((source, at) => {
      const well = regions[at] as string;
      builder.add(source, well, ulToPl(platedUl));
      const sampleId = scope.ids.sampleId(tray.labwareId, well);
      builder.make({ labwareId: tray.labwareId, well, sampleId, kind: 'colony-region', ...descent(source) });
    });
    return builder.build();
  });
  return {
    labware: { agarTray: trays },
    worklists: { spread: byKey(trays, worklists) },
    values: {},
    verdicts: {},
    summary: `${transformations.length} transformations onto ${trays.length} agar trays`,
  };
}
