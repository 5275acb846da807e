import { claimJob } from '../../db/device-work/claim';
import { putFile } from '../../db/device-work/files';
import { reportOutcome } from '../../db/device-work/settle';
import { startDispatch } from '../../db/device-work/start';
import { enrolDevice } from '../../db/lab/devices';
import { receiveLabware } from '../../db/lab/labware';
import { putPlace } from '../../db/lab/places';
import { inTransaction } from '../../db/transaction';
import { writeMarsCsv } from '../../libs/assay/mars-writer';
import type { PicklistRow } from '../../libs/build/picklist';
import { readPicklist } from '../../libs/build/picklist';
import type { LeasedJob, Outcome } from '../../libs/device/job';
import { capabilities, compressOrdinals } from '../../libs/device/job';
import { loadCollection } from '../../libs/dna/collections/collection';
import { findLabwareKind } from '../../libs/labware/kinds';
import { wellsByRow } from '../../libs/labware/wells';
import type { TestDatabase } from '../../libs/testing/database';

/** What a test decides about nature. */
export interface Nature {
  /** Colonies on the region of a construct, by how often it was plated before. */
  colonies(construct: string, plated: number): number;
  /** The sequence a clone really has. */
  sequence(designed: string, clone: number): string;
  /** Fluorescence over OD of a construct or control code; `read` counts how often assay plates were read before. */
  brightness(name: string, read: number): number;
  /** What goes wrong with a job instead of what it was asked. */
  mishap?(job: LeasedJob): Partial<Outcome> | undefined;
}

/** One device for everything, driven at once: every queued job is done in the order it was queued, lab time jumps over holds. */
export class SmallLab {
  private readonly plated = new Map<string, number>();
  private assaysRead = 0;
  /** Summary of every job that was done, in order. */
  readonly done: string[] = [];

  private constructor(
    private readonly db: TestDatabase,
    private readonly actorId: string,
    private readonly nature: Nature,
  ) {}

  static async open(db: TestDatabase, personId: string, nature: Nature): Promise<SmallLab> {
    const by = { tenantId: db.tenantId, site: 'main', actorId: personId };
    for (const [code, kind] of [['consumables', 'consumables'], ['hotel', 'storage'], ['incubator-37', 'incubator'], ['freezer-80', 'freezer'], ['fridge-4', 'storage'], ['deck-all', 'deck']] as const) await putPlace(db.pool, by, { code, kind, capacity: 1_000 }); // prettier-ignore
    const device = await enrolDevice(db.pool, by, {
      code: 'all',
      name: 'all',
      kind: 'instrument',
      capabilities: [...capabilities],
      placeCode: 'deck-all',
      simulated: true,
    });
    const lab = new SmallLab(db, device.actorId, nature);
    await lab.receiveStock(by);
    return lab;
  }

  private async receiveStock(by: { tenantId: string; site: string; actorId: string }): Promise<void> {
    const { parts } = loadCollection('cidar-moclo', '1');
    const wells = wellsByRow(findLabwareKind('echo-384'));
    const stock = [
      { barcode: 'PARTS', kind: 'echo-384', contentRole: 'parts', wells: [...parts, ...parts].map(({ id }, i) => ({ well: wells[i] as string, kind: 'part' as const, code: id, volumeUl: 60, concentrationNgPerUl: 50 })) }, // prettier-ignore
      { barcode: 'REAGENTS', kind: 'reservoir-12', contentRole: 'reagents', wells: troughs('golden-gate-mix-BsaI', 'golden-gate-mix-BbsI', 'water', 'competent-cells', 'medium', 'glycerol-50', 'assay-medium') }, // prettier-ignore
      { barcode: 'CONTROLS', kind: 'storage-96', contentRole: 'controls', wells: ['empty-vector', 'reference-two-colour'].map((code, i) => ({ well: `A${i + 1}`, kind: 'glycerol-stock' as const, code, volumeUl: 150 })) }, // prettier-ignore
    ];
    for (const labware of stock) {
      await inTransaction(this.db.pool, (client) => receiveLabware(client, by, { ...labware, placeCode: 'hotel' }));
    }
  }

  /** Does everything that is queued, and what that releases. */
  async work(): Promise<void> {
    for (;;) {
      const { rows } = await this.db.pool.query<{ id: string; at: Date | null }>(
        `select job_id as id, greatest(j.earliest_start_at, (select max(w.ready_at) from job_labware l join labware w on w.id = l.labware_id where l.job_id = j.id)) as at
         from dispatch d join job j on j.id = d.job_id where d.state = 'queued' order by at nulls first, d.queued_at limit 1`,
      );
      const [next] = rows;
      if (!next) return;
      await this.prepare(next.id, next.at);
      await this.doNext();
    }
  }

  private async prepare(job: string, at: Date | null): Promise<void> {
    await this.db.pool.query('update lab_clock set now_at = greatest(now_at, $1), revision = revision + 1', [at]);
    await this.db.pool.query(
      `update labware set place_id = (select id from place where code = 'deck-all') where id in (select labware_id from job_labware where job_id = $1)`,
      [job],
    );
    await this.db.pool.query(`update job set routed_device_id = (select id from device where code = 'all') where id = $1`, [job]); // prettier-ignore
  }

