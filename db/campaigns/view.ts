import type { Pool } from 'pg';
import { DomainError } from '../../libs/errors/domain-error';
import type { CampaignView } from '../../libs/report/campaign-view';
import type { Campaign } from '../../libs/campaign/campaign';

interface CampaignRow {
  readonly id: string;
  readonly slug: string;
  readonly status: CampaignView['status'];
  readonly revision: number;
  readonly current_round: number;
  readonly current_stage: string | null;
  readonly progress: { best?: { name: string; score: number }; waitingForApproval?: { gate: string; role: string }[] };
  readonly outcome: { reason?: string } | null;
  readonly created_at: Date;
  readonly finished_at: Date | null;
  readonly document: Campaign;
  readonly kind: 'explore' | 'confirm' | null;
  readonly lab_now: Date | null;
  readonly lab_started_at: Date | null;
  readonly lab_ended_at: Date | null;
}

/** Campaigns of a tenant, newest first, after a cursor (creation time of the last one seen). */
export async function listCampaigns(
  pool: Pool,
  tenantId: string,
  page: { readonly limit: number; readonly before?: string },
): Promise<{ items: CampaignView[]; next?: string }> {
  const { rows } = await pool.query<{ slug: string; created_at: Date }>(
    `select slug, created_at from campaign where tenant_id = $1 and created_at < coalesce($2::timestamptz, 'infinity')
     order by created_at desc limit $3`,
    [tenantId, page.before ?? null, page.limit],
  );
  const items = await Promise.all(rows.map((row) => campaignView(pool, tenantId, row.slug)));
  const last = rows[rows.length - 1];
  return { items, ...(rows.length === page.limit && last ? { next: last.created_at.toISOString() } : {}) };
}

/**
 * A campaign as it stands.
 * @throws DomainError `not-found`
 */
export async function campaignView(pool: Pool, tenantId: string, slug: string): Promise<CampaignView> {
  const row = await campaignRow(pool, tenantId, slug);
  const [counts, waiting, incidents] = await Promise.all([
    campaignCounts(pool, row.id),
    waitingLines(pool, row.id),
    openIncidents(pool, row.id),
  ]);
  const labEnd = row.lab_ended_at ?? row.lab_now;
  const labDay = labEnd && row.lab_started_at ? (labEnd.getTime() - row.lab_started_at.getTime()) / 86_400_000 : 0;
  return {
    slug: row.slug,
    title: row.document.title,
    status: row.status,
    ...(row.outcome?.reason ? { reason: row.outcome.reason } : {}),
    revision: row.revision,
    round: row.current_round,
    maxRounds: row.document.budget.maxRounds,
    ...(row.kind ? { kind: row.kind } : {}),
    ...(row.current_stage ? { stage: row.current_stage } : {}),
    ...(row.lab_now ? { labNow: row.lab_now.toISOString() } : {}),
    labDay,
    ...counts,
    ...(row.progress.best ? { best: row.progress.best } : {}),
    waitingFor: waiting,
    openIncidents: incidents,
    pendingApprovals: row.progress.waitingForApproval ?? [],
    createdAt: row.created_at.toISOString(),
    ...(row.finished_at ? { finishedAt: row.finished_at.toISOString() } : {}),
  };
}

/** Id of a campaign by its slug. @throws DomainError `not-found` */
export async function campaignIdOf(pool: Pool, tenantId: string, slug: string): Promise<string> {
  const { rows } = await pool.query<{ id: string }>('select id from campaign where tenant_id = $1 and slug = $2', [
    tenantId,
    slug,
  ]);
  if (!rows[0]) throw notFound(slug);
  return rows[0].id;
}

const notFound = (slug: string): DomainError =>
  new DomainError('not-found', `there is no campaign "${slug}"; list them with GET /v1/campaigns`);

async function campaignRow(pool: Pool, tenantId: string, slug: string): Promise<CampaignRow> {
  const { rows } = await pool.query<CampaignRow>(
    `select c.*, r.document, d.kind, lab_now(c.site_id) as lab_now,
            (select min(lab_started_at) from round where campaign_id = c.id) as lab_started_at,
            case when c.finished_at is not null then (select max(lab_finished_at) from round where campaign_id = c.id) end as lab_ended_at
     from campaign c
     join campaign_revision r on r.campaign_id = c.id and r.revision = c.revision
     left join round d on d.campaign_id = c.id and d.number = c.current_round
     where c.tenant_id = $1 and c.slug = $2`,
    [tenantId, slug],
  );
  if (!rows[0]) throw notFound(slug);
  return rows[0];
}

async function campaignCounts(
  pool: Pool,
  campaignId: string,
): Promise<Pick<CampaignView, 'jobs' | 'wellsRead' | 'constructsMeasured'>> {
  const { rows } = await pool.query<{ done: string; open: string; unknown: string; wells: string; constructs: string }>(
    `select count(*) filter (where x.state = 'succeeded') as done,
            count(*) filter (where x.state in ('blocked', 'queued', 'leased', 'started')) as open,
            count(*) filter (where x.state = 'unknown') as unknown,
            (select count(distinct (labware_id, well)) from measurement where campaign_id = $1) as wells,
            (select count(distinct construct_id) from construct_value where campaign_id = $1) as constructs
     from job j join lateral (select state from dispatch where job_id = j.id order by attempt desc limit 1) x on true
     where j.campaign_id = $1`,
    [campaignId],
  );
  const row = rows[0];
  return {
    jobs: { done: Number(row?.done), open: Number(row?.open), unknown: Number(row?.unknown) },
    wellsRead: Number(row?.wells),
    constructsMeasured: Number(row?.constructs),
  };
}

async function waitingLines(pool: Pool, campaignId: string): Promise<string[]> {
  const { rows } = await pool.query<{ line: string }>(
    `select j.step_key || ': ' || j.waiting_for as line
     from job j join dispatch d on d.job_id = j.id and d.state = 'queued'
     where j.campaign_id = $1 and j.waiting_for is not null order by d.queued_at limit 20`,
    [campaignId],
  );
  return rows.map((row) => row.line);
}

async function openIncidents(pool: Pool, campaignId: string): Promise<CampaignView['openIncidents']> {
  const { rows } = await pool.query<{ id: string; kind: string; message: string }>(
    'select id, kind, message from incident where campaign_id = $1 and resolved_at is null order by opened_at limit 50',
    [campaignId],
  );
  return rows;
}
