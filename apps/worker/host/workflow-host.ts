import { Inject, Injectable } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import { Client } from '@temporalio/client';
import { makeTelemetryFilterString, Runtime, Worker } from '@temporalio/worker';
import type { NativeConnection } from '@temporalio/worker';
import { Pool } from 'pg';
import { WorkerConfig } from '../../../libs/platform/config/worker-config';
import { JsonLogger } from '../../../libs/platform/temporal/json-logger';
import { saysThatItLives } from '../../../libs/platform/temporal/heartbeats';
import { refusalsAreFinal } from '../../../libs/platform/temporal/refusals';
import { ensureSearchAttributes } from '../../../libs/platform/temporal/search-attributes';
import { searchAttributes } from '../../../workflows/search-attributes.messages';
import { Reconciler } from '../reconciler/reconciler';
import { Relay } from '../relay/relay';
import { ActivityRegistry } from './activity-registry';
import { connectTemporal } from './temporal-connection';
import { bundlePath } from './workflow-bundle';

/** How a process ends that cannot go on; its supervisor starts it again. */
export type Fatal = (error: Error) => void;

/** Injection token of what to do when the worker cannot go on. */
export const fatalToken = Symbol('fatal');

/** How the host stands, for the health check; what is fine is `ok`. */
export interface HostState {
  /** State of Temporal's worker. */
  readonly worker: string;
  readonly temporal: string;
  readonly outbox: string;
  readonly delivery: string;
  readonly deliveredAt: string | null;
  readonly reconciler: string;
}

const answerMs = 2_000;

/** Hosts workflows and activities, and the relay and reconciler that share their connection. */
@Injectable()
export class WorkflowHost implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly stopping = new AbortController();
  private connection: NativeConnection | undefined;
  private worker: Worker | undefined;
  private started: Promise<void> | undefined;
  private running: Promise<void> | undefined;
  private relay: Relay | undefined;
  private reconciler: Reconciler | undefined;

  constructor(
    private readonly config: WorkerConfig,
    private readonly pool: Pool,
    private readonly registry: ActivityRegistry,
    private readonly log: JsonLogger,
    @Inject(fatalToken) private readonly fatal: Fatal,
  ) {}

  /** Does not wait for Temporal: health must tell that it is away. */
  onApplicationBootstrap(): void {
    const filter = makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' });
    Runtime.install({ shutdownSignals: [], logger: this.log, telemetryOptions: { logging: { forward: {}, filter } } });
    this.started = this.begin();
    this.started.catch((error: Error) => this.fatal(error));
  }

  /** Ends when workflows are worked on. */
  async whenStarted(): Promise<void> {
    await this.started;
  }

  private async begin(): Promise<void> {
    this.connection = await connectTemporal(this.config, this.log, this.stopping.signal);
    if (!this.connection) return;
    const { temporalNamespace: namespace } = this.config;
    const { operatorService } = this.connection;
    const prepare = () => ensureSearchAttributes(operatorService, namespace, Object.values(searchAttributes));
    await prepare();
    this.worker = await this.createWorker(this.connection);
    this.running = this.worker.run();
    this.running.catch((error: Error) => this.fatal(error));
    this.startBridge(new Client({ connection: this.connection, namespace }), prepare);
  }

  /** Drains: Temporal's worker finishes what it works on while the pool is still open. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.started?.catch(() => undefined);
    await this.relay?.stop();
    await this.reconciler?.stop();
    if (this.worker?.getState() === 'RUNNING') this.worker.shutdown();
    await this.running?.catch(() => undefined);
    await this.connection?.close().catch(() => undefined);
  }

  async state(): Promise<HostState> {
    return {
      worker: this.worker?.getState() ?? 'WAITING_FOR_TEMPORAL',
      temporal: await this.temporalAnswers(),
      outbox: this.relay?.outboxError ?? 'ok',
      delivery: this.relay?.deliveryError ?? 'ok',
      deliveredAt: this.relay?.deliveredAt?.toISOString() ?? null,
      reconciler: this.reconciler?.lastError ?? 'ok',
    };
  }

  private async temporalAnswers(): Promise<string> {
    const { connection } = this;
    if (!connection) return 'not connected yet';
    return connection
      .withDeadline(Date.now() + answerMs, () => connection.workflowService.getSystemInfo({}))
      .then(
        () => 'ok',
        (error: Error) => error.message,
      );
  }

  private createWorker(connection: NativeConnection): Promise<Worker> {
    const { config } = this;
    return Worker.create({
      connection,
      namespace: config.temporalNamespace,
      taskQueue: config.temporalTaskQueue,
      workflowBundle: { codePath: bundlePath() },
      activities: this.registry.activities,
      interceptors: { activity: [refusalsAreFinal, saysThatItLives] },
      maxCachedWorkflows: config.workerCache,
      maxConcurrentWorkflowTaskExecutions: config.workerTaskSlots,
      maxConcurrentWorkflowTaskPolls: Math.min(20, config.workerTaskSlots),
      maxConcurrentActivityTaskExecutions: 20,
      stickyQueueScheduleToStartTimeout: '5s',
      shutdownGraceTime: config.shutdownGraceMs,
      shutdownForceTime: config.shutdownGraceMs + 5_000,
    });
  }

  private startBridge(client: Client, prepare: () => Promise<void>): void {
    const { log } = this;
    this.relay = new Relay(this.pool, this.config.databaseUrl, client, this.config.temporalTaskQueue, log);
    this.reconciler = new Reconciler(this.pool, client, log, prepare);
    this.relay.start();
    this.reconciler.start();
  }
}
