import { IsInt, IsNotEmpty, IsOptional, IsUrl, Max, Min } from 'class-validator';
import { ProcessConfig } from './process-config';
import { readConfig, Variable } from './variable';
import type { Environment } from './variable';

const httpUrl = { require_tld: false, require_protocol: true, protocols: ['http', 'https'] };

/** Configuration of `apps/agent`. */
export class AgentConfig extends ProcessConfig {
  @Variable('API_URL', { description: 'Where the api answers.' })
  @IsUrl(httpUrl, { message: 'must be an http:// or https:// URL' })
  apiUrl: string;

  @Variable('LAB_URL', { description: 'Front panel of the virtual lab, for devices of the `virtual` adapter.' })
  @IsOptional()
  @IsUrl(httpUrl, { message: 'must be an http:// or https:// URL' })
  labUrl?: string;

  @Variable('AGENT_PORT', { description: 'Port the agent answers health checks on; 0 takes a free one.', unit: 'port' })
  @IsInt()
  @Min(0)
  @Max(65_535)
  agentPort: number = 0;

  @Variable('AGENT_DEVICES_PATH', { description: 'JSON file with the devices this agent serves and their tokens.' })
  @IsOptional()
  @IsNotEmpty()
  devicesPath?: string;

  @Variable('ANNEAL_TOKENS_PATH', { description: 'File with the access tokens the embedded stack made, one per role.' })
  @IsOptional()
  @IsNotEmpty()
  tokensPath?: string;

  @Variable('HEARTBEAT_MS', { description: 'How often a device that holds a job says that it lives.', unit: 'ms' })
  @IsInt()
  @Min(100)
  @Max(600_000)
  heartbeatMs: number = 4_000;

  @Variable('LONG_POLL_MS', { description: 'How long one request for work waits.', unit: 'ms' })
  @IsInt()
  @Min(0)
  @Max(25_000)
  longPollMs: number = 20_000;

  @Variable('AGENT_BUFFER_BYTES', {
    description: 'How much results that wait for the api may take, all devices together, before no more work is taken.',
    unit: 'bytes',
  })
  @IsInt()
  @Min(1_048_576)
  bufferBytes: number = 2_147_483_648;

  @Variable('AGENT_FREE_BYTES', {
    description: 'How much of the disk stays free; below it no more work is taken. 0 does not look.',
    unit: 'bytes',
  })
  @IsInt()
  @Min(0)
  freeBytes: number = 268_435_456;

  @Variable('AGENT_BUFFER_HOURS', {
    description: 'How long a result may wait for the api before the agent calls it an error; it is kept in any case.',
    unit: 'h',
  })
  @IsInt()
  @Min(1)
  @Max(8_760)
  bufferHours: number = 72;

  @Variable('AGENT_STOP_MS', { description: 'How long a stop goes on reporting what is done.', unit: 'ms' })
  @IsInt()
  @Min(0)
  @Max(600_000)
  stopMs: number = 10_000;

  @Variable('AGENT_ROTATE_DAYS', {
    description: 'Age at which a credential got by enrolment is exchanged for a new one.',
    unit: 'd',
  })
  @IsInt()
  @Min(1)
  @Max(3_650)
  rotateDays: number = 30;
}

/** @throws DomainError `config-invalid` naming the variables that are wrong. */
export function loadAgentConfig(env: Environment = process.env): AgentConfig {
  return readConfig(AgentConfig, env);
}
