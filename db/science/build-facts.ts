import type { Pool, PoolClient } from 'pg';
import type { PlasmidFacts } from '../../libs/build/build-verdict';

/** How far each construct or unit came in a round, and the accepted clones it has from any round. */
export async function plasmidFacts(
  pool: Pool | PoolClient,
  wanted: {
    readonly tenantId: string;
    readonly campaignId: string;
    readonly round: number;
    readonly constructIds: readonly string[];
  },
): Promise<Map<string, PlasmidFacts>> {
  const { rows } = await pool.query<{
    id: string;
    reactions: number;
    cultures: number;
    grown: number;
    accepted: number;
  }>(
    `select c.id,
       count(*) filter (where s.kind = 'assembly-reaction' and j.id is not null)::int as reactions,
       count(*) filter (where s.kind = 'culture' and j.id is not null)::int as cultures,
       count(*) filter (where s.kind = 'culture' and j.id is not null
         and exists (select 1 from sample_verdict v where v.sample_id = s.id and v.verdict = 'grew'))::int as grown,
       count(*) filter (where s.kind = 'culture'
         and exists (select 1 from sample_verdict v where v.sample_id = s.id and v.verdict = 'accepted'))::int as accepted
     from unnest($4::uuid[]) c (id)
     left join sample s on s.construct_id = c.id and s.tenant_id = $1 and s.kind in ('assembly-reaction', 'culture')
     left join dispatch d on d.id = s.made_by_dispatch_id
     left join job j on j.id = d.job_id and j.campaign_id = $2 and j.round = $3
     group by c.id`,
    [wanted.tenantId, wanted.campaignId, wanted.round, wanted.constructIds],
  );
  return new Map(rows.map(({ id, ...facts }) => [id, facts]));
}

/** A verdict on a sample, as it is written. */
export interface NewVerdict {
  readonly sampleId: string;
  readonly verdict: 'grew' | 'no-growth' | 'perfect' | 'wrong-sequence' | 'accepted' | 'held';
  readonly reason: string;
  readonly evidence: unknown;
}

/** Adds verdicts; one that a sample has already is kept. */
export async function storeVerdicts(
  client: PoolClient,
  by: { readonly tenantId: string; readonly actorId: string },
  verdicts: readonly NewVerdict[],
): Promise<void> {
  await client.query(
    `insert into sample_verdict (tenant_id, sample_id, verdict, reason, evidence, actor_id)
     select $1, x."sampleId", x.verdict, x.reason, x.evidence, $2
     from jsonb_to_recordset($3) as x ("sampleId" uuid, verdict text, reason text, evidence jsonb)
     on conflict (sample_id, verdict) do nothing`,
    [by.tenantId, by.actorId, JSON.stringify(verdicts)],
  );
}
