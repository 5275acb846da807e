import type { WellUse } from '../assay/layout';
import type { Control } from '../campaign/campaign';
import { DomainError } from '../errors/domain-error';
import { findLabwareKind } from '../labware/kinds';
import { wellCount } from '../labware/wells';
import type { PlannedLabware, PlannedWorklist, PlanResult } from '../protocol/protocol';
import { generatorFor } from '../random/generator';
import { plToUl, ulToPl } from '../units/volume';
import type { MeasuredCulture } from './growth';
import { grownOd } from './growth';
import type { PlanScope } from './plan-scope';
import { newLabware } from './plan-scope';
import type { LayoutItem, PlateLayout } from './plate-layout';
import { layOut } from './plate-layout';
import type { SampleWell, StockWell } from './source-well';
import { Shelf } from './source-well';
import { byKey, descent, WorklistBuilder } from './worklist-builder';

export interface BackDilutionRequest {
  readonly scope: PlanScope;
  /** Starter cultures with their OD; those of controls carry the control's sample code. */
  readonly cultures: readonly MeasuredCulture[];
  readonly controls: readonly Control[];
  readonly wellsPerCulture: number;
  readonly startOd: number;
  /** Holds `assay-medium`. */
  readonly stock: readonly StockWell[];
}

/** Assay plates by key: what is in which well, and how good the layout is beside chance. */
export type AssayLayouts = Readonly<
  Record<string, { readonly wells: Readonly<Record<string, WellUse>>; readonly score: number; readonly randomScore: number }> // prettier-ignore
>;

/** A dilution that could not reach the start OD, and the OD it starts at instead. */
export interface Clamp {
  readonly cultureId: string;
  readonly volumeUl: number;
  readonly startOd: number;
}

const assayUl = 200;
const leastUl = 2;
const mostUl = 100;
const stepUl = 0.1;
const plateKind = 'read-96';

/** A well before it has a place. */
interface Occupant {
  readonly use: WellUse;
  readonly culture?: MeasuredCulture;
}

/**
 * Microlitres of culture that start 200 µL at an OD: V = startOd · 200 / od, in steps of 0.1 µL.
 * Clamped to 2–100 µL, `clamped` then says so.
 */
export function dilutionUl(startOd: number, od: number): { volumeUl: number; clamped: boolean } {
  const exact = od > 0 ? (startOd * assayUl) / od : Infinity;
  const volumeUl = Math.round(Math.min(mostUl, Math.max(leastUl, exact)) / stepUl) * stepUl;
  return { volumeUl: Number(volumeUl.toFixed(1)), clamped: exact < leastUl || exact > mostUl };
}

/**
 * Assay plates: every grown culture brought to the start OD in 200 µL, replicates apart and spread over the plates, controls
 * and blanks on every plate.
 * @throws DomainError `control-missing` without a culture of a control, `plate-overflow` when controls fill the plate.
 */
export function planBackDilution(request: BackDilutionRequest): PlanResult {
  const { scope } = request;
  const grown = request.cultures.filter(({ od, culture }) => culture.constructId && od !== undefined && od >= grownOd);
  const decks = dealWells(request, grown);
  const plates = newLabware(scope, 'assayPlate', plateKind, decks.length);
  const shelf = new Shelf(request.stock);
  const clamps: Clamp[] = [];
  const layouts: Record<string, AssayLayouts[string]> = {};
  const worklists = plates.map((plate, index) => {
    const deck = decks[index] as Occupant[];
    const generator = generatorFor(scope.seed, scope.stepKey, 'layout', index);
    const layout = layOut(deck.map(toItem), findLabwareKind(plateKind), generator);
    const dispensed = dispense(request, plate, deck, layout, shelf, clamps);
    layouts[plate.key] = { wells: dispensed.wells, score: layout.score, randomScore: layout.randomScore };
    return dispensed.worklist;
  });
  const notGrown = request.cultures.filter((entry) => entry.culture.constructId && !grown.includes(entry));
  return {
    labware: { assayPlate: plates },
    worklists: { dilute: byKey(plates, worklists) },
    values: {
      layout: layouts,
      clamps,
      notGrown: notGrown.map(({ culture }) => culture.sampleId),
      grownConstructs: constructsOf(grown),
      notGrownConstructs: constructsOf(notGrown),
    },
    verdicts: {},
    summary: `${grown.length} cultures on ${plates.length} assay plates; ${notGrown.length} did not grow, ${clamps.length} dilutions clamped`,
  };
}

const constructsOf = (cultures: readonly MeasuredCulture[]): string[] => [
  ...new Set(cultures.flatMap(({ culture }) => culture.constructId ?? [])),
];

const toItem = ({ use }: Occupant): LayoutItem => ({
  group: use.constructId ?? `control:${use.controlId}`,
  control: use.role !== 'sample',
});

