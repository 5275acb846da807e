import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AnnealClient } from '../../libs/client/client';
import { DomainError } from '../../libs/errors/domain-error';
import { loadStackConfig } from '../../libs/platform/config/stack-config';

/** Who speaks, and with which api. */
export interface SessionOptions {
  readonly api?: string;
  readonly token?: string;
  /** Role whose token of the local stack is used when no token is given. */
  readonly role?: string;
}

/**
 * A client for the api named by option, by API_URL, or by the stack that runs in the data folder.
 * @throws DomainError `config-invalid` when none of the three is there.
 */
export function openSession(options: SessionOptions): AnnealClient {
  const config = loadStackConfig();
  const baseUrl = options.api ?? config.apiUrl ?? localStack(config.dataDir)?.apiUrl;
  const token = options.token ?? config.token ?? localToken(config.dataDir, options.role ?? 'scientist');
  if (!baseUrl || !token)
    throw new DomainError(
      'config-invalid',
      `no api to speak with: start one with \`npm run dev\`, or say --api URL --token TOKEN (or API_URL and ANNEAL_TOKEN); looked for a running stack in ${config.dataDir}`,
    );
  return new AnnealClient({ baseUrl, token });
}

function localStack(dataDir: string): { apiUrl: string } | undefined {
  return readJson<{ apiUrl: string }>(join(dataDir, 'stack.json'));
}

function localToken(dataDir: string, role: string): string | undefined {
  return readJson<Record<string, string>>(join(dataDir, 'tokens.json'))?.[role];
}

function readJson<T>(file: string): T | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as T;
  } catch {
    return undefined;
  }
}
