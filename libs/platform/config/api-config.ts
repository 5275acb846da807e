import { IsIn, IsInt, IsNotEmpty, IsOptional, Max, Min, ValidateIf } from 'class-validator';
import { ServerConfig } from './server-config';
import { readConfig, Variable } from './variable';
import type { Environment } from './variable';

const loopback = ['127.0.0.1', '::1', 'localhost'];

/** Configuration of `apps/api`. It starts and serves devices without TEMPORAL_ADDRESS. */
export class ApiConfig extends ServerConfig {
  /** Few and warm: every connection makes its own plans, and two cores run no more than this at once. */
  override databasePoolSize = 10;

  @Variable('API_HOST', { description: 'Address the api listens on; the embedded stack stays on loopback.' })
  @IsNotEmpty()
  @ValidateIf((config: ApiConfig) => config.mode === 'embedded')
  @IsIn(loopback)
  apiHost: string = '127.0.0.1';

  @Variable('API_PORT', { description: 'Port the api listens on; 0 takes a free one.', unit: 'port' })
  @IsInt()
  @Min(0)
  @Max(65_535)
  apiPort: number = 0;

  @Variable('LONG_POLL_MS', { description: 'Longest time a device may wait for work in one request.', unit: 'ms' })
  @IsInt()
  @Min(0)
  @Max(25_000)
  longPollMs: number = 25_000;

  @Variable('ANNEAL_TOKENS_PATH', { description: 'File with the access tokens the embedded stack made, one per role.' })
  @IsOptional()
  @IsNotEmpty()
  tokensPath?: string;
}

/** @throws DomainError `config-invalid` naming the variables that are wrong. */
export function loadApiConfig(env: Environment = process.env): ApiConfig {
  return readConfig(ApiConfig, env);
}
