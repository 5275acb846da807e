import { IsIn, IsInt, IsNotEmpty, IsOptional, IsUrl, Max, Min } from 'class-validator';
import { ProcessConfig } from './process-config';
import { readConfig, Variable } from './variable';
import type { Environment } from './variable';

/** Configuration of `apps/virtual-lab`. Its front panel is only ever on loopback. */
export class LabConfig extends ProcessConfig {
  @Variable('LAB_HOST', { description: 'Loopback address of the front panel.' })
  @IsIn(['127.0.0.1', '::1', 'localhost'])
  labHost: string = '127.0.0.1';

  @Variable('LAB_PORT', { description: 'Port of the front panel; 0 takes a free one.', unit: 'port' })
  @IsInt()
  @Min(0)
  @Max(65_535)
  labPort: number = 0;

  @Variable('LAB_SEED', { description: 'Seed of every draw the lab makes.' })
  @IsInt()
  @Min(0)
  @Max(4_294_967_295)
  labSeed: number = 1;

  @Variable('LAB_SITE', { description: 'Slug of the site whose clock the lab moves.' })
  @IsNotEmpty()
  site: string = 'main';

  @Variable('API_URL', { description: 'Where the api answers; the lab asks it to move the clock.' })
  @IsOptional()
  @IsUrl({ require_tld: false, require_protocol: true }, { message: 'must be an http:// or https:// URL' })
  apiUrl?: string;

  @Variable('ANNEAL_TOKENS_PATH', { description: 'File with the access tokens the embedded stack made, one per role.' })
  @IsOptional()
  @IsNotEmpty()
  tokensPath?: string;
}

/** @throws DomainError `config-invalid` naming the variables that are wrong. */
export function loadLabConfig(env: Environment = process.env): LabConfig {
  return readConfig(LabConfig, env);
}
