import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readJson, writeJson } from './json-file';
import { identify, putToRest } from './process-identity';
import type { ProcessIdentity } from './process-identity';

/** Where a running stack answers; what other commands read to find it. */
export interface StackState {
  readonly apiUrl: string;
  readonly labUrl: string;
  readonly temporalAddress: string;
  readonly temporalNamespace: string;
  /** Temporal's web pages; absent for a server the stack did not start. */
  readonly uiUrl?: string;
  readonly databaseUrl: string;
  /** File with one bearer token per role. */
  readonly tokensPath: string;
  readonly logsDir: string;
  /** Pid of each live process by name, and of the stack itself as `stack`. */
  readonly pids: Readonly<Record<string, number>>;
}

/** What is kept in `stack.json`. */
interface KeptState extends StackState {
  readonly identities: readonly ProcessIdentity[];
}

const fileOf = (dataDir: string): string => join(dataDir, 'stack.json');

/** State of the stack that runs in a data folder, when there is one. */
export function readStackState(dataDir: string): Promise<StackState | undefined> {
  return readJson<StackState>(fileOf(dataDir));
}

/** Writes where the stack answers and which processes are its own. */
export async function writeStackState(dataDir: string, state: StackState): Promise<void> {
  const identities = await Promise.all(Object.values(state.pids).map(identify));
  await writeJson(fileOf(dataDir), { ...state, identities: identities.filter(Boolean) });
}

/** Says that no stack runs in the data folder any more. */
export function removeStackState(dataDir: string): Promise<void> {
  return rm(fileOf(dataDir), { force: true });
}

/** Stops processes an earlier stack of this data folder left behind, for example after a kill of everything else. */
export async function stopLeftovers(dataDir: string): Promise<void> {
  const kept = await readJson<KeptState>(fileOf(dataDir));
  await Promise.all((kept?.identities ?? []).map((left) => putToRest(left, 'SIGINT', 5_000)));
}
