import type { QueuedJob } from '../../../db/device-work/enqueue';
import { sampleId } from '../../../db/ids';
import type { JobLabware, PlannedTransfer } from '../../../libs/device/job';
import type { Generator } from '../../../libs/random/generator';

/** A job of a scenario, before its worklist is stored. */
export interface ScenarioJob {
  readonly job: Omit<QueuedJob, 'worklist' | 'tellsSuccess'>;
  readonly transfers: readonly PlannedTransfer[];
}

/** What one schedule is about. */
export interface Scenario {
  readonly devices: readonly string[];
  readonly sources: readonly Filled[];
  readonly blocks: readonly (readonly ScenarioJob[])[];
  /** The second block is queued while the first runs, with its transaction held open a while. */
  readonly heldOpen: boolean;
  /** The second block waits for the message that the first has ended. */
  readonly waitsForFirst: boolean;
}

/** Labware that stands on a deck, filled. */
export interface Filled {
  readonly barcode: string;
  readonly deck: string;
  readonly wells: readonly string[];
}

/** Names the labware of a tenant. */
export type LabwareIds = (barcode: string) => string;

const wells = ['A1', 'B1', 'C1', 'D1', 'E1', 'F1', 'G1', 'H1'];
/** Which devices there are. With two handlers, or plates that stand elsewhere, something has to carry. */
const deviceSets: readonly (readonly string[])[] = [
  ['lh-1'],
  ['lh-1'],
  ['lh-1', 'reader-1'],
  ['lh-1', 'reader-1'],
  ['lh-1', 'reader-1'],
  ['reader-1'],
  ['lh-1', 'reader-1', 'arm-1'],
  ['lh-1', 'lh-2', 'arm-1'],
  ['lh-1', 'lh-2', 'reader-1', 'arm-1'],
];
const sourceWells = wells.slice(0, 3);

/** Draws devices, jobs, what they need of each other, and how they are queued. */
export class ScenarioMaker {
  private carried = false;
  private readonly decks = new Map<string, Set<string>>();

  constructor(
    private readonly key: string,
    private readonly tenantId: string,
    private readonly idOf: LabwareIds,
    private readonly random: Generator,
  ) {}

  make(): Scenario {
    const devices = deviceSets[this.random.below(deviceSets.length)] as readonly string[];
    const count = 2 + this.random.below(4);
    const jobs: ScenarioJob[] = [];
    for (let index = 0; index < count; index++) jobs.push(this.job(index, devices, jobs));
    const cut = Math.max(1, Math.min(count - 1, 1 + this.random.below(count)));
    return {
      devices,
      sources: [...this.decks].flatMap(([deck, barcodes]) => [...barcodes].map((barcode) => ({ barcode, deck, wells: barcode.includes('-S') ? sourceWells : [] }))), // prettier-ignore
      blocks: [jobs.slice(0, cut), jobs.slice(cut)],
      heldOpen: this.random.uniform() < 0.4,
      waitsForFirst: this.random.uniform() < 0.3,
    };
  }

  private job(index: number, devices: readonly string[], before: readonly ScenarioJob[]): ScenarioJob {
    const able = devices.filter((code) => !code.startsWith('arm'));
    const device = able[this.random.below(able.length)] as string;
    this.carried = devices.length > able.length;
    const stepKey = `r1/build/step${index}`;
    const needs = this.needs(before);
    return device.startsWith('lh') ? this.transfer(stepKey, device, needs, index) : this.read(stepKey, needs, index);
  }

  /** A chain, a fork or a diamond: up to two of the jobs before. */
  private needs(before: readonly ScenarioJob[]): string[] {
    const latest = before.slice(-3).map(({ job }) => job.stepKey);
    const count = Math.min(latest.length, [0, 1, 1, 2][this.random.below(4)] as number);
    return this.random.shuffle(latest).slice(0, count);
  }

  private transfer(stepKey: string, device: string, needs: readonly string[], index: number): ScenarioJob {
    const source = this.place(`${this.key}-S-${device}`, device);
    const plate = this.place(`${this.key}-P${this.random.uniform() < 0.5 ? device : index}`, device);
    const count = 1 + this.random.below(4);
    const transfers = Array.from({ length: count }, (_, at) => ({
      ordinal: at + 1,
      fromLabwareId: source.labwareId,
      fromWell: sourceWells[this.random.below(3)] as string,
      toLabwareId: plate.labwareId,
      // Now and then two into one well: doubt about one spoils the other.
      toWell: wells[this.random.uniform() < 0.2 ? 0 : at] as string,
      volumePl: 1_000_000 * (1 + this.random.below(4)),
    }));
    const filled = new Set(transfers.map(({ toWell }) => toWell));
    const products = [...filled].map((well) => ({
      labwareId: plate.labwareId,
      well,
      sampleId: sampleId(this.tenantId, plate.labwareId, well, index + 1),
      kind: 'assembly-reaction' as const,
    }));
    const labware = [
      { ...source, role: 'source' },
      { ...plate, role: 'destination' },
    ];
    return { job: { stepKey, needs, spec: { ...this.spec(stepKey, labware), operation: 'transfer', capability: 'transfer-liquid', products } }, transfers }; // prettier-ignore
  }

  private read(stepKey: string, needs: readonly string[], index: number): ScenarioJob {
    const plate = this.place(`${this.key}-R${index % 2}`, 'reader-1');
    // An end point may be read again, a growth curve may not.
    const again = this.random.uniform() < 0.5 ? { repeatableWithinMs: 1_000_000_000 } : {};
    const spec = {
      ...this.spec(stepKey, [{ ...plate, role: 'plate' }]),
      operation: 'read',
      capability: 'read-plate' as const,
      ...again,
    };
    return { job: { stepKey, needs, spec }, transfers: [] };
  }

  private spec(stepKey: string, labware: JobLabware[]): Omit<QueuedJob['spec'], 'operation' | 'capability'> {
    // No two alike: equal shares would be told apart by the real millisecond at which a job was queued.
    const durationMs = 300_000 + this.random.below(100_000);
    return { version: 1, parameters: {}, labware, durationMs, attended: false, effects: [], products: [], summary: `do ${stepKey}` }; // prettier-ignore
  }

  private place(barcode: string, device: string): Omit<JobLabware, 'role'> {
    const known = [...this.decks].find(([, barcodes]) => barcodes.has(barcode))?.[0];
    const deck = known ?? (this.carried && this.random.uniform() < 0.3 ? 'hotel' : `deck-${device}`);
    this.decks.set(deck, (this.decks.get(deck) ?? new Set()).add(barcode));
    return { labwareId: this.idOf(barcode), barcode, kind: 'pcr-96', at: 'device' };
  }
}
