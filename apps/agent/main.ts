import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DomainError } from '../../libs/errors/domain-error';
import { loadAgentConfig } from '../../libs/platform/config/agent-config';
import { logFor } from './log';
import type { ServedDevice } from './serve-device';
import { DeviceServer } from './serve-device';
import { BufferRoom } from './buffer-room';

/** Starts one agent per device and a port that says what each has at hand. */
async function main(): Promise<void> {
  const config = loadAgentConfig();
  const room = new BufferRoom({ limitBytes: config.bufferBytes, floorBytes: config.freeBytes, dir: config.dataDir });
  const servers = readDevices(config.devicesPath).map((device) => new DeviceServer(device, config, room));
  await openAll(servers);
  const working = Promise.all(servers.map((server) => server.serve()));
  const statusPort = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ devices: servers.map(({ status }) => status) }));
  });
  await new Promise<void>((resolve) => statusPort.listen(config.agentPort, '127.0.0.1', resolve));
  const stop = async (): Promise<void> => {
    for (const server of servers) server.stop();
    await working;
    process.exit(0);
  };
  process.once('SIGTERM', () => void stop());
  process.once('SIGINT', () => void stop());
  const { port } = statusPort.address() as AddressInfo;
  process.stdout.write(`${JSON.stringify({ ready: true, port })}\n`);
  await working;
}

/** A device that cannot be opened keeps no other from working. @throws Error when none can */
async function openAll(servers: readonly DeviceServer[]): Promise<void> {
  const opened = await Promise.allSettled(servers.map((server) => server.open()));
  const failures = opened.filter((one) => one.status === 'rejected');
  if (failures.length > 0 && failures.length === servers.length) throw failures[0]?.reason;
}

function readDevices(path: string | undefined): ServedDevice[] {
  if (!path) throw new DomainError('config-invalid', 'AGENT_DEVICES_PATH is not set; it names the devices to serve.');
  return JSON.parse(readFileSync(path, 'utf8')) as ServedDevice[];
}

main().catch((error: unknown) => {
  logFor('-')('error', error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.exit(1);
});
