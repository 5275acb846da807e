import { claimJob } from '../../db/device-work/claim';
import type { Claim } from '../../db/device-work/claim';
import { enqueueBlock } from '../../db/device-work/enqueue';
import type { QueuedJob } from '../../db/device-work/enqueue';
import { putFile } from '../../db/device-work/files';
import type { JobState } from '../../db/device-work/job-state';
import { reportOutcome } from '../../db/device-work/settle';
import { startDispatch } from '../../db/device-work/start';
import { jobId, labwareId, newId } from '../../db/ids';
import { enrolDevice } from '../../db/lab/devices';
import { putPlace } from '../../db/lab/places';
import { ensureActor } from '../../db/seed';
import { inTransaction } from '../../db/transaction';
import type { Capability, JobLabware, JobSpec, LeasedJob, Outcome, PlannedTransfer } from '../device/job';
import type { TestDatabase } from './database';

/** A device of a scene, as a caller of the device functions. */
export interface SceneDevice {
  readonly code: string;
  readonly deviceId: string;
  readonly actorId: string;
  readonly token: string;
}

/** A small lab with one campaign, driven by calling what the api calls. */
export class LabScene {
  readonly leaseMs: number = 30_000;
  private constructor(
    readonly db: TestDatabase,
    readonly campaignId: string,
    readonly personId: string,
  ) {}

  /** Places `consumables`, `hotel`, `incubator-37`, a person `ada`, and a running campaign. */
  static async open(db: TestDatabase, slug = 'demo'): Promise<LabScene> {
    const { tenantId, siteId } = db;
    const personId = await ensureActor(db.pool, { tenantId, kind: 'person', name: 'ada', roles: ['ops'] });
    const campaignId = newId();
    await db.pool.query(
      `insert into campaign (id, tenant_id, site_id, slug, status, owner_id) values ($1, $2, $3, $4, 'running', $5)`,
      [campaignId, tenantId, siteId, slug, personId],
    );
    const scene = new LabScene(db, campaignId, personId);
    await scene.place('consumables', 'consumables', 10_000);
    await scene.place('hotel', 'storage', 200);
    await scene.place('incubator-37', 'incubator', 50);
    return scene;
  }

  private get by(): { tenantId: string; site: string; actorId: string } {
    return { tenantId: this.db.tenantId, site: 'main', actorId: this.personId };
  }

  async place(
    code: string,
    kind: 'deck' | 'storage' | 'freezer' | 'consumables' | 'incubator' | 'waste',
    capacity: number,
  ): Promise<void> {
    await putPlace(this.db.pool, this.by, { code, kind, capacity });
  }

  /** Enrols a device with a deck of its own. */
  async device(code: string, capability: Capability, deckCapacity = 4, kind = 'instrument'): Promise<SceneDevice> {
    await this.place(`deck-${code}`, 'deck', deckCapacity);
    const enrolled = await enrolDevice(this.db.pool, this.by, {
      code,
      name: code,
      kind,
      capabilities: [capability],
      placeCode: `deck-${code}`,
      simulated: true,
    });
    return { code, ...enrolled };
  }

  /** Id of a labware by barcode. */
  labware(barcode: string): string {
    return labwareId(this.db.tenantId, barcode);
  }

  /** A labware a job needs. */
  needs(barcode: string, role = 'plate', at: 'device' | 'anywhere' = 'device'): JobLabware {
    return { role, labwareId: this.labware(barcode), barcode, kind: 'pcr-96', at };
  }

  /** Id of the job of a step. */
  job(stepKey: string): string {
    return jobId(this.campaignId, stepKey);
  }

  /** A job, harmless and without labware unless told otherwise. */
  step(
    stepKey: string,
    capability: Capability,
    more: Partial<Omit<QueuedJob, 'spec'>> & { spec?: Partial<JobSpec> } = {},
  ): QueuedJob {
    const { spec, ...rest } = more;
    return {
      stepKey,
      needs: [],
      tellsSuccess: false,
      ...rest,
      spec: {
        version: 1,
        operation: capability,
        capability,
        parameters: {},
        labware: [],
        durationMs: 60_000,
        attended: false,
        effects: [],
        products: [],
        summary: `do ${stepKey}`,
        ...spec,
      },
    };
  }

