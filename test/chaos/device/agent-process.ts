import type { DeviceAdapter } from '../../../apps/agent/adapters/adapter';
import { BufferedFiles } from '../../../apps/agent/buffered-files';
import { fixedCredential } from '../../../apps/agent/credential';
import { DeviceAgent } from '../../../apps/agent/device-agent';
import { DeviceApi } from '../../../apps/agent/device-api';
import { Journal } from '../../../apps/agent/journal';
import type { Log } from '../../../apps/agent/log';
import type { AgentClock, AgentFiles, Send } from '../../../apps/agent/ports';

/** What a process of the agent is given by its machine. */
export interface AgentSurroundings {
  readonly code: string;
  readonly token: string;
  readonly files: AgentFiles;
  readonly clock: AgentClock;
  readonly send: Send;
  readonly adapter: DeviceAdapter;
  readonly log: Log;
  /** The process ended by itself. */
  readonly failed: (error: unknown) => void;
}

/** A process of the agent. */
export interface RunningAgent {
  /** Dispatches it has begun and not settled; undefined while it starts. */
  owes(): number | undefined;
}

/** Longest time between two signs of life, ms. */
export const heartbeatMs = 600_000;

/** Runs the shipped classes of the agent as its `main` does. */
export function runAgent(surroundings: AgentSurroundings): RunningAgent {
  const { code, token, files, clock, send, adapter, log, failed } = surroundings;
  let journal: Journal | undefined;
  const live = async (): Promise<void> => {
    journal = await Journal.open({ files, clock, compactAboveBytes: 6_000 });
    const buffer = await BufferedFiles.open(files);
    const api = new DeviceApi({ code, send, credential: fixedCredential(token) });
    const parts = { code, api, adapter, journal, buffer, clock, log, longPollMs: 25_000, heartbeatMs };
    await new DeviceAgent(parts).run();
  };
  live().catch(failed);
  return { owes: () => journal?.open.length };
}
