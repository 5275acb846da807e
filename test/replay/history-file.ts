import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils';

/** Histories of every release: recorded once, never changed, deleted only when no such run is alive. */
export const historiesFolder = join(__dirname, 'histories');

/** A recorded run, as it is kept. */
export interface HistoryFile {
  readonly name: string;
  readonly workflowId: string;
  /** As `historyToJSON` writes it, parsed. */
  readonly history: { readonly events: readonly { readonly eventType: string }[] };
}

/** Every recorded history, in order of name. */
export function recordedHistories(folder: string = historiesFolder): HistoryFile[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as HistoryFile);
}

/** Types of events by which a workflow task is under way. */
const underWay: readonly unknown[] = ['EVENT_TYPE_WORKFLOW_TASK_SCHEDULED', 'EVENT_TYPE_WORKFLOW_TASK_STARTED'];

/**
 * Records a run as it stands: closed, or waiting with no workflow task under way.
 * @param name reason, workflow and version: `round-approved-late-0.3.0`
 */
export async function recordHistory(handle: WorkflowHandle, name: string, folder: string): Promise<void> {
  let history: HistoryFile['history'];
  do history = JSON.parse(historyToJSON(await handle.fetchHistory())) as HistoryFile['history'];
  while (underWay.includes(history.events.at(-1)?.eventType));
  const file: HistoryFile = { name, workflowId: handle.workflowId, history };
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(file, withoutMachine)}\n`);
}

/** Which process of which machine worked on it is nobody's business. */
function withoutMachine(key: string, value: unknown): unknown {
  if (key === 'identity') return 'worker';
  return typeof value === 'string' ? value.replaceAll(hostname(), 'host') : value;
}
