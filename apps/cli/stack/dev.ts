import { ownEnvironment } from '../../../libs/platform/config/variable';
import { startStack } from './stack';

export interface DevOptions {
  readonly seed?: string;
  readonly dataDir?: string;
}

/** Runs the whole stack until Ctrl-C; what dies is started again. */
export async function runDev(options: DevOptions): Promise<void> {
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const stack = await startStack({
    ...(options.dataDir ? { dataDir: options.dataDir } : {}),
    env: { ...ownEnvironment(), LAB_SEED: options.seed ?? '1' },
    say,
  });
  const state = stack.state();
  process.stdout.write(
    [
      '',
      `Anneal is running.`,
      `  api           ${state.apiUrl}   (OpenAPI: ${state.apiUrl}/openapi.json, pages: ${state.apiUrl}/docs)`,
      ...(state.uiUrl ? [`  Temporal UI   ${state.uiUrl}`] : []),
      `  virtual lab   ${state.labUrl}`,
      `  tokens        ${state.tokensPath} (one per role)`,
      `  logs          ${state.logsDir}`,
      '',
      '  node apps/cli/anneal.mjs submit campaign.yaml --watch',
      '',
      'Ctrl-C stops everything; the campaigns go on when it is started again.',
      '',
    ].join('\n'),
  );
  await stack.stopped;
}
