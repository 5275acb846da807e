import { join, resolve } from 'node:path';
import { migrate } from '../../../db/migrate';
import { temporalConnectionOptions } from '../../../libs/platform/config/server-config';
import { loadStackConfig } from '../../../libs/platform/config/stack-config';
import type { StackConfig } from '../../../libs/platform/config/stack-config';
import { ownEnvironment } from '../../../libs/platform/config/variable';
import type { Environment } from '../../../libs/platform/config/variable';
import { annealProcesses } from './anneal-processes';
import type { StackContext, StackStep } from './anneal-processes';
import { takeDataFolder } from './data-folder';
import type { DataFolder } from './data-folder';
import { Ports } from './ports';
import { embeddedPostgres, ensureDatabase } from './postgres';
import type { ProcessSpec } from './process-spec';
import { removeStackState, stopLeftovers, writeStackState } from './stack-state';
import type { StackState } from './stack-state';
import { stopOnSignals } from './stop-on-signals';
import type { StopReason } from './stop-on-signals';
import { Supervisor } from './supervisor';
import { checkTemporal, embeddedTemporal } from './temporal';
import { resolveTemporal } from './temporal-resolver';
import { ensureTokens, tokensPath } from './tokens';

/** How a stack is started. */
export interface StackOptions {
  /** Everything the stack keeps; default ANNEAL_DATA_DIR, `.anneal`. */
  readonly dataDir?: string;
  /** Configuration, passed on to every process; default the environment of this process. */
  readonly env?: Environment;
  /** Where progress is told, one line at a time. */
  readonly say?: (line: string) => void;
  /** Stop everything and end this process on Ctrl-C, SIGTERM and uncaught errors; default true. */
  readonly handleSignals?: boolean;
  /** Processes to start once PostgreSQL and Temporal serve; default api, worker, virtual lab, agent. */
  readonly processes?: (context: StackContext) => readonly (ProcessSpec | StackStep)[];
  /** Runs after the migration and before the first process of Anneal. */
  readonly prepare?: (context: StackContext) => Promise<void>;
}

/** A running stack. */
export interface Stack {
  /** Where everything answers, pids as of this moment. */
  state(): StackState;
  /** Owns the processes: kill by name, wait for readiness, count restarts. */
  readonly supervisor: Supervisor;
  /** Stops everything, last started first. */
  stop(): Promise<void>;
  /** Resolves when everything is stopped, for whatever reason. */
  readonly stopped: Promise<StopReason>;
}

/**
 * Starts PostgreSQL, migrates, starts Temporal, then the processes of Anneal; DATABASE_URL and TEMPORAL_ADDRESS
 * replace the embedded parts. What died is started again until `stop`. A failed start stops what was started.
 * @throws DomainError `stack-already-running`, `config-invalid`, `temporal-unavailable` or `stack-start-failed`
 */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const env = options.env ?? ownEnvironment();
  const config = loadStackConfig(env);
  const folder = await takeDataFolder(options.dataDir ?? config.dataDir);
  const run = new StackRun(folder, config, env, options);
  try {
    return await run.start();
  } catch (error) {
    await run.stop('fault');
    throw error;
  }
}

