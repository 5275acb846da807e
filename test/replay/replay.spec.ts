import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { WorkflowBundle } from '@temporalio/worker';
import { bundleWorkflows } from '../../apps/worker/host/workflow-bundle';
import { quiet, quietRuntime, workflowBundle } from '../workflows/temporal';
import { recordedHistories } from './history-file';
import { replay } from './replay';

// Servers start and two cores may be shared with others.
jest.setTimeout(120_000);

const root = resolve(__dirname, '..', '..');
const histories = recordedHistories();

beforeAll(async () => {
  quietRuntime();
  await workflowBundle();
});

describe('a recorded run', () => {
  it.each(histories.map((file) => [file.name, file] as const))(
    '%s goes on with these workflows',
    async (_name, file) => {
      await replay(await workflowBundle(), file);
    },
  );
});

describe('an incompatible change', () => {
  it.each([
    [
      'an activity gets another name',
      'build/build.workflow.ts',
      /\bcloseBuild\b(?=[,(} ])/g,
      'finishBuild',
      'build-finished',
    ],
    [
      'an activity is added',
      'device-work/protocol-stage.ts',
      /(?=const protocol = await)/,
      'await loadProtocol({ tenantId, campaignId, round, stage: protocolStage(desk) });',
      'build-finished',
    ],
    [
      'two commands change their order',
      'round/round.workflow.ts',
      /(await this\.campaign\(\)\.signal\(stageBegan[^;]*;)\s*(await campaignFacts\.beginStage[^;]*;)/,
      '$2 $1',
      'round-finished',
    ],
    [
      'a local activity is left out',
      'campaign/campaign-run.ts',
      /await campaignFacts\.openGate\([^;]*;/,
      '',
      'campaign-at-gate',
    ],
  ])(
    'is noticed: %s',
    async (_what, file, pattern, replacement, history) => {
      const bundle = await bundleEdited(file, (source) => source.replace(pattern, replacement));
      const recorded = histories.find(({ name }) => name.startsWith(history));
      if (!recorded) throw new Error(`no history "${history}" is recorded`);
      await expect(replay(bundle, recorded)).rejects.toThrow(/TMPRL1100|[Nn]ondeterminism/);
    },
    60_000,
  );
});

/** Bundles a copy of the workflows in which one file is edited. */
async function bundleEdited(file: string, edit: (source: string) => string): Promise<WorkflowBundle> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'anneal-edited-')));
  try {
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    for (const part of ['workflows', 'libs']) cpSync(join(root, part), join(folder, part), { recursive: true });
    const path = join(folder, 'workflows', file);
    const before = readFileSync(path, 'utf8');
    const after = edit(before);
    if (after === before) throw new Error(`nothing was edited in ${file}`);
    writeFileSync(path, after);
    return await bundleWorkflows(join(folder, 'workflows'), quiet);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
