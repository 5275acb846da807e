import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, makeTelemetryFilterString, Runtime, Worker } from '@temporalio/worker';
import type { WorkflowBundle } from '@temporalio/worker';
import { resolveTemporal } from '../../apps/cli/stack/temporal-resolver';
import { bundleWorkflows } from '../../apps/worker/host/workflow-bundle';
import { saysThatItLives } from '../../libs/platform/temporal/heartbeats';
import { refusalsAreFinal } from '../../libs/platform/temporal/refusals';
import { searchAttributes } from '../../workflows/search-attributes.messages';

/** Task queue of the tests. */
export const taskQueue = 'anneal-test';

/** Says nothing: what is expected to go wrong in a test is no news. */
export const quiet = new DefaultLogger('ERROR', () => undefined);
let installed = false;

/** Temporal's runtime of this test process; what its core says goes the same silent way. */
export function quietRuntime(): void {
  if (installed) return;
  installed = true;
  const filter = makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' });
  Runtime.install({ logger: quiet, shutdownSignals: [], telemetryOptions: { logging: { forward: {}, filter } } });
}

let bundle: Promise<WorkflowBundle> | undefined;

/** A real Temporal server of one test file, in memory. Its data are gone when it is torn down. */
export async function temporalServer(): Promise<TestWorkflowEnvironment> {
  quietRuntime();
  const env = process.env;
  const cacheDir = env['ANNEAL_CACHE_DIR'] ?? join(homedir(), '.cache', 'anneal');
  const source = await resolveTemporal({ cli: env['TEMPORAL_CLI'], cacheDir, env });
  if (source.kind !== 'binary') throw new Error('the tests start a Temporal of their own');
  return TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path: source.path },
      searchAttributes: Object.values(searchAttributes),
    },
  });
}

/** The workflows of this checkout, bundled once per test process. */
export const workflowBundle = (): Promise<WorkflowBundle> =>
  (bundle ??= bundleWorkflows(resolve(__dirname, '..', '..', 'workflows'), quiet));

/** Runs a worker with these activities while something is done; a bug in workflow code fails the run instead of hanging it. */
export async function whileWorking<T>(
  server: TestWorkflowEnvironment,
  activities: object,
  during: () => Promise<T>,
): Promise<T> {
  const worker = await Worker.create({
    connection: server.nativeConnection,
    namespace: server.namespace ?? 'default',
    taskQueue,
    workflowBundle: await workflowBundle(),
    activities,
    interceptors: { activity: [refusalsAreFinal, saysThatItLives] },
    workflowFailureErrorTypes: { '*': ['Error'] },
    shutdownForceTime: '5s',
  });
  return worker.runUntil(during());
}
