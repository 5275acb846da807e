import type { Control, Replication } from '../campaign/campaign';
import { DomainError } from '../errors/domain-error';
import type { PlannedLabware, PlannedWorklist, PlanResult } from '../protocol/protocol';
import { generatorFor } from '../random/generator';
import { ulToPl } from '../units/volume';
import { cultureWells } from './culture-wells';
import type { PlanScope } from './plan-scope';
import { newLabware } from './plan-scope';
import type { SampleWell, StockWell } from './source-well';
import { Shelf } from './source-well';
import { byKey, evenChunks, descent, WorklistBuilder } from './worklist-builder';

export interface StarterCulturesRequest {
  readonly scope: PlanScope;
  /** Glycerol stocks of accepted clones of the constructs to be measured; one per clone. */
  readonly clones: readonly SampleWell[];
  readonly controls: readonly Control[];
  /** `medium`, and the controls by their sample code. */
  readonly stock: readonly StockWell[];
  readonly replication: Replication;
}

const mediumUl = 500;
const inoculumUl = 2;
/** A control is grown twice, so that one failed culture does not cost a plate. */
const controlCultures = 2;

/**
 * Starter cultures of every clone and control: 2 µL of glycerol stock in 500 µL of medium, in seeded order.
 * @throws DomainError `control-missing` when the lab holds no stock of a control.
 */
export function planStarterCultures(request: StarterCulturesRequest): PlanResult {
  const { scope, stock } = request;
  const wells = cultureWells();
  const inocula = generatorFor(scope.seed, scope.stepKey, 'order').shuffle([
    ...cloneInocula(request),
    ...controlInocula(request),
  ]);
  const batches = evenChunks(inocula, wells.length);
  const plates = newLabware(scope, 'starterPlate', 'deepwell-96', batches.length);
  const shelf = new Shelf(stock);
  const medium = plates.map((plate, i) => fill(plate, wells.slice(0, batches[i]?.length), shelf));
  const inoculated = plates.map((plate, i) => inoculate(scope, plate, batches[i] ?? [], wells));
  return {
    labware: { starterPlate: plates },
    worklists: { medium: byKey(plates, medium), inoculate: byKey(plates, inoculated) },
    values: {},
    verdicts: {},
    summary: `${inocula.length} starter cultures of ${request.clones.length} clones and the controls on ${plates.length} plates`,
  };
}

function cloneInocula({ clones, replication }: StarterCulturesRequest): SampleWell[] {
  const taken = new Map<string, number>();
  const measured = clones.filter(({ constructId }) => {
    const count = (taken.get(constructId as string) ?? 0) + 1;
    taken.set(constructId as string, count);
    return count <= replication.clonesPerDesign;
  });
  return measured.flatMap((clone) => Array.from({ length: replication.culturesPerClone }, () => clone));
}

function controlInocula({ controls, stock }: StarterCulturesRequest): (SampleWell | StockWell)[] {
  return controls.flatMap(({ id, sample, wellsPerPlate }) => {
    if (sample === undefined) return [];
    const found = stock.find(({ code }) => code === sample);
    if (!found) {
      const message = `Control "${id}" is grown from "${sample}"; the lab holds no such stock.`;
      throw new DomainError('control-missing', message, { control: id, sample });
    }
    return Array.from({ length: Math.min(controlCultures, wellsPerPlate) }, () => found);
  });
}

function fill(plate: PlannedLabware, wells: readonly string[], shelf: Shelf): PlannedWorklist {
  const builder = new WorklistBuilder(plate);
  for (const well of wells) builder.add(shelf.take('medium', ulToPl(mediumUl)).well, well, ulToPl(mediumUl));
  return builder.build();
}

function inoculate(
  scope: PlanScope,
  plate: PlannedLabware,
  batch: readonly (SampleWell | StockWell)[],
  wells: readonly string[],
): PlannedWorklist {
  const builder = new WorklistBuilder(plate, Object.fromEntries(wells.map((well) => [well, ulToPl(mediumUl)])));
  batch.forEach((source, index) => {
    const well = wells[index] as string;
    builder.add(source, well, ulToPl(inoculumUl));
    const sampleId = scope.ids.sampleId(plate.labwareId, well);
    builder.make({ labwareId: plate.labwareId, well, sampleId, kind: 'starter-culture', ...descent(source) });
  });
  return builder.build();
}
