import type { PartCollection } from '../../libs/dna/collections/collection';
import { loadCollection } from '../../libs/dna/collections/collection';
import { findLabwareKind } from '../../libs/labware/kinds';
import { wellsByRow } from '../../libs/labware/wells';
import { ulToPl } from '../../libs/units/volume';
import { growth } from './physics/constants';
import type { Plasmids } from './physics/plasmids';
import { controlPlasmids } from './physics/plasmids';
import type { Well } from './physics/well';
import { emptyWell } from './physics/well';

/** A filled well as the lab receives it. */
export interface StockWell {
  readonly well: string;
  readonly kind: 'part' | 'reagent' | 'glycerol-stock';
  readonly code: string;
  readonly volumeUl: number;
  readonly concentrationNgPerUl?: number;
  /** Controls: the plasmid the cells carry. */
  readonly sequence?: string;
}

/** A filled labware, in the shape the api receives it. */
export interface StockLabware {
  readonly barcode: string;
  readonly kind: string;
  readonly placeCode: string;
  /** Absent for boxes of tips. */
  readonly contentRole?: 'parts' | 'reagents' | 'cells' | 'medium' | 'controls';
  readonly seal: 'none';
  readonly wells: readonly StockWell[];
}

/** Collection whose plasmids are on the shelf. */
export const stockCollection = { id: 'cidar-moclo', version: '1' } as const;

const copiesPerPart = 8;
const partUl = 60;
const partNgPerUl = 50;
const troughUl = 300_000;
const controlUl = 150;
const controlOd = 4;

/** Boxes of tips among the consumables, by kind: enough for a campaign of some hundred transfers of liquid. */
const tipBoxes: Readonly<Record<string, number>> = { 'tips-10': 60, 'tips-20': 20, 'tips-300': 60, 'tips-1000': 20 };

/** Full boxes of tips: `TIPS-300-07`. */
export function tipStock(): StockLabware[] {
  return Object.entries(tipBoxes).flatMap(([kind, boxes]) =>
    Array.from({ length: boxes }, (_, at) => ({
      barcode: `${kind.toUpperCase()}-${String(at + 1).padStart(2, '0')}`,
      kind,
      placeCode: 'consumables',
      seal: 'none' as const,
      wells: [],
    })),
  );
}

/** Everything on the shelf on the first day. */
export function stockLabware(): StockLabware[] {
  return [...liquidStock(), ...tipStock()];
}

/** Filled labware on the shelf. */
function liquidStock(): StockLabware[] {
  const collection = loadCollection(stockCollection.id, stockCollection.version);
  const controls = controlPlasmids(collection);
  return [
    shelf('STOCK-PARTS-1', 'echo-384', 'fridge-4', 'parts', partWells(collection)),
    shelf('STOCK-REAGENTS-1', 'reservoir-12', 'fridge-4', 'reagents', [
      trough('A1', 'golden-gate-mix-BsaI'),
      trough('A2', 'golden-gate-mix-BbsI'),
      trough('A3', 'water'),
    ]),
    shelf('STOCK-CELLS-1', 'reservoir-12', 'freezer-80', 'cells', [trough('A1', 'competent-cells')]),
    shelf('STOCK-MEDIUM-1', 'reservoir-12', 'fridge-4', 'medium', [
      trough('A1', 'medium'),
      trough('A2', 'glycerol-50'),
      trough('A3', 'assay-medium'),
      ...[4, 5, 6, 7, 8, 9, 10].map((column) => trough(`A${column}`, 'medium')),
      trough('A11', 'assay-medium'),
    ]),
    shelf(
      'STOCK-CONTROLS-1',
      'storage-96',
      'freezer-80',
      'controls',
      Object.entries(controls).map(([code, sequence], at) => ({
        well: `A${at + 1}`,
        kind: 'glycerol-stock',
        code,
        volumeUl: controlUl,
        sequence,
      })),
    ),
  ];
}

function shelf(
  barcode: string,
  kind: string,
  placeCode: string,
  contentRole: NonNullable<StockLabware['contentRole']>,
  wells: readonly StockWell[],
): StockLabware {
  return { barcode, kind, placeCode, contentRole, seal: 'none', wells };
}

const trough = (well: string, code: string): StockWell => ({ well, kind: 'reagent', code, volumeUl: troughUl });

/** Every plasmid in eight wells, copy after copy, row by row. */
function partWells({ parts }: PartCollection): StockWell[] {
  const wells = wellsByRow(findLabwareKind('echo-384'));
  const copies = Array.from({ length: copiesPerPart }, () => parts).flat();
  return copies.map(({ id }, at) => ({
    well: wells[at] as string,
    kind: 'part',
    code: id,
    volumeUl: partUl,
    concentrationNgPerUl: partNgPerUl,
  }));
}

/** What a stock well physically holds. */
export function fillWell(stock: StockWell, plasmids: Plasmids): Well {
  const volumePl = ulToPl(stock.volumeUl);
  const well: Well = { ...emptyWell(), volumePl };
  if (stock.kind === 'part') {
    const part = plasmids.collection.parts.find(({ id }) => id === stock.code);
    well.liquids = { water: volumePl };
    if (part) well.dna = { [plasmids.keyOf(part.sequence)]: stock.volumeUl * (stock.concentrationNgPerUl ?? 0) };
    return well;
  }
  if (stock.kind === 'glycerol-stock' && stock.sequence !== undefined) {
    well.liquids = { 'glycerol-50': volumePl / 2, medium: volumePl / 2 };
    well.cells = { [plasmids.keyOf(stock.sequence)]: stock.volumeUl * controlOd * growth.cellsPerUlAtOd1 };
    well.origin = { stepKey: 'stock', count: 1 };
    return well;
  }
  well.liquids = { [stock.code]: volumePl };
  return well;
}
