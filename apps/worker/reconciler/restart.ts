import type { Pool, PoolClient } from 'pg';
import { appendOutbox } from '../../../db/device-work/outbox';
import { inTransaction } from '../../../db/transaction';
import { confirmAll, lockCampaign, recordFact } from '../campaigns/campaign-facts';
import { openIncident } from '../campaigns/incidents';
import type { Fate } from './what-became-of';

/** A campaign whose workflow failed this often by itself is not started again. */
const mostFailures = 5;

/** Campaigns that run by the facts and whose start is not on its way. */
export async function runningCampaigns(pool: Pool): Promise<string[]> {
  const { rows } = await pool.query<{ id: string }>(
    `select c.id from campaign c where c.status in ('submitted', 'running', 'paused')
       and not exists (select 1 from outbox o where o.campaign_id = c.id and o.kind = 'start' and o.sent_at is null)
     order by c.created_at`,
  );
  return rows.map(({ id }) => id);
}

/**
 * Starts a campaign again whose workflow is gone: in one transaction its epoch grows, messages to the lost workflow are
 * confirmed (what they told is in the facts; decisions that are still pending stay on their way) and the start is sent.
 * @returns the epoch; undefined when the campaign has ended or is being started
 */
export async function restartCampaign(pool: Pool, campaignId: string, fate: Fate): Promise<number | undefined> {
  return inTransaction(pool, async (client) => {
    const campaign = await lockCampaign(client, campaignId);
    if (!['submitted', 'running', 'paused'].includes(campaign.status) || (await starting(client, campaignId))) return;
    const epoch = campaign.epoch + 1;
    await confirmAll(client, campaignId);
    await confirmUnsent(client, campaignId);
    await client.query('update campaign set epoch = $2 where id = $1', [campaignId, epoch]);
    const { tenantId, siteId, slug } = campaign;
    if (fate === 'FAILED' && epoch > mostFailures) {
      const message = `the workflow of campaign ${slug} failed ${mostFailures} times; see its history in Temporal`;
      await openIncident(client, { tenantId, siteId, campaignId, kind: 'campaign-failed', subject: slug, message });
      await client.query(
        `update campaign set status = 'failed', finished_at = now(), outcome = jsonb_build_object('reason', $2::text) where id = $1`,
        [campaignId, message],
      );
      return undefined;
    }
    await appendOutbox(client, { tenantId, siteId, campaignId, kind: 'start', name: 'campaign', payload: { epoch } });
    await recordFact(client, campaign, 'campaignRestarted', { epoch, fate });
    return epoch;
  });
}

/** Another reconciler has just restarted it: its start is on its way, or was sent within the last seconds. */
async function starting(client: PoolClient, campaignId: string): Promise<boolean> {
  const { rowCount } = await client.query(
    `select 1 from outbox where campaign_id = $1 and kind = 'start'
       and (sent_at is null or sent_at > now() - interval '2 seconds')`,
    [campaignId],
  );
  return (rowCount ?? 0) > 0;
}

/** Signals that were never sent: the new workflow reads what they tell. */
async function confirmUnsent(client: PoolClient, campaignId: string): Promise<void> {
  await client.query(
    `update outbox set sent_at = now(), handled_at = now()
     where campaign_id = $1 and kind in ('signal', 'cancel') and sent_at is null`,
    [campaignId],
  );
}