  /** Transfers with a stored worklist file, from one labware to another, well by well. */
  async worklist(
    from: string,
    to: string,
    wells: readonly string[],
    volumePl = 1_000_000,
  ): Promise<{ sha256: string; transfers: PlannedTransfer[] }> {
    const transfers = wells.map((well, index) => ({
      ordinal: index + 1,
      fromLabwareId: this.labware(from),
      fromWell: well,
      toLabwareId: this.labware(to),
      toWell: well,
      volumePl,
    }));
    const content = Buffer.from(JSON.stringify([from, to, transfers]));
    const { sha256 } = await inTransaction(this.db.pool, (client) =>
      putFile(client, { tenantId: this.db.tenantId, name: 'worklist.csv', mediaType: 'text/csv', content }),
    );
    return { sha256, transfers };
  }

  /** Queues jobs as one block of round 1, stage build. */
  enqueue(jobs: readonly QueuedJob[], handledEventIds: readonly string[] = []): Promise<JobState[]> {
    const { tenantId, siteId, pool } = this.db;
    return enqueueBlock(pool, {
      tenantId,
      siteId,
      campaignId: this.campaignId,
      round: 1,
      stage: 'build',
      blockKey: 'b1',
      handledEventIds,
      jobs,
    });
  }

  claim(device: SceneDevice): Promise<Claim> {
    const { tenantId, pool } = this.db;
    const { leaseMs } = this;
    return claimJob(pool, { tenantId, actorId: device.actorId, anyDevice: false, deviceCode: device.code, leaseMs });
  }

  /** Leases a job. @throws when there is none */
  async lease(device: SceneDevice): Promise<LeasedJob> {
    const claim = await this.claim(device);
    if (!('job' in claim)) throw new Error(`there is no work for ${device.code}`);
    return claim.job;
  }

  /** What every write of a device about a lease carries. */
  write(
    device: SceneDevice,
    job: LeasedJob,
  ): { tenantId: string; actorId: string; anyDevice: boolean; dispatchId: string; token: string } {
    const { tenantId } = this.db;
    return { tenantId, actorId: device.actorId, anyDevice: false, dispatchId: job.dispatchId, token: job.fencingToken };
  }

  /** Leases and starts a job. */
  async start(device: SceneDevice): Promise<LeasedJob> {
    const job = await this.lease(device);
    const { pool } = this.db;
    await startDispatch(pool, {
      ...this.write(device, job),
      leaseMs: this.leaseMs,
      durationLabMs: job.spec.durationMs,
    });
    return job;
  }

  report(device: SceneDevice, job: LeasedJob, outcome: Partial<Outcome> = {}): ReturnType<typeof reportOutcome> {
    const whole: Outcome = { version: 1, result: 'succeeded', files: [], ...outcome };
    return reportOutcome(this.db.pool, { ...this.write(device, job), outcome: whole });
  }

  /** Leases, starts and finishes a job. */
  async run(device: SceneDevice, outcome: Partial<Outcome> = {}): Promise<LeasedJob> {
    const job = await this.start(device);
    await this.report(device, job, outcome);
    return job;
  }

  /** Lets every lease run out, as long silence would. */
  async silence(): Promise<void> {
    await this.db.pool.query(`update dispatch set lease_expires_at = now() - interval '1 second'
      where state in ('leased', 'started')`);
  }

  /** Puts a device to work again that silence took out, whatever it was held for. */
  async reinstate(device: SceneDevice): Promise<void> {
    await this.db.pool.query('select reinstate_device(v, $2, $3, $4) from device v where id = $1', [
      device.deviceId,
      this.personId,
      'looked after',
      '{}',
    ]);
  }

  /** Kinds of the events of a job, in order. */
  async events(stepKey: string): Promise<string[]> {
    const { rows } = await this.db.pool.query<{ kind: string }>(
      'select kind from event where stream = $1 order by seq',
      [`job/${this.job(stepKey)}`],
    );
    return rows.map(({ kind }) => kind);
  }

  /** State of the latest dispatch of each step. */
  async states(...stepKeys: readonly string[]): Promise<string[]> {
    const { rows } = await this.db.pool.query<{ state: string }>('select state from job_states($1::uuid[])', [
      stepKeys.map((key) => this.job(key)),
    ]);
    return rows.map(({ state }) => state);
  }

  /** Messages to the campaign's workflows, oldest first. */
  async messages(): Promise<{ id: string; name: string; payload: Record<string, unknown> }[]> {
    const { rows } = await this.db.pool.query<{ id: string; name: string; payload: Record<string, unknown> }>(
      'select id, name, payload from outbox where campaign_id = $1 order by id',
      [this.campaignId],
    );
    return rows;
  }
}
