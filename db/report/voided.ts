import type { Pool } from 'pg';

/** Samples that do not count, and how many values rest on one of them. */
export interface Voided {
  readonly samplesVoided: number;
  /** Values in use whose sample is void, or descends from a void one. Anything but 0 is a fault. */
  readonly valuesFromVoided: number;
}

/** Looks for values that descend from voided samples of a campaign. */
export async function voidedSamples(pool: Pool, campaignId: string): Promise<Voided> {
  const { rows } = await pool.query<{ voided: string; reached: string }>(
    `with recursive void as (
       select v.sample_id from sample_verdict v
       join sample s on s.id = v.sample_id join dispatch d on d.id = s.made_by_dispatch_id join job j on j.id = d.job_id
       where v.verdict = 'void' and j.campaign_id = $1),
     tainted as (
       select sample_id from void
       union select p.sample_id from sample_parent p join tainted t on t.sample_id = p.parent_id)
     select (select count(*) from void) as voided,
       (select count(*) from measurement m where m.campaign_id = $1 and m.state in ('ok', 'flagged') and m.value is not null
          and m.sample_id in (select sample_id from tainted)) as reached`,
    [campaignId],
  );
  return { samplesVoided: Number(rows[0]?.voided), valuesFromVoided: Number(rows[0]?.reached) };
}
