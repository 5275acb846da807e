import type { Client } from '@temporalio/client';
import type { Pool } from 'pg';
import { newId } from '../../db/ids';
import { enrolDevice } from '../../db/lab/devices';
import { receiveLabware } from '../../db/lab/labware';
import { putPlace } from '../../db/lab/places';
import type { Installation } from '../../db/seed';
import { inTransaction } from '../../db/transaction';
import type { Protocol } from '../../libs/protocol/protocol';
import { campaignWorkflowId, stageWorkflowId } from '../../workflows/campaign/campaign.messages';
import type { StageInput } from '../../workflows/stage.messages';
import { LoopRobot } from './loop-robot';

/** Makes what the loop needs: places, robots, and campaigns whose build protocol is one long run of steps. */
export class LoopLab {
  constructor(
    private readonly pool: Pool,
    private readonly installation: Installation,
    private readonly actorId: string,
  ) {}

  private get by(): { tenantId: string; site: string; actorId: string } {
    return { tenantId: this.installation.tenantId, site: 'main', actorId: this.actorId };
  }

  /** The shelf every plate stands on, and robots that may do any step. */
  async open(apiUrl: string, robots: number): Promise<LoopRobot[]> {
    await putPlace(this.pool, this.by, { code: 'hotel', kind: 'storage', capacity: 10_000 });
    const made: LoopRobot[] = [];
    for (let index = 1; index <= robots; index++) {
      const code = `loop-${index}`;
      const device = { code, name: code, kind: 'person', capabilities: ['move-labware'], simulated: true };
      const { token } = await enrolDevice(this.pool, this.by, device);
      made.push(new LoopRobot(apiUrl, code, token));
    }
    return made;
  }

  /**
   * A campaign in round 1 with two plates of its own; nothing of it runs yet. In blocks all steps are on one plate; one at a time
   * they take turns, so that no step is queued before the workflow has heard of the one before it.
   */
  async campaign(slug: string, steps: number, how: 'blocks' | 'single'): Promise<StageInput> {
    const { tenantId, siteId } = this.installation;
    const campaignId = newId();
    const pin = { id: `loop-${slug}`, version: '1' };
    const document = { title: slug, build: { protocol: pin, proceedIfBuiltFraction: 0 }, budget: {} };
    await inTransaction(this.pool, async (client) => {
      await client.query(
        `insert into campaign (id, tenant_id, site_id, slug, status, owner_id) values ($1, $2, $3, $4, 'submitted', $5)`,
        [campaignId, tenantId, siteId, slug, this.actorId],
      );
      await client.query(
        `insert into campaign_revision (campaign_id, revision, tenant_id, source_text, sha256, document, actor_id)
         values ($1, 1, $2, '', '', $3, $4)`,
        [campaignId, tenantId, JSON.stringify(document), this.actorId],
      );
      await client.query(
        `insert into round (id, tenant_id, campaign_id, number, kind, revision, status, pins)
         values ($1, $2, $3, 1, 'explore', 1, 'running', $4)`,
        [newId(), tenantId, campaignId, JSON.stringify({ build: pin })],
      );
      await client.query(
        `insert into protocol (tenant_id, id, version, stage, sha256, source_text, document, actor_id)
         values ($1, $2, '1', 'build', '', '', $3, $4)`,
        [
          tenantId,
          pin.id,
          JSON.stringify(longRun(pin.id, how === 'blocks' ? [slug] : [slug, `${slug}-b`], steps)),
          this.actorId,
        ],
      );
      for (const barcode of [slug, `${slug}-b`])
        await receiveLabware(client, this.by, {
          barcode,
          kind: 'read-96',
          placeCode: 'hotel',
          contentRole: barcode,
          wells: [],
        });
    });
    const names = { tenant: 'default', site: 'main', slug, owner: 'loop', title: slug };
    return { tenantId, siteId, campaignId, ...names, round: 1, kind: 'explore', paused: false, unhandled: [] };
  }

  /**
   * Runs the Build stage of a campaign to its end. Its campaign workflow stands on a queue nobody serves: a campaign without
   * one would be started again by the reconciler.
   */
  async run(client: Client, taskQueue: string, input: StageInput): Promise<void> {
    const campaign = campaignWorkflowId(input.tenant, input.slug);
    await client.workflow.start('campaign', { workflowId: campaign, taskQueue: 'nobody', args: [] });
    const workflowId = stageWorkflowId(input.tenant, input.slug, 1, 'build');
    await client.workflow.execute('buildStage', { workflowId, taskQueue, args: [input] });
  }
}

/** Steps without a decision between them, on the plates in turn. */
function longRun(id: string, plates: readonly string[], steps: number): Protocol {
  return {
    schema: 'anneal-protocol/v1',
    id,
    version: '1',
    stage: 'build',
    title: 'one long run',
    labware: plates.map((plate) => ({ id: plate, kind: 'read-96', from: 'stock' })),
    steps: Array.from({ length: steps }, (_, index) => {
      const plate = plates[index % plates.length] as string;
      return { id: `s${index + 1}`, operation: 'store', forEach: plate, labware: { plate }, with: { place: 'hotel' } };
    }),
  };
}
