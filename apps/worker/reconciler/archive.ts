import type { Client } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import type { Pool } from 'pg';

/** Histories archived in one pass. */
const mostAtOnce = 100;
/** Closed runs looked at in one pass, newest first. */
const mostSeen = 5_000;

const closed = `WorkflowType IN ('campaign', 'round', 'designStage', 'buildStage', 'testStage', 'learnStage') AND ExecutionStatus != 'Running'`;

/**
 * Keeps the histories of closed runs as JSON, from which they can be replayed and read when Temporal has forgotten them.
 * @returns how many it archived
 */
export async function archiveClosed(pool: Pool, client: Client): Promise<number> {
  let seen = 0;
  let archived = 0;
  for await (const run of client.workflow.list({ query: closed })) {
    if (++seen > mostSeen || archived >= mostAtOnce) break;
    const tenantId = run.searchAttributes['TenantId']?.[0];
    if (typeof tenantId !== 'string' || (await isArchived(pool, run))) continue;
    const history = await client.workflow.getHandle(run.workflowId, run.runId).fetchHistory();
    await pool.query(
      `insert into workflow_archive (tenant_id, workflow_id, run_id, history) values ($1, $2, $3, $4) on conflict do nothing`,
      [tenantId, run.workflowId, run.runId, historyToJSON(history)],
    );
    archived++;
  }
  return archived;
}

async function isArchived(pool: Pool, run: { workflowId: string; runId: string }): Promise<boolean> {
  const { rowCount } = await pool.query('select 1 from workflow_archive where workflow_id = $1 and run_id = $2', [
    run.workflowId,
    run.runId,
  ]);
  return (rowCount ?? 0) > 0;
}