class StackRun implements Stack {
  readonly supervisor: Supervisor;
  readonly stopped: Promise<StopReason>;
  private readonly say: (line: string) => void;
  private readonly ports: Ports;
  private readonly logsDir: string;
  private readonly releaseSignals: () => void;
  private tellStopped: (reason: StopReason) => void = () => undefined;
  private stopping: Promise<void> | undefined;
  private context: StackContext | undefined;
  private uiUrl: string | undefined;
  private writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly folder: DataFolder,
    private readonly config: StackConfig,
    private readonly env: Environment,
    private readonly options: StackOptions,
  ) {
    this.say = options.say ?? (() => undefined);
    this.ports = new Ports(folder.path, this.say);
    this.logsDir = join(folder.path, 'logs');
    this.supervisor = new Supervisor({ logsDir: this.logsDir, say: this.say });
    this.stopped = new Promise((tell) => (this.tellStopped = tell));
    const killAll = (): void => this.supervisor.killAll();
    const plan = { stop: (reason: StopReason) => this.stop(reason), killAll, say: this.say };
    this.releaseSignals = options.handleSignals === false ? () => undefined : stopOnSignals(plan);
  }

  async start(): Promise<Stack> {
    await stopLeftovers(this.folder.path);
    const [databaseUrl, temporalAddress] = await Promise.all([this.startDatabase(), this.startTemporal()]);
    const context = await this.describe(databaseUrl, temporalAddress);
    this.context = context;
    await this.options.prepare?.(context);
    for (const step of (this.options.processes ?? annealProcesses)(context)) {
      this.say('act' in step ? step.title : `starting ${step.name}`);
      await ('act' in step ? step.act() : this.supervisor.start(step));
    }
    this.supervisor.onChange(() => this.keepState());
    this.keepState();
    await this.writing;
    return this;
  }

  state(): StackState {
    if (!this.context) throw new Error('the stack has not started');
    const { apiUrl, labUrl, temporalAddress, temporalNamespace, databaseUrl } = this.context;
    return {
      ...{ apiUrl, labUrl, temporalAddress, temporalNamespace, databaseUrl },
      ...(this.uiUrl ? { uiUrl: this.uiUrl } : {}),
      tokensPath: this.context.tokensPath,
      logsDir: this.logsDir,
      pids: { stack: process.pid, ...this.supervisor.pids() },
    };
  }

  async stop(reason: StopReason = 'asked'): Promise<void> {
    this.stopping ??= this.stopAll(reason);
    await this.stopping;
  }

  private async stopAll(reason: StopReason): Promise<void> {
    await this.supervisor.stop();
    await this.writing;
    await removeStackState(this.folder.path);
    await this.folder.release();
    this.releaseSignals();
    this.tellStopped(reason);
  }

  private async startDatabase(): Promise<string> {
    const databaseUrl = this.config.databaseUrl ?? (await this.startPostgres());
    const { applied } = await migrate(databaseUrl);
    if (applied.length > 0) this.say(`migrated the database: ${applied.join(', ')}`);
    await ensureTokens(databaseUrl, this.folder.path);
    return databaseUrl;
  }

  private async startPostgres(): Promise<string> {
    this.say('starting PostgreSQL');
    const port = await this.ports.of('postgres');
    const postgres = await embeddedPostgres({ dataDir: this.folder.path, port, say: this.say });
    await this.supervisor.start(postgres.spec);
    await ensureDatabase(postgres.url('postgres'), 'anneal');
    return postgres.url('anneal');
  }

  private async startTemporal(): Promise<string> {
    const { temporalAddress: address, temporalCli: cli, temporalNamespace: namespace, cacheDir } = this.config;
    const source = await resolveTemporal({ address, cli, cacheDir: resolve(cacheDir), env: this.env, say: this.say });
    if (source.kind === 'address') {
      await checkTemporal(temporalConnectionOptions(this.config) ?? { address: source.address }, namespace);
      return source.address;
    }
    this.say('starting Temporal');
    const [port, uiPort] = [await this.ports.of('temporal'), await this.ports.of('temporal-ui')];
    const dataDir = this.folder.path;
    const temporal = await embeddedTemporal({ binary: source.path, dataDir, port, uiPort, namespace });
    await this.supervisor.start(temporal.spec);
    this.uiUrl = temporal.uiUrl;
    return temporal.address;
  }

  private async describe(databaseUrl: string, temporalAddress: string): Promise<StackContext> {
    const api = await this.ports.of('api', this.config.apiPort);
    const [lab, agent] = [await this.ports.of('virtual-lab'), await this.ports.of('agent')];
    return {
      dataDir: this.folder.path,
      databaseUrl,
      temporalAddress,
      temporalNamespace: this.config.temporalNamespace,
      tokensPath: tokensPath(this.folder.path),
      apiUrl: `http://127.0.0.1:${api}`,
      labUrl: `http://127.0.0.1:${lab}`,
      ports: { api, lab, agent },
      env: this.env,
    };
  }

  /** Keeps `stack.json` true after every start and death, one write at a time. */
  private keepState(): void {
    if (this.stopping) return;
    this.writing = this.writing.then(() => writeStackState(this.folder.path, this.state()));
  }
}
