import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { roles } from '../../libs/campaign/roles';
import { AnnealClient } from '../../libs/client/client';
import { DomainError } from '../../libs/errors/domain-error';
import { loadStackConfig } from '../../libs/platform/config/stack-config';
import { isAlive } from './stack/process-identity';

/** Who speaks, and with which api. */
export interface SessionOptions {
  readonly api?: string;
  readonly token?: string;
  /** Role whose token of the local stack is used when no token is given. */
  readonly role?: string;
}

/**
 * A client for the api named by option, by API_URL, or by the stack that runs in the data folder.
 * @throws DomainError `config-invalid` when none of the three is there, or when the URL or the role is none
 */
export function openSession(options: SessionOptions): AnnealClient {
  const config = loadStackConfig();
  const role = checkRole(options.role ?? 'scientist');
  const baseUrl = options.api ?? config.apiUrl ?? localStack(config.dataDir)?.apiUrl;
  const token = options.token ?? config.token ?? localToken(config.dataDir, role);
  if (!baseUrl)
    throw new DomainError(
      'config-invalid',
      `no stack runs here (looked in ${config.dataDir}): start one with \`npm run dev\`, or say --api URL --token TOKEN (or API_URL and ANNEAL_TOKEN)`,
    );
  if (!token)
    throw new DomainError(
      'config-invalid',
      `no token to speak with: say --token TOKEN (or ANNEAL_TOKEN); looked for one of a local ${role} in ${config.dataDir}`,
    );
  return new AnnealClient({ baseUrl: checkUrl(baseUrl), token });
}

function checkUrl(url: string): string {
  if (/^https?:\/\//.test(url) && URL.canParse(url)) return url;
  throw new DomainError('config-invalid', `expected an api such as http://127.0.0.1:4100, found "${url}"`);
}

function checkRole(role: string): string {
  if ((roles as readonly string[]).includes(role)) return role;
  throw new DomainError('config-invalid', `expected a role (${roles.join(', ')}), found "${role}"`);
}

/** The stack of the data folder; one whose own process is gone left its file behind and does not run. */
function localStack(dataDir: string): { apiUrl: string } | undefined {
  const state = readJson<{ apiUrl: string; pids?: Readonly<Record<string, number>> }>(join(dataDir, 'stack.json'));
  const pid = state?.pids?.['stack'];
  return pid !== undefined && !isAlive(pid) ? undefined : state;
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
