import { Worker } from '@temporalio/worker';
import type { WorkflowBundle } from '@temporalio/worker';
import type { HistoryFile } from './history-file';

/** Replays a history. @throws DeterminismViolationError when the workflows decide otherwise than they did */
export async function replay(bundle: WorkflowBundle, { history, workflowId }: HistoryFile): Promise<void> {
  await Worker.runReplayHistory({ workflowBundle: bundle }, history, workflowId);
}
