import type { PlannedLabware, PlannedWorklist, PlanResult } from '../protocol/protocol';
import { nlToPl, ulToPl } from '../units/volume';
import { cultureWells } from './culture-wells';
import type { PlanScope } from './plan-scope';
import { newLabware } from './plan-scope';
import type { SampleWell, StockWell } from './source-well';
import { Shelf } from './source-well';
import { byKey, evenChunks, WorklistBuilder } from './worklist-builder';

export interface PickingRequest {
  readonly scope: PlanScope;
  /** Colony regions that exist. */
  readonly regions: readonly SampleWell[];
  /** Holds `medium`. */
  readonly stock: readonly StockWell[];
  /** Colonies asked for per region; a region with fewer gives what it has. */
  readonly coloniesPerRegion: number;
  /** Short name of a construct on labels, e.g. `c07`. */
  readonly labelOf: (constructId: string) => string;
}

/** One colony to be picked. */
interface Pick {
  readonly region: SampleWell;
  /** From 1 within the region. */
  readonly colony: number;
}

const mediumUl = 1_000;
/** What a pin carries; nominal. */
const pickedNl = 1;

/**
 * Up to k colonies per region into deep wells with 1 mL of medium. Every pick is a transfer of its own: picks beyond the
 * colonies there are come back as not done, and no culture is made of them. A culture is a clone; its sample id is the clone's.
 */
export function planPicking(request: PickingRequest): PlanResult {
  const { scope, regions, coloniesPerRegion } = request;
  const wells = cultureWells();
  const picks = regions.flatMap((region) =>
    Array.from({ length: coloniesPerRegion }, (_, index): Pick => ({ region, colony: index + 1 })),
  );
  const batches = evenChunks(picks, wells.length);
  const plates = newLabware(scope, 'culturePlate', 'deepwell-96', batches.length);
  const shelf = new Shelf(request.stock);
  const medium = plates.map((plate, index) => fill(plate, wells.slice(0, batches[index]?.length), shelf));
  const picked = plates.map((plate, index) => pick(request, plate, batches[index] ?? [], wells));
  return {
    labware: { culturePlate: plates },
    worklists: { medium: byKey(plates, medium), picks: byKey(plates, picked) },
    values: {},
    verdicts: {},
    summary: `up to ${coloniesPerRegion} colonies of each of ${regions.length} regions into ${plates.length} plates`,
  };
}

function fill(plate: PlannedLabware, wells: readonly string[], shelf: Shelf): PlannedWorklist {
  const builder = new WorklistBuilder(plate);
  for (const well of wells) builder.add(shelf.take('medium', ulToPl(mediumUl)).well, well, ulToPl(mediumUl));
  return builder.build();
}

function pick(
  { scope, labelOf }: PickingRequest,
  plate: PlannedLabware,
  batch: readonly Pick[],
  wells: readonly string[],
): PlannedWorklist {
  const held = Object.fromEntries(wells.map((well) => [well, ulToPl(mediumUl)]));
  const builder = new WorklistBuilder(plate, held);
  batch.forEach(({ region, colony }, index) => {
    const well = wells[index] as string;
    builder.add(region, well, nlToPl(pickedNl));
    const cloneId = scope.ids.sampleId(plate.labwareId, well);
    const clone = scope.pass > 1 ? `p${scope.pass}-${colony}` : `${colony}`;
    const constructId = region.constructId as string;
    builder.make({
      labwareId: plate.labwareId,
      well,
      sampleId: cloneId,
      kind: 'culture',
      constructId,
      cloneId,
      code: `${scope.campaign}/r${scope.round}/${labelOf(constructId)}/${clone}`,
    });
  });
  return builder.build();
}