/** Sample wells dealt to the plates in turn, so that the replicates of a construct meet different plates; controls on each. */
function dealWells(request: BackDilutionRequest, grown: readonly MeasuredCulture[]): Occupant[][] {
  const controls = request.controls.reduce((sum, { wellsPerPlate }) => sum + wellsPerPlate, 0);
  const capacity = wellCount(findLabwareKind(plateKind)) - controls;
  if (capacity <= 0) throw new DomainError('plate-overflow', `${controls} wells of controls leave no room on a plate.`);
  const samples = inConstructOrder(request.scope, grown).flatMap((culture) =>
    Array.from({ length: request.wellsPerCulture }, () => sampleOccupant(culture)),
  );
  const plateCount = Math.ceil(samples.length / capacity);
  return Array.from({ length: plateCount }, (_, plate) => [
    ...samples.filter((_sample, index) => index % plateCount === plate),
    ...request.controls.flatMap((control) => controlOccupants(request.cultures, control)),
  ]);
}

/** Constructs in seeded order, the cultures of one construct together. */
function inConstructOrder(scope: PlanScope, grown: readonly MeasuredCulture[]): MeasuredCulture[] {
  const ids = [...new Set(grown.map(({ culture }) => culture.constructId as string))].sort();
  const order = generatorFor(scope.seed, scope.stepKey, 'plates').shuffle(ids);
  const rank = new Map(order.map((id, index) => [id, index]));
  const rankOf = ({ culture }: MeasuredCulture): number => rank.get(culture.constructId as string) as number;
  return [...grown].sort((a, b) => rankOf(a) - rankOf(b) || (a.culture.sampleId < b.culture.sampleId ? -1 : 1));
}

const sampleOccupant = (culture: MeasuredCulture): Occupant => ({
  culture,
  use: { role: 'sample', cultureId: culture.culture.sampleId, ...identity(culture.culture) },
});

function identity({ constructId, cloneId }: SampleWell): { constructId?: string; cloneId?: string } {
  return {
    ...(constructId === undefined ? {} : { constructId }),
    ...(cloneId === undefined ? {} : { cloneId }),
  };
}

function controlOccupants(cultures: readonly MeasuredCulture[], control: Control): Occupant[] {
  const own = cultures
    .filter(({ culture }) => !culture.constructId && culture.code === control.sample && control.sample !== undefined)
    .sort((a, b) => (b.od ?? 0) - (a.od ?? 0) || (a.culture.sampleId < b.culture.sampleId ? -1 : 1));
  if (control.kind !== 'blank' && own.length === 0) {
    throw new DomainError('control-missing', `There is no culture of the control "${control.id}".`, { id: control.id });
  }
  const usable = own.filter(({ od }, index) => index === 0 || (od !== undefined && od >= grownOd));
  return Array.from({ length: control.wellsPerPlate }, (_, index): Occupant => {
    const culture = usable[index % Math.max(1, usable.length)];
    const use = { role: control.kind, controlId: control.id };
    return culture ? { culture, use: { ...use, cultureId: culture.culture.sampleId } } : { use };
  });
}

function dispense(
  request: BackDilutionRequest,
  plate: PlannedLabware,
  deck: readonly Occupant[],
  layout: PlateLayout,
  shelf: Shelf,
  clamps: Clamp[],
): { worklist: PlannedWorklist; wells: Record<string, WellUse> } {
  const builder = new WorklistBuilder(plate);
  const volumes = deck.map(({ culture }) => (culture ? cultureVolumePl(request.startOd, culture, clamps) : 0));
  deck.forEach((_, index) => {
    const mediumPl = ulToPl(assayUl) - (volumes[index] as number);
    builder.add(shelf.take('assay-medium', mediumPl).well, layout.wells[index] as string, mediumPl);
  });
  const wells: Record<string, WellUse> = {};
  deck.forEach(({ culture, use }, index) => {
    const well = layout.wells[index] as string;
    if (culture) builder.add(culture.culture, well, volumes[index] as number);
    const sampleId = request.scope.ids.sampleId(plate.labwareId, well);
    const origin = culture ? descent(culture.culture) : { code: use.controlId as string };
    builder.make({ labwareId: plate.labwareId, well, sampleId, kind: 'assay-culture', ...origin });
    wells[well] = { ...use, sampleId };
  });
  return { worklist: builder.build(), wells };
}

function cultureVolumePl(startOd: number, { culture, od }: MeasuredCulture, clamps: Clamp[]): number {
  const { volumeUl, clamped } = dilutionUl(startOd, od ?? 0);
  const volumePl = ulToPl(volumeUl);
  const known = clamps.some(({ cultureId }) => cultureId === culture.sampleId);
  if (clamped && !known) {
    const reached = ((od ?? 0) * plToUl(volumePl)) / assayUl;
    clamps.push({ cultureId: culture.sampleId, volumeUl, startOd: Number(reached.toFixed(4)) });
  }
  return volumePl;
}
