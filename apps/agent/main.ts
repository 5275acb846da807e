import { mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { DomainError } from '../../libs/errors/domain-error';
import type { AgentConfig } from '../../libs/platform/config/agent-config';
import { loadAgentConfig } from '../../libs/platform/config/agent-config';
import { VirtualAdapter } from './adapters/virtual';
import { BufferedFiles } from './buffered-files';
import { DeviceAgent } from './device-agent';
import { DeviceApi } from './device-api';
import { lockDevice } from './device-lock';
import { Journal } from './journal';
import { logFor } from './log';

/** One device this agent serves, as the devices file names it. */
interface ServedDevice {
  readonly code: string;
  readonly token: string;
  readonly adapter: 'virtual';
}

/** A device at work. */
interface Serving {
  readonly agent: DeviceAgent;
  readonly journal: Journal;
  readonly unlock: () => void;
}

/** Starts one agent per device and a port that says that the process lives. */
async function main(): Promise<void> {
  const config = loadAgentConfig();
  const devices = readDevices(config.devicesPath);
  const serving = devices.map((device) => serve(device, config));
  const working = Promise.all(serving.map(({ agent }) => agent.run()));
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ devices: devices.map(({ code }) => code) }));
  });
  await new Promise<void>((resolve) => server.listen(config.agentPort, '127.0.0.1', resolve));
  const stop = async (): Promise<void> => {
    for (const { agent } of serving) agent.stop();
    await working;
    for (const { journal, unlock } of serving) {
      journal.close();
      unlock();
    }
    process.exit(0);
  };
  process.once('SIGTERM', () => void stop());
  process.once('SIGINT', () => void stop());
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`${JSON.stringify({ ready: true, port })}\n`);
  await working;
}

function serve({ code, token, adapter }: ServedDevice, config: AgentConfig): Serving {
  const dir = join(config.dataDir, 'agent', code);
  mkdirSync(dir, { recursive: true });
  const unlock = lockDevice(join(dir, 'lock'));
  if (adapter !== 'virtual') throw new DomainError('config-invalid', `Expected the adapter "virtual", found "${String(adapter)}".`); // prettier-ignore
  if (!config.labUrl) throw new DomainError('config-invalid', 'LAB_URL is not set; the virtual adapter needs it.');
  const journal = new Journal(dir);
  const agent = new DeviceAgent({
    api: new DeviceApi(config.apiUrl, code, token),
    adapter: new VirtualAdapter(config.labUrl, code),
    journal,
    buffer: new BufferedFiles(join(dir, 'files')),
    log: logFor(code),
    longPollMs: config.longPollMs,
    heartbeatMs: config.heartbeatMs,
  });
  return { agent, journal, unlock };
}

function readDevices(path: string | undefined): ServedDevice[] {
  if (!path) throw new DomainError('config-invalid', 'AGENT_DEVICES_PATH is not set; it names the devices to serve.');
  return JSON.parse(readFileSync(path, 'utf8')) as ServedDevice[];
}

main().catch((error: unknown) => {
  logFor('-')('error', error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.exit(1);
});
