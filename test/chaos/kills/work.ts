import type { QueuedJob } from '../../../db/device-work/enqueue';
import { enqueueBlock } from '../../../db/device-work/enqueue';
import { putFile } from '../../../db/device-work/files';
import { jobId, labwareId, newId } from '../../../db/ids';
import { receiveLabware } from '../../../db/lab/labware';
import { inTransaction } from '../../../db/transaction';
import { picklistMediaType, toPicklistRows, writePicklist } from '../../../libs/build/picklist';
import type { Capability, JobLabware, PlannedTransfer } from '../../../libs/device/job';
import type { KillLab } from './lab';
import type { Schedule } from './schedule';

const kind = 'pcr-96';
const wells = ['A1', 'B1', 'C1', 'D1', 'E1', 'F1', 'G1', 'H1'] as const;
const startVolumeUl = 100;

/** The work of one schedule: six jobs on four plates in two blocks, as a campaign of its own. */
export class Work {
  readonly campaignId = newId();
  /** Whether both blocks are queued. */
  whole = false;

  constructor(
    private readonly lab: KillLab,
    private readonly schedule: Schedule,
  ) {}

  /** Registers campaign and plates. */
  async prepare(): Promise<void> {
    const { tenantId, siteId, actorId } = this.lab.installation;
    const by = { tenantId, site: 'main', actorId };
    await this.lab.insist((pool) =>
      inTransaction(pool, async (client) => {
        await client.query(
          `insert into campaign (id, tenant_id, site_id, slug, status, owner_id) values ($1, $2, $3, $4, 'running', $5)
           on conflict do nothing`,
          [this.campaignId, tenantId, siteId, `kills-${this.campaignId}`, actorId],
        );
        const { rowCount } = await client.query('select 1 from labware where id = $1', [this.plate('s1')]);
        if (rowCount) return;
        for (const name of ['s1', 's2', 'd1', 'd2'])
          await receiveLabware(client, by, {
            barcode: this.barcode(name),
            kind,
            placeCode: 'hotel',
            wells: name.startsWith('s')
              ? wells.map((well) => ({ well, kind: 'reagent', code: this.barcode(name), volumeUl: startVolumeUl }))
              : [],
          });
      }),
    );
  }

  /** Queues the first block (0) or the second (1), as often as it takes. */
  async queue(block: 0 | 1): Promise<void> {
    const jobs = await (block === 0 ? this.firstBlock() : this.secondBlock());
    const { tenantId, siteId } = this.lab.installation;
    const address = { tenantId, siteId, campaignId: this.campaignId, round: 1, stage: 'build', handledEventIds: [] };
    await this.lab.insist((pool) => enqueueBlock(pool, { ...address, blockKey: `b${block}`, jobs }));
    this.whole = block === 1;
  }

  /** Stores the worklist of what an attempt has left to do. */
  async worklist(transfers: readonly PlannedTransfer[]): Promise<{ sha256: string; transfers: PlannedTransfer[] }> {
    const barcodes = new Map(['s1', 's2', 'd1', 'd2'].map((name) => [this.plate(name), this.barcode(name)]));
    const rows = toPicklistRows(transfers, (id) => ({ barcode: barcodes.get(id) ?? id, kind }));
    const content = Buffer.from(writePicklist(rows));
    const { tenantId } = this.lab.installation;
    const file = { tenantId, name: 'worklist.csv', mediaType: picklistMediaType, content };
    const { sha256 } = await this.lab.insist((pool) => inTransaction(pool, (client) => putFile(client, file)));
    return { sha256, transfers: [...transfers] };
  }

  private async firstBlock(): Promise<QueuedJob[]> {
    return [
      await this.dispense(0, 's1', 'd1'),
      await this.dispense(1, 's2', 'd2'),
      this.step(2, 'read-plate', 'read-endpoint', ['d1'], {
        needs: [0],
        durationMs: this.schedule.readMs,
        repeatable: true,
      }),
      this.step(3, 'move-labware', 'store', ['d2'], { needs: [1], durationMs: this.schedule.moveMs }),
    ];
  }

  private async secondBlock(): Promise<QueuedJob[]> {
    return [
      this.step(4, 'read-plate', 'read-kinetic', ['d2'], { needs: [2, 3], durationMs: this.schedule.readMs }),
      await this.dispense(2, 'd1', 'd2', [2, 3]),
    ];
  }

  private async dispense(
    which: 0 | 1 | 2,
    from: string,
    to: string,
    needs: readonly number[] = [],
  ): Promise<QueuedJob> {
    const count = this.schedule.rows[which];
    const transfers = wells.slice(0, count).map((well, index) => ({
      ordinal: index + 1,
      fromLabwareId: this.plate(from),
      fromWell: well,
      toLabwareId: this.plate(to),
      toWell: which === 2 ? well.replace('1', '2') : well,
      // The third draws from what the first filled.
      volumePl: which === 2 ? 1_500_000 : 20_000_000 + index * 1_000_000,
    }));
    const usable = which === 2 ? transfers.slice(0, Math.min(count, this.schedule.rows[0])) : transfers;
    const index = which === 2 ? 5 : which;
    const durationMs = this.schedule.rowMs * (usable.length + 1);
    const job = this.step(index, 'transfer-liquid', 'transfer', [from, to], { needs, durationMs });
    return { ...job, worklist: await this.worklist(usable) };
  }

  private step(
    index: number,
    capability: Capability,
    operation: string,
    plates: readonly string[],
    more: { readonly needs: readonly number[]; readonly durationMs: number; readonly repeatable?: boolean },
  ): QueuedJob {
    const roles = plates.length === 2 ? ['source', 'destination'] : ['plate'];
    return {
      stepKey: stepKey(index),
      needs: more.needs.map(stepKey),
      tellsSuccess: this.schedule.tells[index] ?? true,
      spec: {
        version: 1,
        operation,
        capability,
        parameters: {},
        labware: plates.map((name, at) => this.needs(name, roles[at] as string)),
        durationMs: more.durationMs,
        ...(more.repeatable ? { repeatableWithinMs: 3_600_000 } : {}),
        attended: false,
        effects: operation === 'store' ? [{ role: 'plate', toPlace: 'incubator-37' }] : [],
        products: [],
        summary: `${operation} of ${plates.join(' and ')}`,
      },
    };
  }

  /** Id of the job of a step. */
  job(index: number): string {
    return jobId(this.campaignId, stepKey(index));
  }

  private needs(name: string, role: string): JobLabware {
    return { role, labwareId: this.plate(name), barcode: this.barcode(name), kind, at: 'anywhere' };
  }

  private barcode(name: string): string {
    return `${this.campaignId.slice(-12)}-${name}`;
  }

  private plate(name: string): string {
    return labwareId(this.lab.installation.tenantId, this.barcode(name));
  }
}

const stepKey = (index: number): string => `r1/build/step-${index}`;
