import { loadCollection } from '../../libs/dna/collections/collection';
import type { Seal } from '../../libs/device/job';
import { findLabwareKind } from '../../libs/labware/kinds';
import { tipKey } from '../../libs/labware/tips';
import { wellCount } from '../../libs/labware/wells';
import { ulToPl } from '../../libs/units/volume';
import { findPlace } from './devices';
import { fillWell, stockCollection, stockLabware } from './inventory';
import type { LogLine, Motion, PlateCycled, PlateRead, RunStarted, TransferMade, WellAt } from './motions';
import { heatShock, pickColony, plate, visibleColonies } from './physics/colonies';
import { growth } from './physics/constants';
import type { MotionKey } from './physics/draws';
import { Phenotypes } from './physics/expression';
import { cycleGoldenGate } from './physics/golden-gate';
import type { Culture } from './physics/growth';
import { densityAfter, keepWarm, scaleTo } from './physics/growth';
import { Plasmids } from './physics/plasmids';
import { purify } from './physics/preparation';
import type { Portion, Well } from './physics/well';
import { draw, emptyWell, pour } from './physics/well';

/** A labware as it physically is. */
export interface LabLabware {
  readonly barcode: string;
  readonly kind: string;
  place: string;
  seal: Seal;
  /** Lab time it came to a place at 37 °C; undefined elsewhere. */
  warmSince?: number;
  /** Boxes of tips: how many are left. */
  tips?: number;
  readonly wells: Map<string, Well>;
}

/** Disposable tips of one run. */
export interface RunTips {
  /** Number of the tip by source and class of stroke. */
  readonly numbers: Map<string, number>;
  /** How many were taken from each box. */
  readonly taken: Map<string, number>;
}

/**
 * Physical truth: every labware, where it is and what its wells hold. It changes by log lines alone, each chance keyed by what
 * moved, so that the same lines give the same world.
 */
export class World {
  readonly plasmids = new Plasmids(loadCollection(stockCollection.id, stockCollection.version));
  readonly phenotypes = new Phenotypes(this.plasmids);
  private readonly labware = new Map<string, LabLabware>();
  private readonly counts = new Map<string, number>();
  private readonly tipsOfRuns = new Map<string, RunTips>();

  constructor(readonly seed: number) {
    for (const { barcode, kind, placeCode, seal, wells } of stockLabware()) {
      const filled = wells.map((stock): [string, Well] => [stock.well, fillWell(stock, this.plasmids)]);
      const tips = findLabwareKind(kind).tipUl === undefined ? {} : { tips: wellCount(findLabwareKind(kind)) };
      this.labware.set(barcode, { barcode, kind, place: placeCode, seal, ...tips, wells: new Map(filled) });
    }
  }

  /** Labware of a barcode, if it was ever seen. */
  find(barcode: string): LabLabware | undefined {
    return this.labware.get(barcode);
  }

  /** Content of a well; an unused one is empty. */
  well({ barcode, well }: WellAt): Well {
    return this.labware.get(barcode)?.wells.get(well) ?? emptyWell();
  }

  /** The box at a place that the next tip of a kind comes from: begun ones first. */
  rackAt(place: string, kind: string): LabLabware | undefined {
    return [...this.labware.values()]
      .filter((one) => one.kind === kind && one.place === place && (one.tips ?? 0) > 0)
      .sort((a, b) => (a.tips ?? 0) - (b.tips ?? 0) || (a.barcode < b.barcode ? -1 : 1))[0];
  }

  /** Tips a run has on or has used. */
  tipsOf(dispatchId: string): RunTips {
    const known = this.tipsOfRuns.get(dispatchId) ?? { numbers: new Map(), taken: new Map() };
    this.tipsOfRuns.set(dispatchId, known);
    return known;
  }

  /** How often a motion happened so far; its next happening has this number plus one. */
  timesDone(kind: string, stepKey: string, barcode: string, well = ''): number {
    return this.counts.get(countKey(kind, stepKey, barcode, well)) ?? 0;
  }

  /** The culture of a well, for growth and reading. */
  culture(labware: LabLabware, wellName: string): Culture {
    const well = labware.wells.get(wellName) ?? emptyWell();
    return { barcode: labware.barcode, wellName, kind: labware.kind, well };
  }

  /** Why a transfer cannot be made, or undefined when it can. */
  obstacle(how: TransferMade['how'], from: WellAt, to: WellAt, volumePl: number): string | undefined {
    const source = this.well(from);
    if (how === 'pick') return visibleColonies(source) > 0 ? undefined : 'no-colony';
    if (source.volumePl < volumePl) return 'source-empty';
    const kind = findLabwareKind(this.labware.get(to.barcode)?.kind ?? '');
    return this.well(to).volumePl + volumePl > ulToPl(kind.maxUl) ? 'well-overfull' : undefined;
  }

  /** Lets one line of the log happen. */
  apply(line: LogLine): void {
    switch (line.t) {
      case 'start':
        return this.bringLabware(line);
      case 'transfer':
      case 'seal':
      case 'cycle':
      case 'move':
      case 'try':
      case 'read':
      case 'sequence':
        return this.applyMotion(line);
      default:
        return;
    }
  }

