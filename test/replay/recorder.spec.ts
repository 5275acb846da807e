import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { testDatabase } from '../../libs/testing/database';
import type { TestDatabase } from '../../libs/testing/database';
import { temporalServer, workflowBundle } from '../workflows/temporal';
import { historiesFolder, recordedHistories, recordHistory } from './history-file';
import { replay } from './replay';
import { aborted, eventful } from './scenarios';

// Servers start and two cores may be shared with others.
jest.setTimeout(120_000);

/** A release sets this to its version: the histories of the present workflows are kept for ever. */
const version = process.env['ANNEAL_RECORD'];

let server: TestWorkflowEnvironment;
let db: TestDatabase;
let folder: string;
beforeAll(async () => {
  [server, db] = await Promise.all([temporalServer(), testDatabase()]);
  folder = version ? historiesFolder : mkdtempSync(join(tmpdir(), 'anneal-histories-'));
});
afterAll(async () => {
  await server.teardown();
  await db.close();
  if (!version) rmSync(folder, { recursive: true });
});

describe('histories of the present workflows', () => {
  it('replay, whether they have ended or wait', async () => {
    const record = (workflowId: string, name: string, runId?: string): Promise<void> =>
      recordHistory(server.client.workflow.getHandle(workflowId, runId), `${name}-${version ?? 'present'}`, folder);
    await eventful(server, db, record);
    await aborted(server, db, record);
    const recorded = recordedHistories(folder);
    expect(recorded.length).toBeGreaterThanOrEqual(13);
    for (const file of recorded) await replay(await workflowBundle(), file);
  });
});
