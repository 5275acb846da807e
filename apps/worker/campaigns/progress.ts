import type { Pool } from 'pg';
import type { Campaign } from '../../../libs/campaign/campaign';
import { DomainError } from '../../../libs/errors/domain-error';
import type { CampaignProgress, Learned, RoundProgress } from '../../../workflows/campaign/campaign.activities';
import type { StageName } from '../../../workflows/stage.messages';

/** Where a campaign stands: all its workflow needs to go on, or to begin again after its last completed stage. */
export async function loadProgress(pool: Pool, campaignId: string): Promise<CampaignProgress> {
  const [campaign, rounds, approved] = await Promise.all([
    loadCampaign(pool, campaignId),
    loadRounds(pool, campaignId),
    loadApprovals(pool, campaignId),
  ]);
  const { budget, approvals } = campaign.document;
  return {
    status: campaign.status,
    maxRounds: budget.maxRounds,
    confirmTop: budget.confirmTop,
    gates: approvals.filter(({ auto }) => !auto).map(({ gate, role }) => ({ gate, role })),
    approved,
    rounds,
  };
}

async function loadCampaign(
  pool: Pool,
  campaignId: string,
): Promise<{ status: CampaignProgress['status']; document: Campaign }> {
  const { rows } = await pool.query<{ status: CampaignProgress['status']; document: Campaign }>(
    `select c.status, r.document from campaign c
     join campaign_revision r on r.campaign_id = c.id and r.revision = c.revision where c.id = $1`,
    [campaignId],
  );
  if (!rows[0]) throw new DomainError('not-found', `there is no campaign ${campaignId}`);
  return rows[0];
}

async function loadRounds(pool: Pool, campaignId: string): Promise<RoundProgress[]> {
  const { rows } = await pool.query<
    Omit<RoundProgress, 'learned'> & { completed: StageName[]; learned: Learned | null }
  >(
    `select r.number, r.kind, r.status,
       array(select stage from stage_result s where s.campaign_id = r.campaign_id and s.round = r.number order by finished_at) as completed,
       (select result from stage_result s where s.campaign_id = r.campaign_id and s.round = r.number and s.stage = 'learn') as learned
     from round r where r.campaign_id = $1 order by r.number`,
    [campaignId],
  );
  return rows.map(({ learned, ...round }) => (learned ? { ...round, learned: brief(learned) } : round));
}

const brief = ({ stop, reason, nextKind }: Learned): Learned => ({ stop, reason, nextKind });

async function loadApprovals(pool: Pool, campaignId: string): Promise<CampaignProgress['approved']> {
  const { rows } = await pool.query<{ gate: CampaignProgress['approved'][number]['gate']; round: number }>(
    `select gate, (payload ->> 'round')::int as round from decision
     where campaign_id = $1 and kind = 'approve' and state = 'applied' and gate is not null and payload ? 'round'`,
    [campaignId],
  );
  return rows;
}
