import { Injectable } from '@nestjs/common';
import { Pool } from 'pg';
import type { PoolClient } from 'pg';
import { rest } from '../../../db/device-work/enqueue';
import { withdraw } from '../../../db/device-work/withdraw';
import { roundId } from '../../../db/ids';
import { closeIncidentsOf } from '../../../db/lab/incidents';
import { inTransaction } from '../../../db/transaction';
import type { CampaignActivities as Contract, CampaignProgress } from '../../../workflows/campaign/campaign.activities';
import type { CampaignRow } from './campaign-facts';
import { confirmAll, gateRole, lockCampaign, pinsOf, recordFact } from './campaign-facts';
import { openIncident } from './incidents';
import { loadProgress } from './progress';

type Input<Name extends keyof Contract> = Parameters<Contract[Name]>[0];

/** Facts about the campaign's process: each activity is one transaction that may be repeated. */
@Injectable()
export class CampaignActivities implements Contract {
  constructor(private readonly pool: Pool) {}

  async loadProgress({ campaignId }: Input<'loadProgress'>): Promise<CampaignProgress> {
    return loadProgress(this.pool, campaignId);
  }

  async openRound({ campaignId, round, kind }: Input<'openRound'>): Promise<void> {
    await this.change(campaignId, async (client, campaign) => {
      const { rowCount } = await client.query(
        `insert into round (id, tenant_id, campaign_id, number, kind, revision, status, pins, lab_started_at)
         values ($1, $2, $3, $4, $5, $6, 'running', $7, lab_now($8)) on conflict do nothing`,
        [
          roundId(campaignId, round),
          campaign.tenantId,
          campaignId,
          round,
          kind,
          campaign.revision,
          JSON.stringify(pinsOf(campaign.document)),
          campaign.siteId,
        ],
      );
      await client.query(
        `update campaign set current_round = $2, current_stage = null, status = case status when 'submitted' then 'running' else status end
         where id = $1`,
        [campaignId, round],
      );
      if (rowCount) await recordFact(client, campaign, 'roundStarted', { round, kind });
    });
  }

  async beginStage({ campaignId, round, stage }: Input<'beginStage'>): Promise<void> {
    await this.change(campaignId, async (client, campaign) => {
      await client.query('update campaign set current_round = $2, current_stage = $3 where id = $1', [
        campaignId,
        round,
        stage,
      ]);
      await recordFact(client, campaign, 'stageStarted', { round, stage });
    });
  }

  async recordStage({ campaignId, round, stage, result }: Input<'recordStage'>): Promise<void> {
    await this.change(campaignId, async (client, campaign) => {
      const { rowCount } = await client.query(
        `insert into stage_result (campaign_id, round, stage, tenant_id, result, lab_finished_at)
         values ($1, $2, $3, $4, $5, lab_now($6)) on conflict do nothing`,
        [campaignId, round, stage, campaign.tenantId, JSON.stringify(result ?? null), campaign.siteId],
      );
      if (rowCount) await recordFact(client, campaign, 'stageFinished', { round, stage, result });
      if (stage === 'learn') await keepBest(client, campaignId, result);
    });
  }

  async closeRound({ campaignId, round, status, reason }: Input<'closeRound'>): Promise<void> {
    await this.change(campaignId, async (client, campaign) => {
      await endRound(client, campaign, { round, status, reason });
    });
  }

  async openGate({ campaignId, round, gate, handledEventIds }: Input<'openGate'>): Promise<void> {
    await this.change(campaignId, async (client, campaign) => {
      const waiting = [{ gate, role: gateRole(campaign.document, gate), round }];
      await client.query(
        `update campaign set progress = progress || jsonb_build_object('waitingForApproval', $2::jsonb) where id = $1`,
        [campaignId, JSON.stringify(waiting)],
      );
      await recordFact(client, campaign, 'gateReached', { gate, round });
      await rest(client, { handledEventIds });
    });
  }

  async passGate({ campaignId, round, gate }: Input<'passGate'>): Promise<void> {
    await this.change(campaignId, async (client, campaign) => {
      const { rowCount } = await client.query(
        `update campaign set progress = progress - 'waitingForApproval' where id = $1 and progress ? 'waitingForApproval'`,
        [campaignId],
      );
      if (rowCount) await recordFact(client, campaign, 'gatePassed', { gate, round });
    });
  }

