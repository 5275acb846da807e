import { DomainError } from '../errors/domain-error';
import { wellsByColumn } from '../labware/wells';
import { findLabwareKind } from '../labware/kinds';
import type { PlannedLabware, PlanResult, PlannedWorklist } from '../protocol/protocol';
import { generatorFor } from '../random/generator';
import { ulToPl } from '../units/volume';
import type { PlanScope } from './plan-scope';
import { newLabware } from './plan-scope';
import type { StockWell } from './source-well';
import { Shelf } from './source-well';
import { byKey, chunk, WorklistBuilder } from './worklist-builder';

/** A plasmid of a Golden Gate pot: a part, a unit or the vector. */
export interface PotInput {
  /** Code of its stock: part id, or construct id of a unit. */
  readonly code: string;
  /** Length of the whole plasmid. */
  readonly lengthBp: number;
}

/** One reaction that is still to be done. */
export interface WantedReaction {
  readonly constructId: string;
  readonly name: string;
  readonly enzyme: string;
  readonly volumeUl: number;
  readonly fmolPerPart: number;
  /** Everything that goes in, the vector included. */
  readonly inputs: readonly PotInput[];
}

export interface AssemblyRequest {
  readonly scope: PlanScope;
  readonly wanted: readonly WantedReaction[];
  /** DNA by part id or unit's construct id; master mixes `golden-gate-mix-<enzyme>`; `water`. */
  readonly stock: readonly StockWell[];
  /** Said in the summary: constructs in stock already. */
  readonly inStock: number;
}

/** Amount of one input that really goes into one reaction. */
export interface ActualAmount {
  readonly constructId: string;
  readonly code: string;
  readonly volumePl: number;
  readonly fmol: number;
}

/** Smallest drop of the acoustic dispenser: volumes are whole multiples of it. */
export const dropPl = 2_500;
/** Average mass of one base pair of double-stranded DNA, g/mol. */
export const gramsPerMolBp = 650;
/** Master mixes are five-fold: buffer, ligase and enzyme in a fifth of the reaction. */
const mixShare = 0.2;
const plateKind = 'pcr-96';

/** Picolitres (whole drops, at least one) of a stock that hold an amount of a plasmid: V = n · 650 · bp / c. */
export function dnaVolumePl(fmol: number, lengthBp: number, concentrationNgPerUl: number): number {
  const nanograms = fmol * gramsPerMolBp * lengthBp * 1e-6;
  return Math.max(dropPl, Math.round((nanograms / concentrationNgPerUl) * (1e6 / dropPl)) * dropPl);
}

/** Femtomoles of a plasmid in a volume of its stock. */
export function dnaFmol(volumePl: number, lengthBp: number, concentrationNgPerUl: number): number {
  return ((volumePl / 1e6) * concentrationNgPerUl * 1e6) / (gramsPerMolBp * lengthBp);
}

/**
 * Golden Gate reactions in seeded well order: equimolar DNA, a fifth of master mix, water to the volume.
 * @throws DomainError `plan-impossible` when DNA is missing or used up, or the DNA alone exceeds the reaction.
 */
export function planAssembly(request: AssemblyRequest): PlanResult {
  const { scope, wanted, inStock } = request;
  refuseMissingDna(wanted, request.stock);
  const wells = wellsByColumn(findLabwareKind(plateKind));
  const order = generatorFor(scope.seed, scope.stepKey, 'order').shuffle(sorted(wanted));
  const batches = chunk(order, wells.length);
  const plates = newLabware(scope, 'assemblyPlate', plateKind, batches.length);
  const shelf = new Shelf(request.stock);
  const amounts: ActualAmount[] = [];
  const worklists = batches.map((batch, i) =>
    dispense(scope, plates[i] as PlannedLabware, batch, wells, shelf, amounts),
  );
  return {
    labware: { assemblyPlate: plates },
    worklists: { reactions: byKey(plates, worklists) },
    values: { reactions: wanted.length, amounts },
    verdicts: { anythingToBuild: wanted.length > 0 ? 'yes' : 'no' },
    summary: `${wanted.length} reactions on ${plates.length} plates; ${inStock} in stock already`,
  };
}

