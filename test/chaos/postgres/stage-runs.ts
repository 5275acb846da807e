import type { Client } from '@temporalio/client';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import type { Pool, PoolClient } from 'pg';
import { newId } from '../../../db/ids';
import { receiveLabware } from '../../../db/lab/labware';
import type { Installation } from '../../../db/seed';
import { inTransaction } from '../../../db/transaction';
import type { Protocol } from '../../../libs/protocol/protocol';
import { campaignWorkflowId, stageWorkflowId } from '../../../workflows/campaign/campaign.messages';
import type { StageInput, StageOutcome } from '../../../workflows/stage.messages';
import { insist } from '../kills/patience';

/** A stage workflow that ran to its end. */
export interface StageRun {
  readonly slug: string;
  readonly campaignId: string;
  readonly workflowId: string;
  readonly outcome: StageOutcome<unknown>;
  readonly ms: number;
}

/** Starts Build stages of small campaigns, one device job each, and waits for each. */
export class StageRuns {
  constructor(
    private readonly pool: Pool,
    private readonly client: Client,
    private readonly installation: Installation & { readonly actorId: string },
    private readonly taskQueue: string,
  ) {}

  /** Runs the Build stage of one campaign from nothing to its end. */
  async run(slug: string): Promise<StageRun> {
    const began = performance.now();
    const input = await this.campaign(slug);
    const campaign = campaignWorkflowId(input.tenant, slug);
    // The campaign's own workflow stands on a queue nobody serves: without one the reconciler would start the campaign again.
    await startOnce(() =>
      this.client.workflow.start('campaign', { workflowId: campaign, taskQueue: 'nobody', args: [] }),
    );
    const workflowId = stageWorkflowId(input.tenant, slug, 1, 'build');
    const { taskQueue } = this;
    await startOnce(() => this.client.workflow.start('buildStage', { workflowId, taskQueue, args: [input] }));
    const outcome = (await this.client.workflow.getHandle(workflowId).result()) as StageOutcome<unknown>;
    await this.close(input.campaignId, slug);
    await this.client.workflow.getHandle(campaign).terminate('the stage is over');
    return { slug, campaignId: input.campaignId, workflowId, outcome, ms: performance.now() - began };
  }

  private async campaign(slug: string): Promise<StageInput> {
    const { tenantId, siteId } = this.installation;
    const campaignId = newId();
    await insist(this.pool, (pool) => inTransaction(pool, (client) => this.insert(client, campaignId, slug)));
    const names = { tenant: 'default', site: 'main', slug, owner: 'chaos', title: slug };
    return { tenantId, siteId, campaignId, ...names, round: 1, kind: 'explore', paused: false, unhandled: [] };
  }

  private async insert(client: PoolClient, campaignId: string, slug: string): Promise<void> {
    const { tenantId, siteId, actorId } = this.installation;
    const { rowCount } = await client.query(
      `insert into campaign (id, tenant_id, site_id, slug, status, owner_id) values ($1, $2, $3, $4, 'running', $5)
       on conflict do nothing`,
      [campaignId, tenantId, siteId, slug, actorId],
    );
    // A commit whose answer was lost.
    if (!rowCount) return;
    const pin = { id: `put-away-${slug}`, version: '1' };
    await client.query(
      `insert into protocol (tenant_id, id, version, stage, sha256, source_text, document, actor_id)
       values ($1, $2, $3, 'build', '', '', $4, $5)`,
      [tenantId, pin.id, pin.version, JSON.stringify(putAway(pin, slug)), actorId],
    );
    const document = { title: slug, build: { protocol: pin, proceedIfBuiltFraction: 0 }, budget: {} };
    await client.query(
      `insert into campaign_revision (campaign_id, revision, tenant_id, source_text, sha256, document, actor_id)
       values ($1, 1, $2, '', '', $3, $4)`,
      [campaignId, tenantId, JSON.stringify(document), actorId],
    );
    await client.query(
      `insert into round (id, tenant_id, campaign_id, number, kind, revision, status, pins)
       values ($1, $2, $3, 1, 'explore', 1, 'running', $4)`,
      [newId(), tenantId, campaignId, JSON.stringify({ build: pin })],
    );
    const by = { tenantId, site: 'main', actorId };
    await receiveLabware(client, by, {
      barcode: slug,
      kind: 'read-96',
      placeCode: 'hotel',
      contentRole: slug,
      wells: [],
    });
  }

  /** The campaign is over, and its plate is no stock any more. */
  private async close(campaignId: string, barcode: string): Promise<void> {
    await insist(this.pool, (pool) =>
      pool.query(`update campaign set status = 'finished', finished_at = now() where id = $1`, [campaignId]),
    );
    await insist(this.pool, (pool) => pool.query('update labware set discarded = true where barcode = $1', [barcode]));
  }
}

/** A start whose answer was lost has happened. */
async function startOnce(start: () => Promise<unknown>): Promise<void> {
  try {
    await start();
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}

/** A protocol of one step: a plate of its own is put away. */
function putAway(pin: Pick<Protocol, 'id' | 'version'>, plate: string): Protocol {
  return {
    schema: 'anneal-protocol/v1',
    ...pin,
    stage: 'build',
    title: 'put one plate away',
    labware: [{ id: plate, kind: 'read-96', from: 'stock' }],
    steps: [{ id: 'put-away', operation: 'store', forEach: plate, labware: { plate }, with: { place: 'hotel' } }],
  };
}
