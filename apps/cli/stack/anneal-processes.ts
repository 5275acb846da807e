import { join } from 'node:path';
import type { Environment } from '../../../libs/platform/config/variable';
import { enrolLab } from './install';
import { readJson } from './json-file';
import type { ProcessSpec } from './process-spec';
import { projectRoot } from './project-root';
import type { Tokens } from './tokens';

/** What the processes of Anneal are told about the stack they are part of. */
export interface StackContext {
  /** Absolute path of the data folder. */
  readonly dataDir: string;
  readonly databaseUrl: string;
  readonly temporalAddress: string;
  readonly temporalNamespace: string;
  readonly tokensPath: string;
  readonly apiUrl: string;
  readonly labUrl: string;
  readonly ports: { readonly api: number; readonly lab: number; readonly agent: number };
  /** Environment of the stack, passed on to every process. */
  readonly env: Environment;
}

/** Something done between two processes of a start. */
export interface StackStep {
  /** In words, for the person who waits. */
  readonly title: string;
  readonly act: () => Promise<void>;
}

/**
 * api, worker, virtual lab and agent, in the order they start. The lab's devices and stock are made known to the api
 * before the agent asks for work on their behalf.
 */
export function annealProcesses(context: StackContext): (ProcessSpec | StackStep)[] {
  const { ports, apiUrl, labUrl, dataDir } = context;
  const devicesPath = join(dataDir, 'agent-devices.json');
  return [
    nodeProcess(context, 'api', { API_HOST: '127.0.0.1', API_PORT: String(ports.api) }),
    nodeProcess(context, 'worker', {}),
    nodeProcess(context, 'virtual-lab', { LAB_PORT: String(ports.lab), API_URL: apiUrl }),
    {
      title: "making the lab's devices and stock known",
      act: async () => {
        const tokens = (await readJson<Tokens>(context.tokensPath)) as Tokens;
        await enrolLab(apiUrl, labUrl, tokens, dataDir);
      },
    },
    nodeProcess(context, 'agent', {
      AGENT_PORT: String(ports.agent),
      API_URL: apiUrl,
      LAB_URL: labUrl,
      AGENT_DEVICES_PATH: devicesPath,
      // Less than the supervisor waits before it kills.
      AGENT_STOP_MS: '5000',
    }),
  ];
}

/** A compiled process of `dist/apps/<name>/main.js`, told where everything is. */
export function nodeProcess(context: StackContext, name: string, env: Environment): ProcessSpec {
  return {
    name,
    command: process.execPath,
    args: ['--enable-source-maps', join(projectRoot, 'dist', 'apps', name, 'main.js')],
    cwd: projectRoot,
    env: { ...context.env, ...sharedEnvironment(context), ...env },
    ready: 'line',
    readyWithinMs: 60_000,
  };
}

function sharedEnvironment(context: StackContext): Environment {
  return {
    MODE: 'embedded',
    DATABASE_URL: context.databaseUrl,
    TEMPORAL_ADDRESS: context.temporalAddress,
    TEMPORAL_NAMESPACE: context.temporalNamespace,
    ANNEAL_DATA_DIR: context.dataDir,
    ANNEAL_TOKENS_PATH: context.tokensPath,
  };
}