const sorted = (wanted: readonly WantedReaction[]): WantedReaction[] =>
  [...wanted].sort((a, b) => (a.constructId < b.constructId ? -1 : 1));

/** Order of transfers as the Echo does them fastest: water, then DNA by reaction, then master mix. */
function dispense(
  scope: PlanScope,
  plate: PlannedLabware,
  batch: readonly WantedReaction[],
  wells: readonly string[],
  shelf: Shelf,
  amounts: ActualAmount[],
): PlannedWorklist {
  const builder = new WorklistBuilder(plate);
  const pots = batch.map((reaction, index) => ({
    reaction,
    well: wells[index] as string,
    dna: reaction.inputs.map((input) => ({ input, ...takeDna(reaction, input, shelf) })),
    mixPl: wholeDrops(reaction.volumeUl * mixShare),
  }));
  for (const { reaction, well, dna, mixPl } of pots) {
    const waterPl = waterFor(reaction, mixPl + dna.reduce((sum, { volumePl }) => sum + volumePl, 0));
    if (waterPl > 0) builder.add(shelf.take('water', waterPl).well, well, waterPl);
  }
  for (const { reaction, well, dna } of pots) {
    for (const { input, well: source, volumePl } of dna) {
      builder.add(source, well, volumePl);
      const fmol = dnaFmol(volumePl, input.lengthBp, source.concentrationNgPerUl as number);
      amounts.push({ constructId: reaction.constructId, code: input.code, volumePl, fmol });
    }
  }
  for (const { reaction, well, mixPl } of pots) {
    builder.add(shelf.take(`golden-gate-mix-${reaction.enzyme}`, mixPl).well, well, mixPl);
    builder.make({
      labwareId: plate.labwareId,
      well,
      sampleId: scope.ids.sampleId(plate.labwareId, well),
      kind: 'assembly-reaction',
      constructId: reaction.constructId,
    });
  }
  return builder.build();
}

function takeDna(
  reaction: WantedReaction,
  { code, lengthBp }: PotInput,
  shelf: Shelf,
): { well: StockWell; volumePl: number } {
  return shelf.take(code, ({ concentrationNgPerUl }) =>
    concentrationNgPerUl ? dnaVolumePl(reaction.fmolPerPart, lengthBp, concentrationNgPerUl) : Infinity,
  );
}

function waterFor(reaction: WantedReaction, usedPl: number): number {
  const waterPl = wholeDrops(reaction.volumeUl) - usedPl;
  if (waterPl >= 0) return waterPl;
  const message =
    `${reaction.name}: DNA and master mix take ${usedPl / 1e6} µL of a reaction of ${reaction.volumeUl} µL; ` +
    'lower fmolPerPart or raise volumeUl.';
  throw new DomainError('plan-impossible', message, { constructId: reaction.constructId });
}

const wholeDrops = (ul: number): number => Math.round(ulToPl(ul) / dropPl) * dropPl;

/** A missing part is named once, with the reactions that wait for it. */
function refuseMissingDna(wanted: readonly WantedReaction[], stock: readonly StockWell[]): void {
  const held = new Set(stock.map(({ code }) => code));
  for (const { inputs } of wanted) {
    const missing = inputs.find(({ code }) => !held.has(code));
    if (!missing) continue;
    const waiting = wanted.filter((reaction) => reaction.inputs.some(({ code }) => code === missing.code));
    const names = waiting.map(({ name }) => name);
    const message = `No stock of "${missing.code}"; ${names.length} reactions need it: ${names.slice(0, 5).join(', ')}.`;
    throw new DomainError('plan-impossible', message, { code: missing.code, reactions: names });
  }
}