  async setPaused({ campaignId, paused, reason, handledEventIds }: Input<'setPaused'>): Promise<void> {
    await this.change(campaignId, async (client, campaign) => {
      const { rowCount } = await client.query(
        `update campaign set status = $2 where id = $1 and status in ('submitted', 'running', 'paused') and status <> $2`,
        [campaignId, paused ? 'paused' : 'running'],
      );
      if (rowCount) await recordFact(client, campaign, paused ? 'campaignPaused' : 'campaignResumed', { reason });
      await rest(client, { handledEventIds });
      await wakeDevices(client, campaign);
    });
  }

  async confirmMessages({ handledEventIds }: Input<'confirmMessages'>): Promise<void> {
    await rest(this.pool, { handledEventIds });
  }

  async closeCampaign({ campaignId, status, reason, code, handledEventIds }: Input<'closeCampaign'>): Promise<void> {
    await withdraw(this.pool, { campaignId, reason: `the campaign is ${status}: ${reason}`, handledEventIds });
    await this.change(campaignId, async (client, campaign) => {
      const outcome = { reason, ...(code ? { code } : {}) };
      const { rowCount } = await client.query(
        `update campaign set status = $2, outcome = $3, finished_at = now(), current_stage = null,
           progress = progress - 'waitingForApproval'
         where id = $1 and status in ('submitted', 'running', 'paused')`,
        [campaignId, status, JSON.stringify(outcome)],
      );
      if (rowCount) {
        await closeIncidentsOf(client, { campaignId, reason: `the campaign is ${status}: ${reason}` });
        await recordFact(client, campaign, `campaign${status[0]?.toUpperCase()}${status.slice(1)}`, outcome);
        if (campaign.currentRound > 0)
          await endRound(client, campaign, { round: campaign.currentRound, status, reason });
        if (status === 'failed') await reportFailure(client, campaign, reason, code);
      }
      await confirmAll(client, campaignId);
    });
  }

  private async change(
    campaignId: string,
    work: (client: PoolClient, campaign: CampaignRow) => Promise<void>,
  ): Promise<void> {
    await inTransaction(this.pool, async (client) => work(client, await lockCampaign(client, campaignId)));
  }
}

async function endRound(
  client: PoolClient,
  campaign: CampaignRow,
  { round, status, reason }: Pick<Input<'closeRound'>, 'round' | 'status' | 'reason'>,
): Promise<void> {
  const { rowCount } = await client.query(
    `update round set status = $3, lab_finished_at = lab_now($4), summary = coalesce(summary, '{}') || $5::jsonb
     where campaign_id = $1 and number = $2 and status = 'running'`,
    [campaign.id, round, status, campaign.siteId, JSON.stringify({ reason })],
  );
  if (rowCount) await recordFact(client, campaign, 'roundFinished', { round, status, reason });
}

async function keepBest(client: PoolClient, campaignId: string, result: unknown): Promise<void> {
  const best = (result as { best?: unknown } | null)?.best;
  if (best === undefined) return;
  await client.query(`update campaign set progress = progress || jsonb_build_object('best', $2::jsonb) where id = $1`, [
    campaignId,
    JSON.stringify(best),
  ]);
}

async function reportFailure(
  client: PoolClient,
  campaign: CampaignRow,
  reason: string,
  code: string | undefined,
): Promise<void> {
  const { tenantId, siteId, id, slug } = campaign;
  const message = `campaign ${slug} failed${code ? ` (${code})` : ''}: ${reason}`;
  await openIncident(client, { tenantId, siteId, campaignId: id, kind: 'campaign-failed', subject: slug, message });
}

/** A pause ends waits that would otherwise not see it; a resume makes work leasable again. */
async function wakeDevices(client: PoolClient, { siteId }: CampaignRow): Promise<void> {
  await client.query(`select pg_notify('job_ready', 's:' || $1), pg_notify('lab_changed', $1)`, [siteId]);
}
