import { homedir } from 'node:os';
import { join } from 'node:path';
import { IsInt, IsNotEmpty, IsOptional, Matches, Max, Min } from 'class-validator';
import { TemporalConfig } from './server-config';
import { readConfig, Variable } from './variable';
import type { Environment } from './variable';

/** Configuration of the `anneal` command and of the stack it embeds. */
export class StackConfig extends TemporalConfig {
  @Variable('DATABASE_URL', { description: 'An existing PostgreSQL; replaces the embedded one.', secret: true })
  @IsOptional()
  @Matches(/^postgres(ql)?:\/\/\S+$/, { message: 'must be a postgres:// URL' })
  databaseUrl?: string;

  @Variable('TEMPORAL_CLI', { description: 'Path of a `temporal` binary to start the development server with.' })
  @IsOptional()
  @IsNotEmpty()
  temporalCli?: string;

  @Variable('ANNEAL_CACHE_DIR', { description: 'Folder for downloads shared by all checkouts.' })
  @IsNotEmpty()
  cacheDir: string = join(homedir(), '.cache', 'anneal');

  @Variable('API_PORT', {
    description: 'Port of the api; 0 chooses one and keeps it in the data folder.',
    unit: 'port',
  })
  @IsInt()
  @Min(0)
  @Max(65_535)
  apiPort: number = 0;

  @Variable('API_URL', {
    description: 'Api the commands of a scientist speak with; default: the stack of the data folder.',
  })
  @IsOptional()
  @Matches(/^https?:\/\/\S+$/, { message: 'must be an http:// or https:// URL' })
  apiUrl?: string;

  @Variable('ANNEAL_TOKEN', { description: 'Access token of the person who types the command.', secret: true })
  @IsOptional()
  @IsNotEmpty()
  token?: string;

  @Variable('PATH', { description: 'Folders searched for `temporal` and `python3`.' })
  @IsOptional()
  path?: string;
}

/** @throws DomainError `config-invalid` naming the variables that are wrong. */
export function loadStackConfig(env: Environment = process.env): StackConfig {
  return readConfig(StackConfig, env);
}
