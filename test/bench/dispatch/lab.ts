import type { Pool, PoolClient } from 'pg';
import { enqueueBlock } from '../../../db/device-work/enqueue';
import type { QueuedJob } from '../../../db/device-work/enqueue';
import { newId } from '../../../db/ids';
import { enrolDevice } from '../../../db/lab/devices';
import { putPlace } from '../../../db/lab/places';
import { ensureActor, ensureInstallation } from '../../../db/seed';
import type { Installation } from '../../../db/seed';
import type { RobotCredential } from './robot';

const campaigns = 8;
const plates = 4_000;
const enrolledAtOnce = 8;

/** The lab of the bench: robots that may do any job, plates on a shelf, campaigns that share the robots. */
export class BenchLab {
  private readonly campaignIds: string[] = [];
  private readonly plateIds: string[] = [];
  private queued = 0;

  private constructor(
    private readonly pool: Pool,
    private readonly installation: Installation,
    private readonly actorId: string,
  ) {}

  /** Makes places, plates and campaigns in a migrated database. */
  static async open(pool: Pool): Promise<BenchLab> {
    const installation = await ensureInstallation(pool, { clockMode: 'wall' });
    const { tenantId } = installation;
    const actorId = await ensureActor(pool, { tenantId, kind: 'person', name: 'bench', roles: ['ops'] });
    const lab = new BenchLab(pool, installation, actorId);
    await putPlace(pool, lab.by, { code: 'hotel', kind: 'storage', capacity: plates });
    await lab.stock();
    for (let index = 1; index <= campaigns; index++) lab.campaignIds.push(await lab.campaign(`bench-${index}`));
    return lab;
  }

  /** Robots, each its own device with its own credential. */
  async robots(count: number, name: string): Promise<RobotCredential[]> {
    const codes = Array.from({ length: count }, (_, index) => `${name}-${index + 1}`);
    const made: RobotCredential[] = [];
    const enrolSome = async (): Promise<void> => {
      for (let code = codes.pop(); code; code = codes.pop()) {
        const device = { code, name: code, kind: 'robot-arm', capabilities: ['move-labware'], simulated: true };
        const { token } = await enrolDevice(this.pool, this.by, device);
        made.push({ code, token });
      }
    };
    await Promise.all(Array.from({ length: enrolledAtOnce }, enrolSome));
    return made;
  }

  /** Queues one job of one plate for the next campaign in turn, by the product's own function. */
  async queue(client: PoolClient, key: string, priority?: number): Promise<void> {
    const campaignId = this.campaignIds[this.queued % campaigns] as string;
    await this.block(client, campaignId, [this.job(key, priority)]);
  }

  /** Queues many jobs of campaigns of their own, in blocks of `blockJobs`. @returns the campaigns' ids */
  async queueMany(count: number, priority: number): Promise<string[]> {
    const blockJobs = 100;
    const ids = await Promise.all(
      Array.from({ length: campaigns }, (_, index) => this.campaign(`backlog-${index + 1}`)),
    );
    const blocks = Array.from({ length: Math.ceil(count / blockJobs) }, (_, index) => index);
    const queueSome = async (): Promise<void> => {
      for (let block = blocks.pop(); block !== undefined; block = blocks.pop()) {
        const jobs = Array.from({ length: blockJobs }, (_, index) => this.job(`backlog/${block}/${index}`, priority));
        await this.block(this.pool, ids[(block as number) % campaigns] as string, jobs);
      }
    };
    await Promise.all([queueSome(), queueSome(), queueSome()]);
    return ids;
  }

  /** Lets campaigns run, or not. */
  async setStatus(campaignIds: readonly string[], status: 'running' | 'paused'): Promise<void> {
    await this.pool.query('update campaign set status = $2 where id = any ($1::uuid[])', [campaignIds, status]);
  }

  private get by(): { tenantId: string; site: string; actorId: string } {
    return { tenantId: this.installation.tenantId, site: 'main', actorId: this.actorId };
  }

  private async block(client: Pool | PoolClient, campaignId: string, jobs: QueuedJob[]): Promise<void> {
    const { tenantId, siteId } = this.installation;
    const blockKey = jobs[0]?.stepKey ?? '';
    await enqueueBlock(client, {
      ...{ tenantId, siteId, campaignId, round: 1, stage: 'build', blockKey },
      ...{ handledEventIds: [], jobs, actorId: this.actorId },
    });
  }

  private job(stepKey: string, priority?: number): QueuedJob {
    const plate = this.queued++ % plates;
    return {
      stepKey,
      needs: [],
      tellsSuccess: false,
      ...(priority ? { priority } : {}),
      spec: {
        ...{ version: 1, operation: 'store', capability: 'move-labware', parameters: { place: 'hotel' } },
        labware: [
          {
            ...{ role: 'plate', labwareId: this.plateIds[plate] as string, barcode: barcode(plate) },
            ...{ kind: 'read-96', at: 'anywhere' },
          },
        ],
        ...{ durationMs: 1, attended: false, effects: [], products: [], summary: `store ${barcode(plate)}` },
      },
    };
  }

  private async stock(): Promise<void> {
    const { tenantId, siteId } = this.installation;
    for (let index = 0; index < plates; index++) this.plateIds.push(newId());
    await this.pool.query(
      `insert into labware (id, tenant_id, site_id, barcode, kind, place_id)
       select l.id, $1, $2, l.barcode, 'read-96', p.id
       from unnest($3::uuid[], $4::text[]) as l (id, barcode) join place p on p.site_id = $2 and p.code = 'hotel'`,
      [tenantId, siteId, this.plateIds, this.plateIds.map((_, index) => barcode(index))],
    );
  }

  private async campaign(slug: string): Promise<string> {
    const id = newId();
    await this.pool.query(
      `insert into campaign (id, tenant_id, site_id, slug, status, owner_id) values ($1, $2, $3, $4, 'running', $5)`,
      [id, this.installation.tenantId, this.installation.siteId, slug, this.actorId],
    );
    return id;
  }
}

const barcode = (index: number): string => `plate-${index + 1}`;