  private async doNext(): Promise<void> {
    const caller = { tenantId: this.db.tenantId, actorId: this.actorId, anyDevice: false };
    const claim = await claimJob(this.db.pool, { ...caller, deviceCode: 'all', leaseMs: 60_000 });
    if (!('job' in claim)) throw new Error('a queued job cannot be leased');
    const { job } = claim;
    const write = { ...caller, dispatchId: job.dispatchId, token: job.fencingToken };
    await startDispatch(this.db.pool, { ...write, leaseMs: 60_000, durationLabMs: job.spec.durationMs });
    await this.db.pool.query(`update lab_clock set now_at = now_at + $1 * interval '1 millisecond'`, [job.spec.durationMs]); // prettier-ignore
    const outcome = this.nature.mishap?.(job) ?? (await this.perform(job));
    await reportOutcome(this.db.pool, {
      ...write,
      outcome: { version: 1, result: 'succeeded', files: [], ...outcome },
    });
    this.done.push(job.spec.summary);
  }

  private async perform(job: LeasedJob): Promise<Partial<Outcome>> {
    switch (job.spec.operation) {
      case 'pick-colonies':
        return this.pick(await this.rowsOf(job));
      case 'read-plate':
        return { files: [await this.file(job, 'read.csv', await this.read(job))] };
      case 'sequence':
        return { files: [await this.file(job, 'consensus.fasta', Buffer.from(await this.fasta(job)))] };
      default:
        return { facts: { scanned: job.spec.labware.map(({ barcode }) => barcode) } };
    }
  }

  private async rowsOf(job: LeasedJob): Promise<PicklistRow[]> {
    const { rows } = await this.db.pool.query<{ content: Buffer }>('select content from file_chunk where sha256 = decode($1, $2)', [job.worklist?.sha256, 'hex']); // prettier-ignore
    return readPicklist((rows[0]?.content ?? Buffer.alloc(0)).toString('utf8'));
  }

  /** Picks that find no colony are left out. */
  private async pick(rows: readonly PicklistRow[]): Promise<Partial<Outcome>> {
    const names = await this.contentNames(rows.map(({ source }) => source.barcode));
    const left = new Map<string, number>();
    const done = rows.filter(({ source }) => {
      const place = `${source.barcode}/${source.well}`;
      if (!left.has(place)) {
        const name = names.get(place) ?? '';
        const before = this.plated.get(name) ?? 0;
        this.plated.set(name, before + 1);
        left.set(place, this.nature.colonies(name, before));
      }
      left.set(place, (left.get(place) as number) - 1);
      return (left.get(place) as number) >= 0;
    });
    return { transfers: { done: compressOrdinals(done.map(({ ordinal }) => ordinal)), uncertain: [] } };
  }

  private async read(job: LeasedJob): Promise<Buffer> {
    const [plate] = job.spec.labware;
    const barcode = plate?.barcode ?? '';
    const names = await this.contentNames([barcode]);
    const { rows } = await this.db.pool.query<{ well: string }>('select distinct to_well as well from ledger where to_labware_id = $1', [plate?.labwareId]); // prettier-ignore
    const reads = job.spec.parameters['reads'] as { mode: 'absorbance' | 'fluorescence'; wavelengthNm: number; emissionNm?: number }[]; // prettier-ignore
    const isAssay = reads.length > 1;
    const cellsOd = isAssay ? 0.4 : 0.2;
    const before = isAssay ? this.assaysRead++ : 0;
    const value = (well: string, mode: string): number => {
      const name = names.get(`${barcode}/${well}`);
      const od = name === undefined || name === 'blank' ? 0 : cellsOd;
      return mode === 'absorbance' ? 0.09 + od : 100 + od * this.nature.brightness(name ?? '', before);
    };
    return Buffer.from(
      writeMarsCsv({
        plateBarcode: barcode,
        wellCount: 96,
        testName: 'TEST',
        testRunNumber: 1,
        measuredAt: '2026-01-05T08:00:00',
        reads: reads.map(({ mode, wavelengthNm, emissionNm }) => ({
          mode,
          wavelengthNm,
          ...(emissionNm === undefined ? {} : { emissionNm }),
          values: Object.fromEntries(rows.map(({ well }) => [well, [value(well, mode)]])),
        })),
      }),
    );
  }

  private async fasta(job: LeasedJob): Promise<string> {
    const [plate] = job.spec.labware;
    const wells = job.spec.parameters['wells'] as string[];
    const { rows } = await this.db.pool.query<{ well: string; sequence: string; code: string }>(
      `select s.well, c.sequence, s.code from sample s join construct c on c.id = s.construct_id
       where s.labware_id = $1 and s.well = any($2)`,
      [plate?.labwareId, wells],
    );
    return rows
      .map(
        ({ well, sequence, code }) =>
          `>${plate?.barcode}|${well}|60\n${this.nature.sequence(sequence, Number(code.split(/[/-]/).at(-1)))}\n`,
      ) // prettier-ignore
      .join('');
  }

  private async file(job: LeasedJob, name: string, content: Buffer): Promise<Outcome['files'][number]> {
    const file = { tenantId: this.db.tenantId, name: `${job.spec.labware[0]?.barcode}-${name}`, mediaType: 'text/plain', content }; // prettier-ignore
    return inTransaction(this.db.pool, (client) => putFile(client, file));
  }

  /** Name of the construct, else the code, of the sample in each well (`barcode/well`). */
  private async contentNames(barcodes: readonly string[]): Promise<Map<string, string>> {
    const { rows } = await this.db.pool.query<{ place: string; name: string }>(
      `select w.barcode || '/' || s.well as place, coalesce(c.name, s.code) as name
       from sample s join labware w on w.id = s.labware_id left join construct c on c.id = s.construct_id
       where w.barcode = any($1)`,
      [barcodes],
    );
    return new Map(rows.map(({ place, name }) => [place, name]));
  }
}

const troughs = (...codes: string[]): { well: string; kind: 'reagent'; code: string; volumeUl: number }[] =>
  codes.map((code, index) => ({ well: `A${index + 1}`, kind: 'reagent', code, volumeUl: 300_000 }));
