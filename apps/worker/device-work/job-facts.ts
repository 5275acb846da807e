import type { Pool } from 'pg';
import type { FailureFacts } from '../../../libs/device/job';
import { DomainError } from '../../../libs/errors/domain-error';

/** Whether a job may be done twice, and whether it has ever had liquid to move. @throws DomainError `not-found` */
export async function jobFacts(pool: Pool, job: string): Promise<{ repeatable: boolean; movesLiquid: boolean }> {
  const { rows } = await pool.query<{ repeatable: boolean; movesLiquid: boolean }>(
    `select j.spec ? 'repeatableWithinMs' as repeatable, exists (
       select 1 from planned_transfer t join dispatch d on d.id = t.dispatch_id where d.job_id = j.id) as "movesLiquid"
     from job j where j.id = $1`,
    [job],
  );
  if (!rows[0]) throw new DomainError('not-found', `there is no job ${job}`);
  return rows[0];
}

/** What is known of failed dispatches beside their problem, by dispatch. */
export async function failureFacts(pool: Pool, dispatchIds: readonly string[]): Promise<Map<string, FailureFacts>> {
  if (dispatchIds.length === 0) return new Map();
  const { rows } = await pool.query<{ id: string; facts: FailureFacts }>(
    'select d.id, failure_facts(j, d.id) as facts from dispatch d join job j on j.id = d.job_id where d.id = any($1::uuid[])',
    [dispatchIds],
  );
  return new Map(rows.map(({ id, facts }) => [id, facts]));
}
