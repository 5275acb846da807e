import { readFileSync } from 'node:fs';
import { IsBoolean, IsInt, IsNotEmpty, IsOptional, Matches, Max, Min, ValidateIf } from 'class-validator';
import { ProcessConfig } from './process-config';
import { Variable } from './variable';

/** What a process reads that speaks with Temporal. */
export class TemporalConfig extends ProcessConfig {
  /** Whether the process cannot start without TEMPORAL_ADDRESS. */
  protected readonly needsTemporal: boolean = false;

  @Variable('TEMPORAL_ADDRESS', { description: 'Frontend of the Temporal server, as host:port.' })
  @ValidateIf((config: TemporalConfig) => config.needsTemporal || config.temporalAddress !== undefined)
  @Matches(/^[^\s/:]+:\d{1,5}$/, { message: 'must be host:port' })
  temporalAddress?: string;

  @Variable('TEMPORAL_NAMESPACE', { description: 'Temporal namespace of this site.' })
  @IsNotEmpty()
  temporalNamespace: string = 'default';

  @Variable('TEMPORAL_TASK_QUEUE', { description: 'Task queue of the workflows.' })
  @IsNotEmpty()
  temporalTaskQueue: string = 'anneal';

  @Variable('TEMPORAL_TLS', { description: 'Speak TLS with Temporal.' })
  @IsBoolean()
  temporalTls: boolean = false;

  @Variable('TEMPORAL_TLS_CA_PATH', { description: 'PEM file of the authority that signed the server certificate.' })
  @IsOptional()
  @IsNotEmpty()
  temporalTlsCaPath?: string;

  @Variable('TEMPORAL_TLS_CERT_PATH', { description: 'PEM file of the client certificate.' })
  @IsOptional()
  @IsNotEmpty()
  temporalTlsCertPath?: string;

  @Variable('TEMPORAL_TLS_KEY_PATH', { description: 'PEM file of the key of the client certificate.' })
  @IsOptional()
  @IsNotEmpty()
  temporalTlsKeyPath?: string;

  @Variable('TEMPORAL_TLS_SERVER_NAME', { description: 'Name expected in the server certificate.' })
  @IsOptional()
  @IsNotEmpty()
  temporalTlsServerName?: string;

  @Variable('TEMPORAL_API_KEY', { description: 'API key sent to Temporal; implies TLS.', secret: true })
  @IsOptional()
  @IsNotEmpty()
  temporalApiKey?: string;
}

/** What api and worker read: both need PostgreSQL, and Temporal when it is there. */
export class ServerConfig extends TemporalConfig {
  @Variable('DATABASE_URL', {
    description: 'PostgreSQL that holds the facts, as postgres://user:password@host:port/name.',
    secret: true,
  })
  @Matches(/^postgres(ql)?:\/\/\S+$/, { message: 'must be a postgres:// URL' })
  databaseUrl: string;

  @Variable('DATABASE_POOL_SIZE', {
    description: 'Most PostgreSQL connections this process holds at once.',
    unit: 'connections',
  })
  @IsInt()
  @Min(2)
  @Max(500)
  databasePoolSize: number = 20;

  @Variable('LEASE_MS', { description: 'How long a job stays with a device that does not heartbeat.', unit: 'ms' })
  @IsInt()
  @Min(500)
  @Max(3_600_000)
  leaseMs: number = 15_000;

  @Variable('SWEEP_MS', { description: 'How often lapsed leases and missed notices are looked for.', unit: 'ms' })
  @IsInt()
  @Min(50)
  @Max(60_000)
  sweepMs: number = 1_000;
}

/** TLS part of a Temporal connection's options; files are read when it is called. */
export interface TemporalTls {
  serverNameOverride?: string;
  serverRootCACertificate?: Buffer;
  clientCertPair?: { crt: Buffer; key: Buffer };
}

/** Options for `Connection.connect` and `NativeConnection.connect`. */
export interface TemporalConnectionOptions {
  address: string;
  tls?: TemporalTls | true;
  apiKey?: string;
}

/**
 * Connection options of a process that has TEMPORAL_ADDRESS.
 * @returns undefined when no address is configured.
 */
export function temporalConnectionOptions(config: TemporalConfig): TemporalConnectionOptions | undefined {
  if (!config.temporalAddress) return undefined;
  const tls = temporalTls(config);
  return {
    address: config.temporalAddress,
    ...(tls ? { tls } : {}),
    ...(config.temporalApiKey ? { apiKey: config.temporalApiKey } : {}),
  };
}

function temporalTls(config: TemporalConfig): TemporalTls | true | undefined {
  const { temporalTlsCaPath: ca, temporalTlsCertPath: crt, temporalTlsKeyPath: key } = config;
  const details: TemporalTls = {
    ...(config.temporalTlsServerName ? { serverNameOverride: config.temporalTlsServerName } : {}),
    ...(ca ? { serverRootCACertificate: readFileSync(ca) } : {}),
    ...(crt && key ? { clientCertPair: { crt: readFileSync(crt), key: readFileSync(key) } } : {}),
  };
  if (Object.keys(details).length > 0) return details;
  return config.temporalTls || config.temporalApiKey ? true : undefined;
}
