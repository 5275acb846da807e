import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { bundleWorkflowCode } from '@temporalio/worker';
import type { Logger, WorkflowBundle } from '@temporalio/worker';

/** Name of the bundle in `dist`. */
export const bundleFile = 'workflow-bundle.js';

/** Path of the built bundle. */
export const bundlePath = (): string => join(projectRoot(), 'dist', bundleFile);

/**
 * Bundles workflow code as the worker runs it. Workflows import by relative paths only, so that sources and `dist` bundle alike.
 * @param workflows folder that holds `workflows.js` or `workflows.ts`; the compiled one when absent
 */
export function bundleWorkflows(workflows?: string, logger?: Logger): Promise<WorkflowBundle> {
  const folder = workflows ?? join(projectRoot(), 'dist', 'workflows');
  const entry = ['workflows.js', 'workflows.ts'].map((name) => join(folder, name)).find((file) => existsSync(file));
  if (!entry) throw new Error(`there are no workflows in ${folder}; build first`);
  return bundleWorkflowCode({ workflowsPath: entry, ...(logger ? { logger } : {}) });
}

/** The folder of the package's own package.json, from sources and from `dist` alike. */
function projectRoot(): string {
  for (let folder = __dirname; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder;
    if (folder === dirname(folder)) throw new Error('no package.json above this file');
  }
}
