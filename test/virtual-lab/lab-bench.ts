import { createHash } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Lab } from '../../apps/virtual-lab/lab';
import type { StagedJob } from '../../apps/virtual-lab/motions';
import type { RunView } from '../../apps/virtual-lab/runs';
import { writePicklist } from '../../libs/build/picklist';
import type { JobSpec, Outcome } from '../../libs/device/job';
import { ulToPl } from '../../libs/units/volume';

/** A line of a worklist: from well, to well, µL. */
export type Line = readonly [from: string, to: string, volumeUl: number];

export const hourMs = 3_600_000;
const kinds: Readonly<Record<string, string>> = {
  'STOCK-PARTS-1': 'echo-384',
  'STOCK-CONTROLS-1': 'storage-96',
};
const kindOf = (barcode: string): string =>
  kinds[barcode] ?? (barcode.startsWith('STOCK') ? 'reservoir-12' : (barcode.split('.')[0] as string));

/** A fresh folder. */
export const freshDir = (): string => mkdtempSync(join(tmpdir(), 'anneal-lab-'));

/** An id that looks like the api's, from any text. */
export const idOf = (text: string): string =>
  createHash('sha256')
    .update(text)
    .digest('hex')
    .slice(0, 32)
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');

/** Makes jobs and plays the api's part of the clock. Barcodes are `<kind>.<name>`. */
export class LabBench {
  private attempts = 0;

  private constructor(readonly lab: Lab) {}

  /** A lab in a folder; lab time starts on a fixed day. */
  static async open(dir: string, seed = 1): Promise<LabBench> {
    const bench = new LabBench(await Lab.open(dir, seed));
    bench.lab.moveTime(Date.parse('2026-03-02T08:00:00Z'));
    return bench;
  }

  /** Puts labware on the deck of a device, by hand, mistakes and all. */
  async bring(device: string, ...barcodes: readonly string[]): Promise<void> {
    for (const barcode of barcodes) await this.carry(barcode, `deck-${device}`);
  }

  /** Carries labware to a place, again after a mistake. */
  async carry(barcode: string, toPlace: string): Promise<void> {
    if (this.lab.truth.find(barcode)?.place === toPlace) return;
    const stepKey = `carry/${barcode}/${toPlace}/${this.lab.now}`;
    const spec = { capability: 'move-labware', operation: 'store', effects: [{ role: 'plate', toPlace }] } as const;
    for (let tries = 0; tries < 6; tries++) {
      const outcome = await this.run(
        'bench-1',
        this.job(stepKey, { ...spec, labware: [this.labware('plate', barcode)] }),
      );
      if (outcome.result === 'succeeded') return;
    }
    throw new Error(`${barcode} never arrived at ${toPlace}`);
  }

  /** Moves liquid (or picks, or purifies) by a worklist after bringing what it needs. */
  async transfer(
    stepKey: string,
    from: string,
    to: string,
    lines: readonly Line[],
    how = 'transfer',
  ): Promise<Outcome> {
    const device = how === 'pick-colonies' ? 'picker-1' : 'lh-1';
    await this.bring(device, from, to);
    return this.run(device, this.transferJob(stepKey, from, to, lines, how));
  }

  /** The job of a transfer. */
  transferJob(stepKey: string, from: string, to: string, lines: readonly Line[], operation = 'transfer'): StagedJob {
    const rows = lines.map(([fromWell, toWell, ul], at) => ({
      ordinal: at + 1,
      source: { barcode: from, kind: kindOf(from), well: fromWell },
      destination: { barcode: to, kind: kindOf(to), well: toWell },
      volumePl: ulToPl(ul),
    }));
    const labware = [this.labware('source', from, 'device'), this.labware('destination', to, 'device')];
    const capability = operation === 'transfer' ? 'transfer-liquid' : operation === 'purify' ? 'purify-dna' : 'pick-colonies'; // prettier-ignore
    return { ...this.job(stepKey, { operation, capability, labware }), worklistCsv: writePicklist(rows) };
  }

  /** Runs an operation on one plate after bringing it. */
  async operate(
    device: string,
    stepKey: string,
    operation: string,
    barcode: string,
    parameters: Readonly<Record<string, unknown>> = {},
  ): Promise<Outcome> {
    await this.bring(device, barcode);
    return this.run(device, this.job(stepKey, { operation, parameters, labware: [this.labware('plate', barcode, 'device')] })); // prettier-ignore
  }

  /** A job of its own dispatch. */
  job(stepKey: string, spec: Partial<JobSpec>): StagedJob {
    const dispatchId = idOf(`${stepKey}#${++this.attempts}`);
    const filled = {
      version: 1 as const,
      operation: 'transfer',
      capability: 'transfer-liquid' as const,
      parameters: {},
      labware: [],
      durationMs: 60_000,
      attended: false,
      effects: [],
      summary: stepKey,
      ...spec,
    };
    return { dispatchId, jobId: idOf(stepKey), stepKey, spec: filled };
  }

  labware(role: string, barcode: string, at: 'device' | 'anywhere' = 'anywhere'): JobSpec['labware'][number] {
    return { role, labwareId: idOf(barcode), barcode, kind: kindOf(barcode), at };
  }

  /** Stages and starts; the run is under way. */
  async begin(device: string, job: StagedJob): Promise<number> {
    const { durationMs } = this.lab.stage(device, job);
    const until = this.lab.now + durationMs;
    await this.lab.start(device, job.dispatchId, this.lab.now, until);
    return until;
  }

  /** Stages, starts, lets the time pass and waits for the end. */
  async run(device: string, job: StagedJob): Promise<Outcome> {
    this.lab.moveTime(await this.begin(device, job));
    return this.end(device, job.dispatchId);
  }

  /** Waits for the end of a run. */
  async end(device: string, dispatchId: string): Promise<Outcome> {
    const view: RunView = await this.lab.observe(device, dispatchId, 10_000);
    if (!view.outcome) throw new Error(`${dispatchId} did not end: ${view.state}`);
    return view.outcome;
  }

  /** Lets lab time pass. */
  wait(ms: number): void {
    this.lab.moveTime(this.lab.now + ms);
  }

  /** A culture, colony or plate at 37 °C for so long. */
  async incubate(barcode: string, ms: number): Promise<void> {
    await this.carry(barcode, 'incubator-37');
    this.wait(ms);
    await this.carry(barcode, 'hotel');
  }
}