  /** Plain copy of everything, for comparing worlds. */
  snapshot(): unknown {
    const labware = [...this.labware.values()].sort((a, b) => (a.barcode < b.barcode ? -1 : 1));
    return labware.map(({ wells, ...rest }) => ({ ...rest, wells: Object.fromEntries([...wells].sort()) }));
  }

  private applyMotion(motion: Motion): void {
    switch (motion.t) {
      case 'transfer':
        return this.transfer(motion);
      case 'seal':
        this.known(motion.barcode).seal = motion.seal;
        return;
      case 'cycle':
        return this.cycle(motion);
      case 'move':
        return this.move(motion.barcode, motion.to, motion.labTime);
      case 'read':
        return this.read(motion);
      case 'try':
      case 'sequence':
        return this.count(motion.t, motion.stepKey, motion.barcode);
    }
  }

  /** New labware starts among the consumables. */
  private bringLabware({ job }: RunStarted): void {
    for (const { barcode, kind } of job.spec.labware) {
      if (this.labware.has(barcode)) continue;
      this.labware.set(barcode, { barcode, kind, place: 'consumables', seal: 'none', wells: new Map() });
    }
  }

  private transfer({ how, stepKey, from, to, volumePl, count, dispatchId, tip, rack }: TransferMade): void {
    if (rack !== undefined) this.takeTip(dispatchId, rack, tipKey(`${from.barcode}/${from.well}`, volumePl), tip);
    const source = this.well(from);
    const labware = this.known(to.barcode);
    const destination = labware.wells.get(to.well) ?? emptyWell();
    labware.wells.set(to.well, destination);
    const key: MotionKey = { ...to, stepKey, count };
    const portion = this.take(how, source, volumePl, key);
    if (holdsCells(portion) && !hasCulture(destination)) {
      destination.origin = { stepKey, count };
      destination.warmMs = 0;
    }
    if (labware.kind.startsWith('agar')) plate(destination, portion, this.plasmids, this.seed, key);
    else pour(destination, portion);
    this.count('transfer', stepKey, to.barcode, to.well);
  }

  private takeTip(dispatchId: string, barcode: string, key: string, tip: number): void {
    const rack = this.known(barcode);
    rack.tips = (rack.tips ?? 0) - 1;
    const { numbers, taken } = this.tipsOf(dispatchId);
    numbers.set(key, tip);
    taken.set(barcode, (taken.get(barcode) ?? 0) + 1);
  }

  private take(how: TransferMade['how'], source: Well, volumePl: number, key: MotionKey): Portion {
    if (how === 'purify') return purify(source, volumePl, this.seed, key);
    if (how === 'transfer') return draw(source, volumePl);
    const cells = pickColony(source, this.seed, key)?.cells ?? {};
    return { ...draw(source, volumePl), cells };
  }

  private cycle({ stepKey, barcode, program, count }: PlateCycled): void {
    const labware = this.known(barcode);
    for (const [name, well] of labware.wells) {
      const key: MotionKey = { barcode, well: name, stepKey, count };
      if (program === 'golden-gate') cycleGoldenGate(well, this.plasmids, this.seed, key, labware.seal === 'foil');
      if (program === 'heat-shock') heatShock(well, this.seed, key);
    }
    this.count('cycle', stepKey, barcode);
  }

  private move(barcode: string, to: string, labTime: number): void {
    const labware = this.known(barcode);
    if (labware.warmSince !== undefined) {
      const elapsedMs = labTime - labware.warmSince;
      for (const name of labware.wells.keys()) {
        keepWarm(this.culture(labware, name), elapsedMs, this.phenotypes, this.seed);
      }
      delete labware.warmSince;
    }
    labware.place = to;
    if ((findPlace(to)?.temperatureC ?? 0) >= growth.warmC) labware.warmSince = labTime;
  }

  /** A kinetic run keeps the plate warm: the cultures are further afterwards. */
  private read({ stepKey, barcode, timesMs }: PlateRead): void {
    const labware = this.known(barcode);
    const elapsedMs = timesMs[timesMs.length - 1] ?? 0;
    for (const [name, well] of labware.wells) {
      if (elapsedMs === 0) break;
      scaleTo(well, densityAfter(this.culture(labware, name), elapsedMs, this.phenotypes, this.seed));
      well.warmMs += elapsedMs;
    }
    this.count('read', stepKey, barcode);
  }

  private known(barcode: string): LabLabware {
    const labware = this.labware.get(barcode);
    if (!labware) throw new Error(`the log names the labware ${barcode}, which no run brought`);
    return labware;
  }

  private count(kind: string, stepKey: string, barcode: string, well = ''): void {
    const key = countKey(kind, stepKey, barcode, well);
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
  }
}

const countKey = (...parts: readonly string[]): string => parts.join('\u001f');
const holdsCells = ({ cells }: Portion): boolean => Object.keys(cells).length > 0;
const hasCulture = ({ cells, colonies }: Well): boolean => Object.keys(cells).length > 0 || colonies !== undefined;
