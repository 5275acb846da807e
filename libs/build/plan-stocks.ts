import { DomainError } from '../errors/domain-error';
import { findLabwareKind } from '../labware/kinds';
import { wellsByColumn } from '../labware/wells';
import type { PlannedLabware, PlannedWorklist, PlanResult } from '../protocol/protocol';
import { ulToPl } from '../units/volume';
import type { PlanScope } from './plan-scope';
import { newLabware } from './plan-scope';
import { groupByLabware } from './plate-groups';
import type { SampleWell, StockWell } from './source-well';
import { Shelf } from './source-well';
import { byKey, chunk, descent, WorklistBuilder } from './worklist-builder';

export interface StocksRequest {
  readonly scope: PlanScope;
  readonly kind: 'glycerol' | 'miniprep';
  /** Grown cultures. */
  readonly cultures: readonly SampleWell[];
  /** Holds `glycerol-50` (glycerol stocks only). */
  readonly stock: readonly StockWell[];
}

const glycerolUl = 75;
const cultureUl = 75;
/** Eluate of a purification; nominal. */
const eluateUl = 40;

/** How each kind of stock is kept. */
const forms = {
  glycerol: { label: 'glycerolPlate', plate: 'storage-96', sample: 'glycerol-stock' },
  miniprep: { label: 'miniprepPlate', plate: 'echo-384', sample: 'miniprep' },
} as const;

/**
 * Copies of grown cultures: 75 µL with 75 µL of 50 % glycerol, or 40 µL of purified plasmid in an acoustic source plate.
 * @throws DomainError `plan-impossible` for another kind of stock.
 */
export function planStocks(request: StocksRequest): PlanResult {
  const { scope, kind, cultures } = request;
  const form = forms[kind] as (typeof forms)[typeof kind] | undefined;
  if (!form) throw new DomainError('plan-impossible', `Expected glycerol or miniprep stocks, found "${kind}".`);
  const wells = wellsByColumn(findLabwareKind(form.plate));
  const batches = chunk(groupByLabware(cultures).flat(), wells.length);
  const plates = newLabware(scope, form.label, form.plate, batches.length);
  const shelf = new Shelf(request.stock);
  const worklists = plates.map((plate, index) => copy(request, plate, batches[index] ?? [], wells, shelf));
  return {
    labware: { stockPlate: plates },
    worklists: { copy: byKey(plates, worklists) },
    values: {
      wells: Object.fromEntries(plates.map(({ key }, i) => [key, wells.slice(0, batches[i]?.length)])),
    },
    verdicts: {},
    summary: `${cultures.length} ${kind} stocks on ${plates.length} plates`,
  };
}

function copy(
  { scope, kind }: StocksRequest,
  plate: PlannedLabware,
  batch: readonly SampleWell[],
  wells: readonly string[],
  shelf: Shelf,
): PlannedWorklist {
  const builder = new WorklistBuilder(plate);
  if (kind === 'glycerol') {
    batch.forEach((_, at) => {
      const { well } = shelf.take('glycerol-50', ulToPl(glycerolUl));
      builder.add(well, wells[at] as string, ulToPl(glycerolUl));
    });
  }
  batch.forEach((culture, at) => {
    const well = wells[at] as string;
    builder.add(culture, well, ulToPl(kind === 'glycerol' ? cultureUl : eluateUl));
    const sampleId = scope.ids.sampleId(plate.labwareId, well);
    builder.make({ labwareId: plate.labwareId, well, sampleId, kind: forms[kind].sample, ...descent(culture) });
  });
  return builder.build();
}
